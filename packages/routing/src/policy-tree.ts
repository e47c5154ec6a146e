import type { ModelNode, Policy } from '@switchyard/contracts';
import { featuresInCondition } from './condition.ts';
import { describeModel } from './model-node.ts';
import { childPath, fieldAt } from './policy-problem.ts';
import { describeRule, OTHERWISE } from './rules-node.ts';
import { describeArm, describeSplit } from './split-node.ts';

export interface PolicyChild {
  readonly name: string;
  readonly policy: Policy;
  /** Dotted field of the child inside its parent. */
  readonly field: string;
  /** How the child is reached, for people. */
  readonly reachedBy: string;
}

export function assertNever(value: never): never {
  throw new Error(`unexpected kind of policy node: ${JSON.stringify(value)}`);
}

export function childrenOf(policy: Policy): PolicyChild[] {
  switch (policy.kind) {
    case 'model':
      return [];
    case 'split':
      return policy.arms.map((arm, index) => ({
        name: arm.name,
        policy: arm.policy,
        field: `arms.${index}.policy`,
        reachedBy: describeArm(arm),
      }));
    case 'rules':
      return [
        ...policy.rules.map((rule, index) => ({
          name: rule.name,
          policy: rule.policy,
          field: `rules.${index}.policy`,
          reachedBy: describeRule(rule, index),
        })),
        { name: OTHERWISE, policy: policy.otherwise, field: 'otherwise', reachedBy: OTHERWISE },
      ];
    default:
      return assertNever(policy);
  }
}

export function describeNode(policy: Policy): string {
  switch (policy.kind) {
    case 'model':
      return describeModel(policy);
    case 'split':
      return describeSplit(policy);
    case 'rules':
      return 'rules';
    default:
      return assertNever(policy);
  }
}

/** Calls `visit` for every node, parents first. */
export function walkPolicy(
  policy: Policy,
  visit: (node: Policy, position: { path: string; field: string; reachedBy: string }) => void,
): void {
  const step = (node: Policy, path: string, field: string, reachedBy: string): void => {
    visit(node, { path, field, reachedBy });
    for (const child of childrenOf(node)) {
      step(child.policy, childPath(path, child.name), fieldAt(field, child.field), child.reachedBy);
    }
  };
  step(policy, '', '', '');
}

/** Every model leaf with its path, in the order of the tree. */
export function listModels(policy: Policy): { readonly node: ModelNode; readonly path: string }[] {
  const leaves: { node: ModelNode; path: string }[] = [];
  walkPolicy(policy, (node, { path }) => {
    if (node.kind === 'model') leaves.push({ node, path });
  });
  return leaves;
}

/** Names of the features that conditions anywhere in the tree look at, without repeats. */
export function featuresUsedInConditions(policy: Policy): string[] {
  const names = new Set<string>();
  walkPolicy(policy, (node) => {
    if (node.kind !== 'rules') return;
    for (const rule of node.rules) for (const name of featuresInCondition(rule.when)) names.add(name);
  });
  return [...names];
}
