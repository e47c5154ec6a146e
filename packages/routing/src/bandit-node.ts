import type { BanditNode, BanditState, Branch, DecisionStep, FeatureSpec } from '@switchyard/contracts';
import {
  epsilonGreedyWeights,
  indexOfLargest,
  squareCbWeights,
  thompsonWeights,
  withFloor,
} from './bandit-policies.ts';
import type { Chosen } from './best-node.ts';
import { checkBranchNames } from './branches.ts';
import type { DecideInput } from './compiled-policy.ts';
import { armOfFraction, byName, drawFraction } from './draw.ts';
import { fitLinearModel, type LinearModel, predictLinear, uncertaintyOf } from './linear-model.ts';
import { childPath, fieldAt, type ReportProblem } from './policy-problem.ts';
import { own } from './registry-view.ts';

export const BANDIT_DEFAULTS = {
  minimumPropensity: 0.01,
  epsilon: 0.1,
  alpha: 1,
  gamma: 10,
  windowMinutes: 10_080,
} as const;

export interface CompiledBandit<Node> {
  readonly kind: 'bandit';
  readonly path: string;
  readonly salt: string;
  readonly epoch: number;
  readonly isSticky: boolean;
  readonly arms: readonly { readonly name: string; readonly child: Node }[];
  /** The features that make up x, after a constant 1. */
  readonly contextFeatures: readonly string[];
  /** Propensities for x; those of a bandit without context are worked out once, when the policy is compiled. */
  readonly propensities: (x: Float64Array) => {
    readonly values: readonly number[];
    readonly byName: Readonly<Record<string, number>>;
  };
}

/** What is learnt about the numbers that a bandit looks at: x = (1, features in the order given). */
export function contextVector(names: readonly string[], features: Readonly<Record<string, unknown>>): Float64Array {
  const x = new Float64Array(names.length + 1);
  x[0] = 1;
  for (let index = 0; index < names.length; index += 1) {
    // Whole numbers that conditions look at too arrive as bigint; what is missing counts as 0.
    const value = Number(features[names[index] as string] ?? 0);
    x[index + 1] = Number.isFinite(value) ? value : 0;
  }
  return x;
}

/** @param state what has been learnt; without it every arm is as likely, but for ε-greedy, which then favours the first */
export function compileBandit<Node>(
  node: BanditNode,
  path: string,
  salt: string,
  state: BanditState | undefined,
  compileChild: (branch: Branch, path: string) => Node,
): CompiledBandit<Node> {
  return {
    kind: 'bandit',
    path,
    salt: `${node.salt ?? salt}:bandit`,
    epoch: state?.epoch ?? 0,
    isSticky: node.sticky ?? false,
    arms: node.arms.map((arm) => ({ name: arm.name, child: compileChild(arm, childPath(path, arm.name)) })),
    contextFeatures: isContextual(node) ? (node.contextFeatures ?? []) : [],
    propensities: propensitiesOf(node, state),
  };
}

const isContextual = ({ algorithm }: BanditNode): boolean => algorithm === 'linucb' || algorithm === 'squarecb';

