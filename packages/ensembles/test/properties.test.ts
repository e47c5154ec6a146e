import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applyCalibrator,
  applyStack,
  type CombineMethod,
  combine,
  fitCalibrator,
  fitLogisticStack,
  learnWeights,
  type MemberAnswer,
  type MemberLog,
  selectGreedily,
  stackingFeatures,
} from '../src/index.ts';

const METHODS: CombineMethod[] = ['weighted_average', 'soft_vote', 'majority_vote', 'confidence', 'log_pool'];

const simplexPoint = (classes: number) =>
  fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: classes, maxLength: classes }).map((raw) => {
    const shares = raw.map((one) => one + 1e-9);
    const sum = shares.reduce((total, one) => total + one, 0);
    return shares.map((one) => one / sum);
  });
const weight = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double({ min: 1e-3, max: 1e3, noNaN: true }));

/** Answers of 1 to 6 members to one row, some of them missing. */
const row = fc.integer({ min: 2, max: 5 }).chain((classes) =>
  fc.record({
    classes: fc.constant(classes),
    members: fc.array(
      fc
        .record({ weight, probabilities: simplexPoint(classes), isMissing: fc.nat(5) })
        .map(
          ({ isMissing, ...answer }): MemberAnswer =>
            isMissing === 0 ? { weight: answer.weight, missing: true } : answer,
        ),
      { minLength: 1, maxLength: 6 },
    ),
  }),
);
const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

describe.each(METHODS)('%s', (method) => {
  test('weights and probabilities sum to one within 1e-12', () => {
    fc.assert(
      fc.property(row, ({ classes, members }) => {
        const answer = combine({ method, task: { kind: 'classification', classes } }, members);
        if (!answer.ok) return members.every((one) => one.missing || one.weight === 0);
        expect(Math.abs(sum(answer.weights) - 1)).toBeLessThan(1e-12);
        expect(Math.abs(sum(answer.probabilities) - 1)).toBeLessThan(1e-12);
        expect(answer.labelIndex).toBeDefined();
        return answer.usedMembers.every((member) => !members[member]?.missing);
      }),
      { numRuns: 300 },
    );
  });

  test('members in another order change nothing', () => {
    fc.assert(
      fc.property(row, fc.integer(), ({ classes, members }, seed) => {
        const order = [...members.keys()].sort((a, b) => ((a * 31 + seed) % 7) - ((b * 31 + seed) % 7));
        const settings = { method, task: { kind: 'classification', classes } } as const;
        const [before, after] = [
          combine(settings, members),
          combine(
            settings,
            order.map((at) => members[at] as MemberAnswer),
          ),
        ];
        if (!before.ok || !after.ok) return !before.ok && !after.ok && before.reason === after.reason;
        expect([after.labelIndex, after.tie]).toEqual([before.labelIndex, before.tie]);
        for (const [label, probability] of before.probabilities.entries()) {
          expect(Math.abs((after.probabilities[label] as number) - probability)).toBeLessThan(1e-12);
        }
        for (const [place, at] of order.entries()) {
          expect(Math.abs((after.weights[place] as number) - (before.weights[at] as number))).toBeLessThan(1e-12);
        }
        return true;
      }),
      { numRuns: 300 },
    );
  });

  test('weights in another unit change nothing', () => {
    fc.assert(
      fc.property(row, fc.constantFrom(0.25, 8, 1024), ({ classes, members }, unit) => {
        const settings = { method, task: { kind: 'classification', classes } } as const;
        const scaled = members.map((one) => ({ ...one, weight: one.weight * unit }));
        expect(combine(settings, scaled)).toEqual(combine(settings, members));
      }),
      { numRuns: 200 },
    );
  });
});

/** A log of 12 to 30 rows in which every class occurs, and members of all kinds. */
const log: fc.Arbitrary<MemberLog> = fc
  .record({
    classes: fc.integer({ min: 2, max: 4 }),
    count: fc.integer({ min: 12, max: 30 }),
    size: fc.integer({ min: 1, max: 5 }),
  })
  .chain(({ classes, count, size }) =>
    fc.record({
      task: fc.constant({ kind: 'classification', classes } as const),
      members: fc.array(
        fc
          .array(simplexPoint(classes), { minLength: count, maxLength: count })
          .map((rows) => Float64Array.from(rows.flat())),
        { minLength: size, maxLength: size },
      ),
      outcomes: fc
        .array(fc.nat(classes - 1), { minLength: count, maxLength: count })
        .map((labels) => labels.map((label, at) => (at < classes ? at : label))),
    }),
  );

