import type { DecisionStep } from '@switchyard/contracts';
import { chooseBanditArm } from './bandit-node.ts';
import { chooseCandidate } from './best-node.ts';
import type { BranchDecision, CompiledNode, CompiledPolicy, DecideInput, Decision } from './compiled-policy.ts';
import { drawFraction } from './draw.ts';
import { assertNever } from './policy-tree.ts';
import { chooseRule } from './rules-node.ts';
import { PRIMARY } from './shadow-node.ts';
import { chooseArm } from './split-node.ts';

const NO_BRANCHES: readonly BranchDecision[] = Object.freeze([]);

/**
 * Which way a row goes. Deterministic: the same policy and input give the same decision, so a logged
 * prediction can be replayed. Without a unit the prediction id is hashed instead: random, not sticky.
 */
export function decide(policy: CompiledPolicy, input: DecideInput): Decision {
  return decideAt(policy.root, visibleInput(policy, input), input.unit === '' ? input.requestId : input.unit);
}

function decideAt(start: CompiledNode, input: DecideInput, unit: string): Decision {
  const steps: DecisionStep[] = [];
  let node = start;
  let propensity = 1;
  for (;;) {
    switch (node.kind) {
      case 'model':
        return { node, path: node.path, steps, propensity, branches: NO_BRANCHES };
      case 'split': {
        const arm = chooseArm(node, unit, steps);
        propensity *= arm.probability;
        node = arm.child;
        break;
      }
      case 'rules':
        node = chooseRule(node, input, steps);
        break;
      case 'best': {
        const candidate = chooseCandidate(node, input, steps);
        propensity *= candidate.probability;
        node = candidate.child;
        break;
      }
      case 'bandit': {
        const arm = chooseBanditArm(node, unit, input, steps);
        propensity *= arm.probability;
        node = arm.child;
        break;
      }
      case 'ensemble':
        return { node, path: node.path, steps, propensity, branches: decideBranches(node.members, input, unit) };
      case 'cascade':
        return { node, path: node.path, steps, propensity, branches: decideBranches(node.steps, input, unit) };
      case 'fallback':
        return { node, path: node.path, steps, propensity, branches: decideBranches(node.targets, input, unit) };
      case 'shadow': {
        const { salt, shadows } = node;
        const branches: BranchDecision[] = [
          { name: PRIMARY, index: -1, decision: decideAt(node.primary, input, unit) },
        ];
        shadows.forEach(({ name, share, child }, index) => {
          if (share < 1 && drawFraction(`${salt}:${name}`, input.requestId) >= share) return;
          branches.push({ name, index, decision: decideAt(child, input, unit) });
        });
        return { node, path: node.path, steps, propensity, branches };
      }
      default:
        return assertNever(node);
    }
  }
}

function decideBranches(
  branches: readonly { readonly name: string; readonly child: CompiledNode }[],
  input: DecideInput,
  unit: string,
): BranchDecision[] {
  return branches.map(({ name, child }, index) => ({ name, index, decision: decideAt(child, input, unit) }));
}

/** Only the features that conditions name, absent where null, so that has() and missing keys work as CEL says. */
function visibleInput(policy: CompiledPolicy, input: DecideInput): DecideInput {
  if (policy.conditionFeatures.length === 0) return input;
  const features: Record<string, unknown> = Object.create(null);
  for (const name of policy.conditionFeatures) {
    const value = Object.hasOwn(input.features, name) ? input.features[name] : undefined;
    if (value === undefined || value === null) continue;
    features[name] =
      typeof value === 'number' && policy.integerFeatures.has(name) && Number.isInteger(value) ? BigInt(value) : value;
  }
  return { ...input, features };
}
