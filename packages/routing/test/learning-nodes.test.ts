import type { BanditNode, BanditState, BestNode, BestState } from '@switchyard/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compilePolicy,
  decide,
  epsilonGreedyWeights,
  fitLinearModel,
  predictLinear,
  squareCbWeights,
  thompsonWeights,
  uncertaintyOf,
  withFloor,
} from '../src/index.ts';
import { input, model } from './builders.ts';

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Shares of the paths over many requests, and χ² against the probabilities that were logged. */
function shares(compiled: ReturnType<typeof compilePolicy>, count: number, over: (n: number) => object = () => ({})) {
  const seen = new Map<string, number>();
  let probabilities: Readonly<Record<string, number>> = {};
  for (let n = 0; n < count; n += 1) {
    const decision = decide(compiled, input({ requestId: `request-${n}`, ...over(n) }));
    seen.set(decision.path, (seen.get(decision.path) ?? 0) + 1);
    probabilities = decision.steps[0]?.probabilities ?? {};
    expect(decision.propensity).toBe(probabilities[decision.path]);
  }
  const chiSquare = sum(
    Object.entries(probabilities).map(([name, probability]) => {
      const expected = probability * count;
      return ((seen.get(name) ?? 0) - expected) ** 2 / expected;
    }),
  );
  return { seen, probabilities, chiSquare };
}