describe('learned on any log', () => {
  test.each(['log_loss', 'brier'] as const)('weights by %s sum to one and are never below the best member', (loss) => {
    fc.assert(
      fc.property(log, (one) => {
        const learned = learnWeights(one, { loss });
        if (!learned.ok) throw new Error(learned.needed);
        expect(Math.abs(sum(learned.weights) - 1)).toBeLessThan(1e-12);
        expect(Math.min(...learned.weights)).toBeGreaterThanOrEqual(0);
        expect(learned.loss).toBeLessThanOrEqual(Math.min(...learned.memberLosses, learned.equalLoss) + 1e-9);
        expect(learned.gap).toBeLessThan(1e-6);
      }),
      { numRuns: 150 },
    );
  });

  test.each(['log_loss', 'brier', 'error'] as const)('greedy weights by %s likewise', (loss) => {
    fc.assert(
      fc.property(log, (one) => {
        const selected = selectGreedily(one, { loss });
        if (!selected.ok) throw new Error(selected.needed);
        expect(Math.abs(sum(selected.weights) - 1)).toBeLessThan(1e-12);
        expect(selected.loss).toBeLessThanOrEqual(Math.min(...selected.memberLosses) + 1e-12);
        expect(selected.order.length).toBe(25);
      }),
      { numRuns: 60 },
    );
  });

  test('weights follow the members when these change places', () => {
    fc.assert(
      fc.property(log, (one) => {
        const backwards = { ...one, members: [...one.members].reverse() };
        const [there, back] = [learnWeights(one, { loss: 'brier' }), learnWeights(backwards, { loss: 'brier' })];
        if (!there.ok || !back.ok) throw new Error('refused');
        expect(Math.abs(there.loss - back.loss)).toBeLessThan(1e-12);
      }),
      { numRuns: 60 },
    );
  });

  test('a stack and calibrators answer probabilities', () => {
    fc.assert(
      fc.property(log, (one) => {
        if (one.task.kind !== 'classification') return;
        const { classes } = one.task;
        const asked = one.members.map((all) => ({ weight: 1, probabilities: Array.from(all).slice(0, classes) }));
        const fitted = fitLogisticStack(one);
        const features = stackingFeatures(one.task, asked);
        if (!fitted.ok || !features.ok) throw new Error('refused');
        const stacked = applyStack(fitted.model, features.features);
        if (!stacked.ok) throw new Error(stacked.needed);
        expect(Math.abs(sum(stacked.answer) - 1)).toBeLessThan(1e-12);
        for (const method of ['platt', 'isotonic', 'temperature'] as const) {
          const calibrated = fitCalibrator(one, 0, { method, minimumRows: 10 });
          if (!calibrated.ok) {
            expect(calibrated.reason).toMatch(/not-reachable|constant/);
            continue;
          }
          const corrected = applyCalibrator(calibrated.calibrator, asked[0]?.probabilities ?? []);
          if (!corrected.ok) throw new Error(corrected.needed);
          expect(Math.abs(sum(corrected.probabilities) - 1)).toBeLessThan(1e-12);
          expect(Math.min(...corrected.probabilities)).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 60 },
    );
  });
});

test('a mean of values lies between them', () => {
  const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  const variance = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(fc.record({ weight: fc.double({ min: 1e-3, max: 1e3, noNaN: true }), value, variance }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.constantFrom<CombineMethod>('weighted_average', 'confidence'),
      (members, method) => {
        const answer = combine({ method, task: { kind: 'regression' } }, members);
        if (!answer.ok) throw new Error(answer.needed);
        const all = members.map((one) => one.value);
        expect(answer.value).toBeGreaterThanOrEqual(Math.min(...all) - 1e-9 * Math.abs(Math.min(...all)));
        expect(answer.value).toBeLessThanOrEqual(Math.max(...all) + 1e-9 * Math.abs(Math.max(...all)));
      },
    ),
    { numRuns: 300 },
  );
});
