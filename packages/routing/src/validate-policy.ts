import { type Policy, policySchema } from '@switchyard/contracts';
import { checkBandit } from './bandit-node.ts';
import { checkBest } from './best-node.ts';
import { checkCascade } from './cascade-node.ts';
import { endpointFeatures } from './endpoint-features.ts';
import { checkEnsemble } from './ensemble-node.ts';
import { checkFallback } from './fallback-node.ts';
import { checkModel } from './model-node.ts';
import type { PolicyProblem } from './policy-problem.ts';
import { assertNever, childrenOf, listModels, walkPolicy } from './policy-tree.ts';
import { own, type RegistryView } from './registry-view.ts';
import { checkRules } from './rules-node.ts';
import { checkShadow } from './shadow-node.ts';
import { checkSplit } from './split-node.ts';

/** Nodes above each other, and nodes in all. */
export const POLICY_LIMITS = { depth: 20, nodes: 1_000 } as const;
const MAXIMUM_PROBLEMS = 50;

/**
 * Everything that is wrong with a policy, given the models it may name; empty when it can be served.
 * Takes unknown input: the shape is checked first, then what needs the whole tree or the registry.
 */
export function validatePolicy(policy: unknown, view: RegistryView): PolicyProblem[] {
  // A policy level is at most 4 levels of JSON (policy → arms → arm → policy), so this bound is never too tight.
  if (isDeeperThan(policy, POLICY_LIMITS.depth * 4)) return [tooDeep()];
  const parsed = policySchema.safeParse(policy);
  if (!parsed.success) {
    return parsed.error.issues
      .slice(0, MAXIMUM_PROBLEMS)
      .map((issue) => ({ field: issue.path.join('.'), detail: issue.message }));
  }
  return validateTree(parsed.data, view).slice(0, MAXIMUM_PROBLEMS);
}

function validateTree(policy: Policy, view: RegistryView): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const report = (field: string, detail: string): void => {
    problems.push({ field, detail });
  };
  let nodes = 0;
  let depth = 0;
  walkPolicy(policy, (_node, position) => {
    nodes += 1;
    depth = Math.max(depth, position.depth + 1);
  });
  if (depth > POLICY_LIMITS.depth) return [tooDeep()];
  if (nodes > POLICY_LIMITS.nodes) {
    return [{ field: '', detail: `the policy has ${nodes} nodes, more than ${POLICY_LIMITS.nodes}` }];
  }

  const { features, conflicts } = endpointFeatures(policy, view);
  const tasks = new Set(listModels(policy).flatMap(({ node }) => own(view.models, node.model)?.task ?? []));
  walkPolicy(policy, (node, { field }) => {
    switch (node.kind) {
      case 'model':
        return checkModel(node, field, view, report);
      case 'split':
        return checkSplit(node, field, report);
      case 'rules':
        return checkRules(node, field, features, report);
      case 'best':
        return checkBest(node, field, report);
      case 'bandit':
        return checkBandit(node, field, features, report);
      case 'ensemble':
        return checkEnsemble(node, field, view, leavesOf, report);
      case 'cascade':
        return checkCascade(node, field, tasks, report);
      case 'fallback':
        return checkFallback(node, field, report);
      case 'shadow':
        return checkShadow(node, field, branchNames(node.primary), report);
      default:
        return assertNever(node);
    }
  });
  for (const { feature, types } of conflicts) {
    report('', `its models disagree about the type of feature '${feature}': ${types.join(' and ')}`);
  }
  if (tasks.size > 1) report('', `its models answer different tasks: ${[...tasks].join(' and ')}`);
  return problems;
}

/** Names of the branches whose paths begin at the path of a node; the primary of a shadow is at the node's own. */
const branchNames = (policy: Policy): string[] =>
  childrenOf(policy).flatMap((child) =>
    policy.kind === 'shadow' && child.field === 'primary' ? branchNames(child.policy) : [child.name],
  );

const leavesOf = (policy: Policy) => listModels(policy).map(({ node }) => node);

function tooDeep(): PolicyProblem {
  return { field: '', detail: `the policy is more than ${POLICY_LIMITS.depth} nodes deep` };
}

/** Without recursion, so that no input can exhaust the stack. */
function isDeeperThan(value: unknown, limit: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item === 'object' && item !== null) for (const child of Object.values(item)) next.push(child);
    }
    level = next;
  }
  return false;
}
