import { type ClientCheck, type Policy, SwitchyardError } from '@switchyard/contracts';
import { listModelReferences } from '@switchyard/routing';
import type { MetadataStore, MetadataTransaction } from '@switchyard/storage/metadata';
import { findPolicyProblems, loadPolicyRegistry } from '../endpoints/check-policy.ts';
import { checkClients, type RecentRequests, type RecentRequestsSource } from '../endpoints/client-check.ts';
import { aliasNotFound, invalidPolicy, modelNotFound, versionNotFound } from '../registry/not-found.ts';
import { loadRegistry, type RegistryModel, type RegistryView } from '../registry/registry-view.ts';
import { type ControlHandlers, noContent } from '../server/handler.ts';
import type { SnapshotPublisher } from '../snapshot/snapshot-publisher.ts';
import { resolveAliases } from './resolve-aliases.ts';

export interface AliasDependencies {
  readonly metadata: MetadataStore;
  readonly snapshots: SnapshotPublisher;
  readonly onChanged: (model: string) => void;
  readonly recentRequests: RecentRequestsSource;
}

export function createAliasHandlers({
  metadata,
  snapshots,
  onChanged,
  recentRequests,
}: AliasDependencies): Pick<ControlHandlers, 'putAlias' | 'deleteAlias'> {
  return {
    putAlias: async ({ params, body }) => {
      const target = body.version ?? `@${body.alias}`;
      const isForced = body.force === true;
      // Asked before anything is locked: a slow store may delay who moves an alias, not everybody else.
      const following = endpointsFollowing(await loadRegistry(metadata.db), params.model);
      const requests = new Map(
        await Promise.all(following.map(async ({ name }) => [name, await recentRequests.load(name)] as const)),
      );
      const answer = await snapshots.change(async (transaction) => {
        const view = await loadRegistry(transaction);
        const model = getModel(view, params.model);
        const changed = pointAlias(model, params.alias, target);
        const clients = await checkEndpoints(transaction, view, changed, requests, isForced);
        const row = {
          model: params.model,
          alias: params.alias,
          target_version: body.version === undefined ? null : Number(body.version),
          target_alias: body.alias ?? null,
          forced: isForced,
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
          clients,
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

const endpointsFollowing = (view: RegistryView, model: string) =>
  [...view.endpoints.values()].filter(({ live }) =>
    listModelReferences(live.policy).some(({ node }) => node.model === model && node.alias !== undefined),
  );

/** A moved alias changes what live endpoints serve, so their policies are checked as if published again. */
async function checkEndpoints(
  transaction: MetadataTransaction,
  view: RegistryView,
  changed: RegistryModel,
  requests: ReadonlyMap<string, RecentRequests>,
  isForced: boolean,
): Promise<(ClientCheck & { endpoint: string })[]> {
  const after: RegistryView = { ...view, models: new Map(view.models).set(changed.name, changed) };
  const takerOf = async (view: RegistryView, policy: Policy, unknownFeatures: 'reject' | 'ignore') => ({
    policy,
    unknownFeatures,
    ...(await loadPolicyRegistry(transaction, view, policy)),
  });
  const checks: (ClientCheck & { endpoint: string })[] = [];
  for (const { name, live } of endpointsFollowing(view, changed.name)) {
    const problems = await findPolicyProblems(transaction, after, live.policy);
    if (problems.length > 0) throw invalidPolicy(problems, `This would break endpoint '${name}': `);
    const { policy, settings } = live;
    const [now, then] = [
      await takerOf(view, policy, settings.unknownFeatures),
      await takerOf(after, policy, settings.unknownFeatures),
    ];
    const known = requests.get(name) ?? { rows: null, reason: 'the endpoint was published at the same moment' };
    checks.push({ endpoint: name, ...checkClients(name, known, now, then, isForced) });
  }
  return checks;
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
