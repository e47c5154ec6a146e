import type { ModelNode, Policy } from '@switchyard/contracts';
import { describeBandit } from './bandit-node.ts';
import { describeBest } from './best-node.ts';
import { describeCascadeStep } from './cascade-node.ts';
import { featuresInCondition } from './condition.ts';
import { describeEnsemble, describeMember } from './ensemble-node.ts';
import { describeTarget } from './fallback-node.ts';
import { describeModel } from './model-node.ts';
import { childPath, fieldAt } from './policy-problem.ts';
import { describeRule, OTHERWISE } from './rules-node.ts';
import { describeShadow, PRIMARY } from './shadow-node.ts';
import { describeArm, describeSplit } from './split-node.ts';

export interface PolicyChild {
  readonly name: string;
  readonly policy: Policy;
  /** Dotted field of the child inside its parent. */
  readonly field: string;
  /** How the child is reached, for people. */
  readonly reachedBy: string;
}

export interface PolicyPosition {
  /** Names of arms and rules joined by '/'. The primary of a `shadow` node has the path of that node. */
  readonly path: string;
  readonly field: string;
  readonly reachedBy: string;
  /** Nodes above it. */
  readonly depth: number;
  /** It runs beside the answer and never is the answer. */
  readonly isShadow: boolean;
}

export function assertNever(value: never): never {
  throw new Error(`unexpected kind of policy node: ${JSON.stringify(value)}`);
}

export function childrenOf(policy: Policy): PolicyChild[] {
  const list = <B extends { name: string; policy: Policy }>(
    branches: readonly B[],
    name: string,
    reachedBy: (branch: B, index: number) => string,
  ): PolicyChild[] =>
    branches.map((branch, index) => ({
      name: branch.name,
      policy: branch.policy,
      field: `${name}.${index}.policy`,
      reachedBy: reachedBy(branch, index),
    }));
  switch (policy.kind) {
    case 'model':
      return [];
    case 'split':
      return list(policy.arms, 'arms', describeArm);
    case 'rules':
      return [
        ...list(policy.rules, 'rules', describeRule),
        { name: OTHERWISE, policy: policy.otherwise, field: 'otherwise', reachedBy: OTHERWISE },
      ];
    case 'best':
      return list(policy.candidates, 'candidates', (_, index) => `candidate ${index + 1}`);
    case 'bandit':
      return list(policy.arms, 'arms', (_, index) => `arm ${index + 1}`);
    case 'ensemble':
      return list(policy.members, 'members', describeMember);
    case 'cascade':
      return list(policy.steps, 'steps', describeCascadeStep);
    case 'fallback':
      return list(policy.targets, 'targets', describeTarget);
    case 'shadow':
      return [
        { name: PRIMARY, policy: policy.primary, field: 'primary', reachedBy: PRIMARY },
        ...list(policy.shadows, 'shadows', describeShadow),
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
    case 'best':
      return describeBest(policy);
    case 'bandit':
      return describeBandit(policy);
    case 'ensemble':
      return describeEnsemble(policy);
    default:
      return policy.kind;
  }
}

/** Calls `visit` for every node, parents first. */
export function walkPolicy(policy: Policy, visit: (node: Policy, position: PolicyPosition) => void): void {
  const step = (node: Policy, position: PolicyPosition): void => {
    visit(node, position);
    for (const child of childrenOf(node)) {
      const isPrimary = node.kind === 'shadow' && child.field === 'primary';
      step(child.policy, {
        path: isPrimary ? position.path : childPath(position.path, child.name),
        field: fieldAt(position.field, child.field),
        reachedBy: child.reachedBy,
        depth: position.depth + 1,
        isShadow: position.isShadow || (node.kind === 'shadow' && !isPrimary),
      });
    }
  };
  step(policy, { path: '', field: '', reachedBy: '', depth: 0, isShadow: false });
}

export interface ListedModel {
  readonly node: Pick<ModelNode, 'model' | 'version' | 'alias'>;
  readonly path: string;
  readonly isShadow: boolean;
}

/** Every model leaf with its path, in the order of the tree: the models that take an endpoint's features. */
export function listModels(policy: Policy): (ListedModel & { readonly node: ModelNode })[] {
  const leaves: (ListedModel & { readonly node: ModelNode })[] = [];
  walkPolicy(policy, (node, { path, isShadow }) => {
    if (node.kind === 'model') leaves.push({ node, path, isShadow });
  });
  return leaves;
}

/** Every model that must be there to run the policy: the leaves, and the meta-models of stacking. */
export function listModelReferences(policy: Policy): ListedModel[] {
  const references: ListedModel[] = [];
  walkPolicy(policy, (node, { path, isShadow }) => {
    if (node.kind === 'model') references.push({ node, path, isShadow });
    if (node.kind === 'ensemble' && node.meta !== undefined) references.push({ node: node.meta, path, isShadow });
  });
  return references;
}

/** Names of the features that conditions and bandits anywhere in the tree look at, without repeats. */
export function featuresUsedInConditions(policy: Policy): string[] {
  const names = new Set<string>();
  walkPolicy(policy, (node) => {
    if (node.kind === 'rules') {
      for (const rule of node.rules) for (const name of featuresInCondition(rule.when)) names.add(name);
    }
    if (node.kind === 'bandit') for (const name of node.contextFeatures ?? []) names.add(name);
  });
  return [...names];
}
