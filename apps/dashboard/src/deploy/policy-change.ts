import type { ModelNode, Policy } from '@switchyard/contracts';
import { branchesOf, mapBranches } from '../policy/branches.ts';

/** The same policy with every use of a model, by version or by alias, replaced by one version of it. */
export function withModelVersion(policy: Policy, model: string, version: string): Policy {
  if (policy.kind === 'model') return policy.model === model ? { kind: 'model', model, version } : policy;
  const changed = mapBranches(policy, (child) => withModelVersion(child, model, version));
  return changed.kind === 'ensemble' && changed.meta?.model === model
    ? { ...changed, meta: { model, version } }
    : changed;
}

/** As a leaf, or as the meta-model of a stacking ensemble. */
export function usesModel(policy: Policy, model: string): boolean {
  if (policy.kind === 'model') return policy.model === model;
  if (policy.kind === 'ensemble' && policy.meta?.model === model) return true;
  return branchesOf(policy).some((branch) => usesModel(branch.policy, model));
}

/** "random-forest v2" or "xgboost @champion". */
export function leafLabel(node: Pick<ModelNode, 'model' | 'version' | 'alias'>): string {
  return node.version === undefined ? `${node.model} @${node.alias ?? '?'}` : `${node.model} v${node.version}`;
}
