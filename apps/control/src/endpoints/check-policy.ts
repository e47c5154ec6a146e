import type { FieldProblem, Policy } from '@switchyard/contracts';
import {
  type ListedModel,
  listModelReferences,
  type RegistryView as RoutingView,
  validatePolicy,
} from '@switchyard/routing';
import {
  type Database,
  loadVersions,
  type RegistryView,
  resolveLeaf,
  type VersionRow,
  versionKey,
} from '../registry/registry-view.ts';

/** A leaf, or the meta-model of an ensemble, together with the version it stands for now. */
export interface ResolvedLeaf {
  readonly node: ListedModel['node'];
  readonly path: string;
  readonly row: VersionRow;
}

/** What is registered about the models that a policy names, as routing wants to see it. */
export interface PolicyRegistry {
  readonly view: RoutingView;
  /** Leaves whose version exists. */
  readonly leaves: readonly ResolvedLeaf[];
}

export async function loadPolicyRegistry(db: Database, view: RegistryView, policy: Policy): Promise<PolicyRegistry> {
  const named = listModelReferences(policy).map((leaf) => ({ ...leaf, name: resolveLeaf(view, leaf.node) }));
  const rows = await loadVersions(
    db,
    named.flatMap(({ name }) => name ?? []),
  );
  const leaves = named.flatMap(({ node, path, name }) => {
    const row = name && rows.get(versionKey(name));
    return row ? [{ node, path, row }] : [];
  });
  const models: Record<string, RoutingView['models'][string]> = {};
  for (const { name, task, aliases } of view.models.values()) {
    const own = leaves.filter(({ row }) => row.model === name);
    models[name] = {
      task,
      aliases: Object.fromEntries(aliases),
      versions: Object.fromEntries(own.map(({ row }) => [String(row.version), { signature: row.signature }])),
    };
  }
  return { view: { models }, leaves };
}

/** Everything that is wrong with a policy against what is registered, with fields as in the body `{"policy": …}`. */
export async function findPolicyProblems(db: Database, view: RegistryView, policy: Policy): Promise<FieldProblem[]> {
  const registry = await loadPolicyRegistry(db, view, policy);
  return validatePolicy(policy, registry.view).map(({ field, detail }) => ({
    field: field === '' ? 'policy' : `policy.${field}`,
    detail,
  }));
}
