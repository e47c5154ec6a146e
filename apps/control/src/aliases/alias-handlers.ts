import { SwitchyardError } from '@switchyard/contracts';
import { listModelReferences } from '@switchyard/routing';
import type { MetadataTransaction } from '@switchyard/storage/metadata';
import { findPolicyProblems } from '../endpoints/check-policy.ts';
import { aliasNotFound, invalidPolicy, modelNotFound, versionNotFound } from '../registry/not-found.ts';
import { loadRegistry, type RegistryModel, type RegistryView } from '../registry/registry-view.ts';
import { type ControlHandlers, noContent } from '../server/handler.ts';
import type { SnapshotPublisher } from '../snapshot/snapshot-publisher.ts';
import { resolveAliases } from './resolve-aliases.ts';

export interface AliasDependencies {
  readonly snapshots: SnapshotPublisher;
  readonly onChanged: (model: string) => void;
}

export function createAliasHandlers({
  snapshots,
  onChanged,
}: AliasDependencies): Pick<ControlHandlers, 'putAlias' | 'deleteAlias'> {
  return {
    putAlias: async ({ params, body }) => {
      const target = body.version ?? `@${body.alias}`;
      const answer = await snapshots.change(async (transaction) => {
        const view = await loadRegistry(transaction);
        const model = getModel(view, params.model);
        const changed = pointAlias(model, params.alias, target);
        await assertEndpointsStillServable(transaction, view, changed);
        const row = {
          model: params.model,
          alias: params.alias,
          target_version: body.version === undefined ? null : Number(body.version),
          target_alias: body.alias ?? null,
          updated_at: new Date(),
        };
        await transaction
          .insertInto('aliases')
          .values(row)
          .onConflict((conflict) => conflict.columns(['model', 'alias']).doUpdateSet(row))
          .execute();
        return {
          model: params.model,
          alias: params.alias,
          target,
          version: changed.aliases.get(params.alias) ?? '',
          updatedAt: row.updated_at.toISOString(),
        };
      });
      onChanged(params.model);
      return answer;
    },

    deleteAlias: async ({ params }) => {
      await snapshots.change(async (transaction) => {
        const view = await loadRegistry(transaction);
        const model = getModel(view, params.model);
        if (!model.aliasTargets.has(params.alias)) throw aliasNotFound(params.model, params.alias);
        assertUnused(view, model, params.alias);
        await transaction
          .deleteFrom('aliases')
          .where('model', '=', params.model)
          .where('alias', '=', params.alias)
          .execute();
      });
      onChanged(params.model);
      return noContent;
    },
  };
}

function getModel(view: RegistryView, name: string): RegistryModel {
  const model = view.models.get(name);
  if (!model) throw modelNotFound(name);
  return model;
}

/** The model as it will be. Throws where the target does not exist or leads back to the alias. */
function pointAlias(model: RegistryModel, alias: string, target: string): RegistryModel {
  const other = target.startsWith('@') ? target.slice(1) : undefined;
  if (other === undefined && !model.versions.includes(Number(target))) throw versionNotFound(model.name, target);
  if (other !== undefined && other !== alias && !model.aliasTargets.has(other)) throw aliasNotFound(model.name, other);
  const aliasTargets = new Map(model.aliasTargets).set(alias, target);
  const { versions, cycle } = resolveAliases(aliasTargets);
  if (cycle) {
    const way = [...cycle, cycle[0]].join(' → ');
    throw new SwitchyardError('alias_cycle', `The aliases of model '${model.name}' would lead in a circle: ${way}.`, {
      problems: [{ field: 'alias', detail: way }],
    });
  }
  return { ...model, aliasTargets, aliases: versions };
}

/** A moved alias changes what live endpoints serve, so their policies are checked as if published again. */
async function assertEndpointsStillServable(
  transaction: MetadataTransaction,
  view: RegistryView,
  changed: RegistryModel,
): Promise<void> {
  const after: RegistryView = { ...view, models: new Map(view.models).set(changed.name, changed) };
  for (const { name, live } of view.endpoints.values()) {
    const follows = listModelReferences(live.policy).some(
      ({ node }) => node.model === changed.name && node.alias !== undefined,
    );
    if (!follows) continue;
    const problems = await findPolicyProblems(transaction, after, live.policy);
    if (problems.length > 0) throw invalidPolicy(problems, `This would break endpoint '${name}': `);
  }
}

function assertUnused(view: RegistryView, model: RegistryModel, alias: string): void {
  for (const [other, target] of model.aliasTargets) {
    if (target === `@${alias}`) throw new SwitchyardError('in_use', `Alias '${other}' points at '${alias}'.`);
  }
  for (const { name, live } of view.endpoints.values()) {
    const uses = listModelReferences(live.policy).some(({ node }) => node.model === model.name && node.alias === alias);
    if (uses) throw new SwitchyardError('in_use', `The live policy of endpoint '${name}' uses alias '${alias}'.`);
  }
}
