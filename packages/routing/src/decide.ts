import type { DecisionStep } from '@switchyard/contracts';
import type { CompiledPolicy, DecideInput, Decision } from './compiled-policy.ts';
import type { ConditionInput } from './condition.ts';
import { assertNever } from './policy-tree.ts';
import { chooseRule } from './rules-node.ts';
import { chooseArm } from './split-node.ts';

/**
 * Which leaf answers. Deterministic: the same policy and input give the same decision, so a logged
 * prediction can be replayed. Without a unit the prediction id is hashed instead: random, not sticky.
 */
export function decide(policy: CompiledPolicy, input: DecideInput): Decision {
  const steps: DecisionStep[] = [];
  const unit = input.unit === '' ? input.requestId : input.unit;
  let node = policy.root;
  let propensity = 1;
  let conditionInput: ConditionInput | undefined;
  for (;;) {
    switch (node.kind) {
      case 'model':
        return { ok: true, leaf: node, path: node.path, steps, propensity };
      case 'split': {
        const arm = chooseArm(node, unit, steps);
        propensity *= arm.probability;
        node = arm.child;
        break;
      }
      case 'rules':
        conditionInput ??= conditionInputOf(policy, input);
        node = chooseRule(node, conditionInput, steps);
        break;
      default:
        return assertNever(node);
    }
  }
}

/** Only what conditions name, absent where it is null, so that has() and missing keys work as CEL says. */
function conditionInputOf(policy: CompiledPolicy, input: DecideInput): ConditionInput {
  const features: Record<string, unknown> = Object.create(null);
  for (const name of policy.conditionFeatures) {
    const value = Object.hasOwn(input.features, name) ? input.features[name] : undefined;
    if (value === undefined || value === null) continue;
    features[name] =
      typeof value === 'number' && policy.integerFeatures.has(name) && Number.isInteger(value) ? BigInt(value) : value;
  }
  return { features, segment: input.segment, unit: input.unit, context: input.context };
}