function propensitiesOf(node: BanditNode, state: BanditState | undefined): CompiledBandit<unknown>['propensities'] {
  const floor = node.minimumPropensity ?? BANDIT_DEFAULTS.minimumPropensity;
  const known = node.arms.map(({ name }) => own(state?.arms ?? {}, name));
  const finish = (weights: readonly number[]) => {
    const values = withFloor(weights, floor);
    return { values, byName: byName(node.arms, values) };
  };
  if (!isContextual(node)) {
    const rewards = known.map((arm) => ({ count: arm?.count ?? 0, sum: arm?.sum ?? 0 }));
    const once = finish(
      node.algorithm === 'thompson'
        ? thompsonWeights(rewards)
        : epsilonGreedyWeights(rewards, node.epsilon ?? BANDIT_DEFAULTS.epsilon),
    );
    return () => once;
  }
  const size = (node.contextFeatures?.length ?? 0) + 1;
  const models: LinearModel[] = known.map((arm) =>
    // What was learnt over other features does not fit these.
    arm?.linear?.moment.length === size
      ? fitLinearModel(size, arm.linear.gram, arm.linear.moment)
      : fitLinearModel(size, [], []),
  );
  if (node.algorithm === 'linucb') {
    const alpha = node.alpha ?? BANDIT_DEFAULTS.alpha;
    return (x) => {
      const best = indexOfLargest(models.map((model) => predictLinear(model, x) + alpha * uncertaintyOf(model, x)));
      return finish(models.map((_, index) => (index === best ? 1 : 0)));
    };
  }
  const rewards = known.reduce((sum, arm) => sum + (arm?.count ?? 0), 0);
  const gamma = (node.gamma ?? BANDIT_DEFAULTS.gamma) * Math.sqrt(rewards);
  return (x) =>
    finish(
      squareCbWeights(
        // Rewards lie between 0 and 1, so a line that leaves that range is wrong there.
        models.map((model) => withinRewards(predictLinear(model, x))),
        gamma,
      ),
    );
}

/** Beyond what floating-point numbers hold a line has no value: then nothing is expected of the arm. */
function withinRewards(expected: number): number {
  return Number.isNaN(expected) ? 0 : Math.min(1, Math.max(0, expected));
}

/** Draws an arm: anew for each request, or, when sticky, the same for a unit until something is learnt. */
export function chooseBanditArm<Node>(
  bandit: CompiledBandit<Node>,
  unit: string,
  input: DecideInput,
  steps: DecisionStep[],
): Chosen<Node> {
  const { values, byName: named } = bandit.propensities(contextVector(bandit.contextFeatures, input.features));
  const key = bandit.isSticky ? `${bandit.epoch}:${unit}` : input.requestId;
  const index = armOfFraction(values, drawFraction(bandit.salt, key));
  const { name, child } = bandit.arms[index] as { name: string; child: Node };
  steps.push({
    node: bandit.path,
    kind: 'bandit',
    chosen: name,
    probabilities: named,
    reason: `epoch ${bandit.epoch}`,
  });
  return { child, probability: values[index] as number };
}

export function checkBandit(
  node: BanditNode,
  place: string,
  features: readonly FeatureSpec[],
  report: ReportProblem,
): void {
  checkBranchNames(node.arms, place, 'arms', 'arm', report);
  const floor = node.minimumPropensity ?? BANDIT_DEFAULTS.minimumPropensity;
  if (floor * node.arms.length > 1) {
    report(fieldAt(place, 'minimumPropensity'), `${node.arms.length} arms cannot all have at least ${floor}`);
  }
  if (isContextual(node) && node.contextFeatures === undefined) {
    report(fieldAt(place, 'contextFeatures'), `${node.algorithm} needs features to look at`);
  }
  if (!isContextual(node) && node.contextFeatures !== undefined) {
    report(fieldAt(place, 'contextFeatures'), `${node.algorithm} looks at no features`);
  }
  (node.contextFeatures ?? []).forEach((name, index) => {
    const type = features.find((spec) => spec.name === name)?.type;
    const field = fieldAt(place, `contextFeatures.${index}`);
    if (type === undefined) report(field, `no model of the endpoint has a feature '${name}'`);
    else if (type !== 'number' && type !== 'integer') report(field, `'${name}' is a ${type}, not a number`);
  });
  if (node.reward.from === 'value' && node.reward.maximum <= node.reward.minimum) {
    report(fieldAt(place, 'reward.maximum'), 'it must be above the minimum');
  }
}

export function describeBandit(node: BanditNode): string {
  const reward = node.reward.from === 'value' ? `value ${node.reward.name}` : node.reward.from;
  const context = node.contextFeatures === undefined ? '' : `, looking at ${node.contextFeatures.join(', ')}`;
  const floor = node.minimumPropensity ?? BANDIT_DEFAULTS.minimumPropensity;
  return `bandit ${node.algorithm} by ${reward}${context}, at least ${Number((floor * 100).toPrecision(8))} % each`;
}