describe('bandit propensities', () => {
  it('are the probabilities that an arm is best, for Thompson sampling', () => {
    const weights = thompsonWeights([
      { count: 98, sum: 19 },
      { count: 98, sum: 24 },
      { count: 98, sum: 29 },
    ]);
    // Beta(20,80), Beta(25,75), Beta(30,70): by quadrature with SciPy.
    [0.0295, 0.2034, 0.7671].forEach((expected, arm) => {
      expect(weights[arm]).toBeCloseTo(expected, 4);
    });
    expect(
      thompsonWeights([
        { count: 0, sum: 0 },
        { count: 0, sum: 0 },
      ]),
    ).toEqual([0.5, 0.5]);
  });

  it('agree with drawing from the posteriors when rewards are many', () => {
    const weights = thompsonWeights([
      { count: 1_000_000, sum: 500_000 },
      { count: 1_000_000, sum: 500_500 },
    ]);
    // Two normals: Φ(0.0005 / √(2·0.25/10⁶)) = Φ(0.70711) = 0.76025.
    expect(weights[1]).toBeCloseTo(0.76025, 4);
  });

  it('follow the formulas of ε-greedy and SquareCB', () => {
    expect(
      epsilonGreedyWeights(
        [
          { count: 10, sum: 2 },
          { count: 10, sum: 8 },
          { count: 0, sum: 0 },
        ],
        0.3,
      ),
    ).toEqual([0.09999999999999999, 0.7999999999999999, 0.09999999999999999]);
    const squared = squareCbWeights([0.2, 0.5, 0.4], 20);
    expect(squared[0]).toBeCloseTo(1 / (3 + 20 * 0.3), 12);
    expect(squared[2]).toBeCloseTo(1 / (3 + 20 * 0.1), 12);
    expect(sum(squared)).toBeCloseTo(1, 12);
  });

  it('sum to 1 within 1e-12 and never go below the floor, whatever the rewards', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ count: fc.nat(5_000_000), share: fc.double({ min: 0, max: 1, noNaN: true }) }), {
          minLength: 2,
          maxLength: 8,
        }),
        fc.double({ min: 0, max: 0.125, noNaN: true }),
        (arms, floor) => {
          const rewards = arms.map(({ count, share }) => ({ count, sum: count * share }));
          for (const weights of [
            thompsonWeights(rewards),
            epsilonGreedyWeights(rewards, 0.1),
            squareCbWeights(
              rewards.map((arm) => arm.sum / (arm.count + 1)),
              100,
            ),
          ]) {
            const floored = withFloor(weights, floor);
            expect(Math.abs(sum(floored) - 1)).toBeLessThanOrEqual(1e-12);
            for (const probability of floored) expect(probability).toBeGreaterThanOrEqual(floor - 1e-12);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('the linear model of contextual bandits', () => {
  it('is ridge regression', () => {
    // x = (1, a): rows (1,0)→0, (1,1)→1, (1,2)→1. A = I + Σxxᵀ = [[4,3],[3,6]], b = (2,3).
    const fitted = fitLinearModel(2, [3, 3, 3, 5], [2, 3]);
    expect([...fitted.theta]).toEqual([expect.closeTo(3 / 15, 12), expect.closeTo(6 / 15, 12)]);
    expect(predictLinear(fitted, [1, 2])).toBeCloseTo(1, 12);
    // A⁻¹ = [[6,−3],[−3,4]] / 15.
    expect(uncertaintyOf(fitted, [1, 2])).toBeCloseTo(Math.sqrt((6 - 12 + 16) / 15), 12);
  });

  it('stays finite over features that are large and say the same', () => {
    // Rows (1, v, v): beside 3e20 the ridge of 1 is lost to rounding.
    const rows = [1e10, 1.1e10, 0.9e10].map((v) => [1, v, v]);
    const gram = Array.from({ length: 9 }, (_, at) =>
      sum(rows.map((row) => (row[Math.floor(at / 3)] as number) * (row[at % 3] as number))),
    );
    const fitted = fitLinearModel(3, gram, [3, 3e10, 3e10]);
    expect([...fitted.inverse, ...fitted.theta].every(Number.isFinite)).toBe(true);
    // As good as certain there, and no surer than a model without rewards anywhere.
    expect(uncertaintyOf(fitted, [1, 1e10, 1e10])).toBeLessThan(1e7);
  });
});

describe('a bandit node', () => {
  const node = (over: Partial<BanditNode> = {}): BanditNode => ({
    kind: 'bandit',
    algorithm: 'thompson',
    arms: [
      { name: 'a', policy: model('a') },
      { name: 'b', policy: model('b') },
      { name: 'c', policy: model('a', '2') },
    ],
    reward: { from: 'correct' },
    ...over,
  });
  const state = (over: Partial<BanditState> = {}): BanditState => ({
    kind: 'bandit',
    epoch: 7,
    computedAtMs: 0,
    arms: {
      a: { count: 98, sum: 19, sumOfSquares: 19 },
      b: { count: 98, sum: 24, sumOfSquares: 24 },
      c: { count: 98, sum: 29, sumOfSquares: 29 },
    },
    ...over,
  });

  it('serves each arm as often as it says it would', () => {
    const { chiSquare, probabilities } = shares(compilePolicy(node(), { salt: 'e', states: { '': state() } }), 40_000);
    expect(probabilities.c).toBeCloseTo(0.01 + 0.97 * 0.7671, 4);
    // 99.9 % of χ² with two degrees of freedom.
    expect(chiSquare).toBeLessThan(13.82);
  });

  it('knows nothing without a state, and draws anew for each request', () => {
    const { chiSquare, probabilities } = shares(compilePolicy(node(), { salt: 'e' }), 20_000, () => ({ unit: 'u' }));
    for (const name of ['a', 'b', 'c']) expect(probabilities[name]).toBeCloseTo(1 / 3, 9);
    expect(chiSquare).toBeLessThan(13.82);
  });

  it.each(['linucb', 'squarecb'] as const)('%s has probabilities for every number a caller can send', (algorithm) => {
    const linear = { gram: [9, 3, 3, 3, 5, 1, 3, 1, 5], moment: [5, 20, -20] };
    const arms = Object.fromEntries(
      ['a', 'b', 'c'].map((name) => [name, { count: 9, sum: 5, sumOfSquares: 4, linear }]),
    );
    const compiled = compilePolicy(node({ algorithm, contextFeatures: ['u', 'v'] }), {
      salt: 'e',
      states: { '': state({ arms }) },
    });
    for (const u of [1.7e308, -1.7e308, 1e200, 0])
      for (const v of [1.7e308, -1.7e308, 1e200, 0]) {
        const { propensity, steps } = decide(compiled, input({ features: { u, v } }));
        expect(propensity, `${u} ${v}`).toBeGreaterThan(0);
        expect(Math.abs(sum(Object.values(steps[0]?.probabilities ?? {})) - 1)).toBeLessThan(1e-12);
      }
  });

  it('when sticky, keeps the arm of a unit until something is learnt', () => {
    const paths = (epoch: number) => {
      const compiled = compilePolicy(node({ sticky: true }), { salt: 'e', states: { '': state({ epoch }) } });
      return Array.from({ length: 300 }, (_, n) => {
        const unit = `unit-${n}`;
        const first = decide(compiled, input({ unit, requestId: `x${n}` })).path;
        expect(decide(compiled, input({ unit, requestId: `y${n}` })).path).toBe(first);
        return first;
      }).join('');
    };
    expect(paths(1)).not.toBe(paths(2));
  });

  it.each(['linucb', 'squarecb'] as const)('%s prefers the arm whose rewards fit the context', (algorithm) => {
    // Arm a pays x, arm b pays 1 − x, learnt from 200 rows each over x = 0 … 1; arm c is never worth it.
    const gram = [0, 0, 0, 0];
    const moments = { a: [0, 0], b: [0, 0], c: [0, 0] };
    for (let n = 0; n < 200; n += 1) {
      const x = n / 199;
      for (const [index, value] of [1, x, x, x * x].entries()) gram[index] = (gram[index] as number) + value;
      moments.a = [(moments.a[0] as number) + x, (moments.a[1] as number) + x * x];
      moments.b = [(moments.b[0] as number) + 1 - x, (moments.b[1] as number) + (1 - x) * x];
    }
    const arm = (moment: number[]) => ({
      count: 200,
      sum: moment[0] as number,
      sumOfSquares: 0,
      linear: { gram, moment },
    });
    const learnt = state({ arms: { a: arm(moments.a), b: arm(moments.b), c: arm(moments.c) } });
    const compiled = compilePolicy(node({ algorithm, contextFeatures: ['amount'], alpha: 0.1 }), {
      salt: 'e',
      states: { '': learnt },
      features: [{ name: 'amount', type: 'number' }],
    });
    const at = (amount: number) => decide(compiled, input({ features: { amount } })).steps[0]?.probabilities ?? {};
    expect(at(0.95).a).toBeGreaterThan(0.9);
    expect(at(0.05).b).toBeGreaterThan(0.9);
    for (const x of [0, 0.5, 1]) {
      expect(Math.abs(sum(Object.values(at(x))) - 1)).toBeLessThanOrEqual(1e-12);
      expect(Math.min(...Object.values(at(x)))).toBeGreaterThanOrEqual(0.01 - 1e-12);
    }
  });
});

describe('a best node', () => {
  const node = (over: Partial<BestNode> = {}): BestNode => ({
    kind: 'best',
    metric: 'accuracy',
    candidates: [
      { name: 'a', policy: model('a') },
      { name: 'b', policy: model('b') },
    ],
    ...over,
  });
  const state = (segments: BestState['segments']): BestState => ({ kind: 'best', computedAtMs: 1_000_000, segments });
  const favouriteOf = (
    over: Partial<BestNode>,
    known: BestState | undefined,
    segment: Record<string, string> = {},
    atMs = 1_000_000,
  ) => {
    const compiled = compilePolicy(node(over), known === undefined ? {} : { states: { '': known } });
    const { probabilities = {}, reason } = decide(compiled, input({ segment, atMs })).steps[0] ?? {};
    const [favourite] = Object.entries(probabilities).sort((x, y) => y[1] - x[1])[0] ?? [];
    return { favourite, probabilities, reason };
  };
  const values = (a: number, b: number, labels = 500) => ({ a: { value: a, labels }, b: { value: b, labels } });

  it('answers with the candidate whose value is best, lower where lower is better', () => {
    expect(favouriteOf({}, state({ '': values(0.9, 0.95) }))).toMatchObject({
      favourite: 'b',
      probabilities: { a: expect.closeTo(0.05, 12), b: expect.closeTo(0.95, 12) },
      reason: 'accuracy 0.95 over 500 labels',
    });
    expect(favouriteOf({ minimumLabels: 1 }, state({ '': values(0.5, 1, 1) })).reason).toBe('accuracy 1 over 1 label');
    expect(favouriteOf({ metric: 'log_loss' }, state({ '': values(0.2, 0.3) })).favourite).toBe('a');
  });

  it('compares within the segment of the caller', () => {
    const known = state({ gold: values(0.9, 0.5), basic: values(0.5, 0.9) });
    expect(favouriteOf({ segment: 'tier' }, known, { tier: 'gold' }).favourite).toBe('a');
    expect(favouriteOf({ segment: 'tier' }, known, { tier: 'basic' }).favourite).toBe('b');
    expect(favouriteOf({ segment: 'tier', fallback: 'b' }, known, { tier: 'other' })).toMatchObject({
      favourite: 'b',
      reason: 'fallback: too few labels',
    });
  });

  it('falls back when nothing is known, labels are few, or what is known is stale', () => {
    expect(favouriteOf({ fallback: 'b' }, undefined)).toMatchObject({ favourite: 'b', reason: /nothing/ });
    expect(favouriteOf({ fallback: 'b' }, state({ '': values(0.9, 0.1, 99) })).reason).toMatch(/too few/);
    const hour = 3_600_000;
    expect(favouriteOf({ fallback: 'b' }, state({ '': values(0.9, 0.1) }), {}, 1_000_000 + hour).favourite).toBe('a');
    expect(favouriteOf({ fallback: 'b' }, state({ '': values(0.9, 0.1) }), {}, 1_000_001 + hour).reason).toMatch(
      /stale/,
    );
  });

  it('explores with its share, as often as it says', () => {
    const compiled = compilePolicy(node({ explorationShare: 0.4 }), {
      states: { '': state({ '': values(0.9, 0.1) }) },
    });
    const { chiSquare, probabilities } = shares(compiled, 20_000, () => ({ atMs: 1_000_000 }));
    expect(probabilities).toEqual({ a: 0.8, b: 0.2 });
    expect(chiSquare).toBeLessThan(10.83);
  });
});
