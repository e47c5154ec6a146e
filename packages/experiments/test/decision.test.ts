import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compareProportions,
  type DecisionMetric,
  decideExperiment,
  drawSequence,
  eventCountPoint,
  type SequencePoint,
  sequencePoint,
  tuneMixture,
} from '../src/index.ts';
import { answer } from './fixture-comparison.ts';

const { mixtureVariance } = answer(tuneMixture({ horizonCount: 6000 }));
const quality: DecisionMetric = { name: 'quality', role: 'goal', betterWhen: 'higher', margin: 0.02, alpha: 0.05 };
const errors: DecisionMetric = { name: 'errors', role: 'guardrail', betterWhen: 'lower', margin: 0.2, alpha: 0.05 };

const between = (lower: number, upper: number, count = 1000): SequencePoint => ({
  count,
  estimate: (lower + upper) / 2,
  lower,
  upper,
  pValue: null,
  alpha: 0.05,
});
const verdict = (points: Record<string, SequencePoint>, metrics = [quality], more = {}) =>
  answer(decideExperiment([{ points, ...more }], { metrics }));

describe('the verdict', () => {
  test('is one of five, for the reason that decided', () => {
    expect(verdict({ quality: between(0.01, 0.05) })).toMatchObject({ verdict: 'promote' });
    expect(verdict({ quality: between(-0.05, -0.03) })).toMatchObject({ verdict: 'roll-back' });
    expect(verdict({ quality: between(-0.05, 0.05) })).toMatchObject({ verdict: 'keep-collecting' });
    expect(verdict({ quality: between(-0.01, 0.01) })).toMatchObject({ verdict: 'hold' });
    expect(verdict({})).toMatchObject({ verdict: 'insufficient-data' });
    expect(verdict({ quality: between(0.01, 0.05) }).because).toContain('0.01000 to 0.05000');
  });

  test('rolls back for a guardrail, whatever else is missing or wrong', () => {
    const broken = { errors: between(0.5, 3) };
    expect(verdict(broken, [quality, errors])).toMatchObject({ verdict: 'roll-back' });
    expect(verdict(broken, [quality, errors], { isSampleRatioMismatch: true })).toMatchObject({ verdict: 'roll-back' });
    expect(verdict({ ...broken, quality: between(0.01, 0.05) }, [quality, errors])).toMatchObject({
      verdict: 'roll-back',
    });
  });

  test('does not promote over a broken split, a guardrail without data, or a harmed signal', () => {
    const won = { quality: between(0.01, 0.05) };
    expect(verdict(won, [quality], { isSampleRatioMismatch: true })).toMatchObject({ verdict: 'hold' });
    expect(verdict(won, [quality, errors])).toMatchObject({ verdict: 'keep-collecting' });
    expect(verdict({ ...won, errors: between(-0.1, 0.1) }, [quality, errors])).toMatchObject({ verdict: 'promote' });
    const signal: DecisionMetric = { ...errors, role: 'signal' };
    expect(verdict({ ...won, errors: between(0.3, 0.9) }, [quality, signal])).toMatchObject({ verdict: 'hold' });
  });

  test('needs the e-process where one is asked for', () => {
    const strict = { ...quality, requiresEvidence: true };
    const won = { quality: between(0.01, 0.05) };
    expect(verdict(won, [strict])).toMatchObject({ verdict: 'keep-collecting' });
    expect(verdict(won, [strict], { logEValues: { quality: Math.log(19) } })).toMatchObject({
      verdict: 'keep-collecting',
    });
    expect(verdict(won, [strict], { logEValues: { quality: Math.log(20.001) } })).toMatchObject({ verdict: 'promote' });
  });

  test('comes from the first look that crossed and is not taken back', () => {
    const looks = [between(-0.05, 0.05, 100), between(0.001, 0.05, 200), between(-0.05, -0.03, 300)];
    const decision = answer(
      decideExperiment(
        looks.map((point) => ({ points: { quality: point } })),
        { metrics: [quality] },
      ),
    );
    expect(decision).toMatchObject({ verdict: 'promote', look: 1 });
    expect(decision.findings[0]?.point).toBe(looks[1]);
  });
});

describe('the decision and the drawing', () => {
  const stream = fc.array(
    fc.record({ control: fc.integer({ min: 5, max: 40 }), treatment: fc.integer({ min: 5, max: 60 }) }),
    { minLength: 1, maxLength: 20 },
  );

  test('are the same sequence: every number decided on is a number drawn', () => {
    fc.assert(
      fc.property(stream, (batches) => {
        const [a, b] = [
          { successes: 0, count: 0 },
          { successes: 0, count: 0 },
        ];
        const points = batches.map(({ control, treatment }) => {
          a.successes += control;
          b.successes += treatment;
          a.count += 150;
          b.count += 150;
          return answer(sequencePoint(answer(compareProportions(a, b)), a.count + b.count, { mixtureVariance }));
        });
        const { points: drawn } = answer(drawSequence(points));
        const decision = answer(
          decideExperiment(
            drawn.map((point) => ({ points: { quality: point } })),
            { metrics: [quality] },
          ),
        );
        const finding = decision.findings[0];
        const read = drawn[decision.look];
        // Not an equal copy: the very point that is drawn.
        expect(finding?.point).toBe(read);
        const crossed = drawn.findIndex(({ lower, upper }) => lower > 0 || upper < -quality.margin);
        if (crossed >= 0) {
          expect(decision.look).toBe(crossed);
          expect(decision.verdict).toBe((read?.lower ?? 0) > 0 ? 'promote' : 'roll-back');
        } else {
          expect(decision.look).toBe(drawn.length - 1);
          expect(['hold', 'keep-collecting']).toContain(decision.verdict);
        }
      }),
    );
  });

  test('of a metric where less is better mirror those where more is', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (lower, width) => {
          const point = between(lower, lower + width);
          const mirrored = between(-lower - width, -lower);
          const lowerIsBetter: DecisionMetric = { ...quality, betterWhen: 'lower' };
          expect(verdict({ quality: point }).verdict).toBe(verdict({ quality: mirrored }, [lowerIsBetter]).verdict);
        },
      ),
    );
  });

  test('roll a canary back on event counts as soon as the drawn interval leaves the margin', () => {
    const events = { control: 9, treatment: 0 };
    let look = 0;
    for (; look < 60; look += 1) {
      events.treatment += 1;
      const point = answer(eventCountPoint(events, 0.1));
      const decision = verdict({ errors: point }, [quality, errors]);
      expect(decision.verdict).toBe(point.lower > errors.margin ? 'roll-back' : 'insufficient-data');
      if (decision.verdict === 'roll-back') break;
    }
    expect(look).toBeLessThan(15);
  });
});
