import type { ModelNode, Policy, PolicyKind } from '@switchyard/contracts';

/** Where the named branches of a kind are. */
export const BRANCH_LISTS = {
  split: 'arms',
  rules: 'rules',
  best: 'candidates',
  bandit: 'arms',
  ensemble: 'members',
  cascade: 'steps',
  fallback: 'targets',
  shadow: 'shadows',
} as const satisfies Record<Exclude<PolicyKind, 'model'>, string>;

export type BranchKind = keyof typeof BRANCH_LISTS;

/** Names of branches that the kind gives, not the person. */
export const OTHERWISE = 'otherwise';
export const PRIMARY = 'primary';

export interface PolicyBranch {
  readonly name: string;
  readonly policy: Policy;
  /** Dotted field of the child policy inside its parent, such as `arms.0.policy`. */
  readonly field: string;
  /** Names of the arms taken, joined by '/', as predictions carry them. The primary of a shadow has that of its parent. */
  readonly path: string;
  /** Its position in the list of named branches; null for `otherwise` and `primary`. */
  readonly index: number | null;
}

/** The children of a node that stands at a path, in order. */
export function branchesOf(policy: Policy, path = ''): PolicyBranch[] {
  const list = (branches: readonly { readonly name: string; readonly policy: Policy }[], name: string) =>
    branches.map((branch, index) => ({
      name: branch.name,
      policy: branch.policy,
      field: `${name}.${index}.policy`,
      path: joinPath(path, branch.name),
      index,
    }));
  switch (policy.kind) {
    case 'model':
      return [];
    case 'split':
    case 'bandit':
      return list(policy.arms, 'arms');
    case 'rules':
      return [
        ...list(policy.rules, 'rules'),
        { name: OTHERWISE, policy: policy.otherwise, field: OTHERWISE, path: joinPath(path, OTHERWISE), index: null },
      ];
    case 'best':
      return list(policy.candidates, 'candidates');
    case 'ensemble':
      return list(policy.members, 'members');
    case 'cascade':
      return list(policy.steps, 'steps');
    case 'fallback':
      return list(policy.targets, 'targets');
    case 'shadow':
      return [
        { name: PRIMARY, policy: policy.primary, field: PRIMARY, path, index: null },
        ...list(policy.shadows, 'shadows'),
      ];
  }
}

/** The same node with each child replaced. */
export function mapBranches(policy: Policy, change: (child: Policy) => Policy): Policy {
  const each = <B extends { policy: Policy }>(branches: readonly B[]): B[] =>
    branches.map((branch) => ({ ...branch, policy: change(branch.policy) }));
  switch (policy.kind) {
    case 'model':
      return policy;
    case 'split':
      return { ...policy, arms: each(policy.arms) };
    case 'bandit':
      return { ...policy, arms: each(policy.arms) };
    case 'rules':
      return { ...policy, rules: each(policy.rules), otherwise: change(policy.otherwise) };
    case 'best':
      return { ...policy, candidates: each(policy.candidates) };
    case 'ensemble':
      return { ...policy, members: each(policy.members) };
    case 'cascade':
      return { ...policy, steps: each(policy.steps) };
    case 'fallback':
      return { ...policy, targets: each(policy.targets) };
    case 'shadow':
      return { ...policy, primary: change(policy.primary), shadows: each(policy.shadows) };
  }
}

export interface PolicyLeaf {
  readonly path: string;
  readonly node: ModelNode;
}

/** The models a policy ends in, in order. The meta-model of a stacking ensemble is none of them. */
export function policyLeaves(policy: Policy, path = ''): PolicyLeaf[] {
  if (policy.kind === 'model') return [{ path, node: policy }];
  return branchesOf(policy, path).flatMap((branch) => policyLeaves(branch.policy, branch.path));
}

export const joinPath = (path: string, name: string): string => (path === '' ? name : `${path}/${name}`);
export const joinField = (field: string, name: string): string => (field === '' ? name : `${field}.${name}`);
