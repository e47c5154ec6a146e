import type { ModelNode, Policy } from '@switchyard/contracts';

export interface PolicyLeaf {
  /** Names of the arms and rules taken, joined by '/', as predictions carry them. */
  readonly path: string;
  readonly node: ModelNode;
}

/** The models a policy ends in, in order. */
export function policyLeaves(policy: Policy, path: readonly string[] = []): PolicyLeaf[] {
  switch (policy.kind) {
    case 'model':
      return [{ path: path.join('/'), node: policy }];
    case 'split':
      return policy.arms.flatMap((arm) => policyLeaves(arm.policy, [...path, arm.name]));
    case 'rules':
      return [
        ...policy.rules.flatMap((rule) => policyLeaves(rule.policy, [...path, rule.name])),
        ...policyLeaves(policy.otherwise, [...path, 'otherwise']),
      ];
  }
}

/** The same policy with every use of a model, by version or by alias, replaced by one version of it. */
export function withModelVersion(policy: Policy, model: string, version: string): Policy {
  switch (policy.kind) {
    case 'model':
      return policy.model === model ? { kind: 'model', model, version } : policy;
    case 'split':
      return {
        ...policy,
        arms: policy.arms.map((arm) => ({ ...arm, policy: withModelVersion(arm.policy, model, version) })),
      };
    case 'rules':
      return {
        ...policy,
        rules: policy.rules.map((rule) => ({ ...rule, policy: withModelVersion(rule.policy, model, version) })),
        otherwise: withModelVersion(policy.otherwise, model, version),
      };
  }
}

export function usesModel(policy: Policy, model: string): boolean {
  return policyLeaves(policy).some((leaf) => leaf.node.model === model);
}

/** "random-forest v2" or "xgboost @champion". */
export function leafLabel(node: ModelNode): string {
  return node.version === undefined ? `${node.model} @${node.alias ?? '?'}` : `${node.model} v${node.version}`;
}
