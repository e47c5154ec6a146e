// 1,000 random logs of every kind: optimality proven from the definition, greedy selection replayed step by step.
import { expect, test } from 'vitest';
import { learnWeights, selectGreedily } from '../src/index.ts';
import { must } from './fixture.ts';
import { classificationCase, type RandomLog, regressionCase } from './random-logs.ts';

const CASES = 1_000;
type Loss = 'log_loss' | 'brier' | 'squared_error';

/** Loss of one mixed answer, and its slope in each of its numbers. */
function rowLoss(loss: Loss, mixed: readonly number[], truth: number): { loss: number; slope: number[] } {
  if (loss === 'log_loss') {
    const slope = mixed.map((value, label) => (label === truth ? -1 / value : 0));
    return { loss: -Math.log(mixed[truth]!), slope };
  }
  if (loss === 'squared_error') return { loss: (mixed[0]! - truth) ** 2, slope: [2 * (mixed[0]! - truth)] };
  const counted = mixed.map((value, label) =>
    mixed.length === 2 && label === 0 ? 0 : value - Number(label === truth),
  );
  return { loss: counted.reduce((sum, one) => sum + one ** 2, 0), slope: counted.map((one) => 2 * one) };
}

/** Mean loss of a weighted mean, and its slope in each weight. */
function lossOf(one: RandomLog, loss: Loss, weights: readonly number[]): { loss: number; slopes: number[] } {
  const slopes = new Array<number>(weights.length).fill(0);
  let total = 0;
  one.truths.forEach((truth, row) => {
    const width = one.answers[0]![row]!.length;
    const mixed = Array.from({ length: width }, (_, column) =>
      weights.reduce((sum, weight, member) => sum + weight * one.answers[member]![row]![column]!, 0),
    );
    const here = rowLoss(loss, mixed, truth);
    total += here.loss;
    for (let member = 0; member < weights.length; member += 1) {
      const pull = here.slope.reduce((sum, slope, column) => sum + slope * one.answers[member]![row]![column]!, 0);
      slopes[member]! += pull / one.truths.length;
    }
  });
  return { loss: total / one.truths.length, slopes };
}

const caseOf = (loss: Loss, index: number) =>
  loss === 'squared_error' ? regressionCase(index) : classificationCase(index);

test.each(['log_loss', 'brier', 'squared_error'] as const)(
  `weights by %s are optimal on ${CASES} random logs`,
  (loss) => {
    for (let index = 0; index < CASES; index += 1) {
      const one = caseOf(loss, index);
      const { weights, loss: reached, memberLosses, rows } = must(learnWeights(one.log, { loss }));
      expect(rows.used, one.label).toBe(one.truths.length);
      const again = lossOf(one, loss, weights);
      const unit = Math.max(...memberLosses);
      expect(Math.abs(again.loss - reached), one.label).toBeLessThanOrEqual(1e-12 * (unit + reached));
      // A convex loss lies above its tangent: on the simplex no point is lower than this one by more than the slope
      // along w minus the lowest slope.
      const along = weights.reduce((sum, weight, member) => sum + weight * again.slopes[member]!, 0);
      const below = along - Math.min(...again.slopes);
      expect(below, one.label).toBeLessThanOrEqual(1e-9 * (loss === 'log_loss' ? 1 : unit));
      const corners = weights.map(
        (_, member) =>
          lossOf(
            one,
            loss,
            weights.map((_, at) => Number(at === member)),
          ).loss,
      );
      expect(reached, one.label).toBeLessThanOrEqual(Math.min(...corners) * (1 + 1e-12) + 1e-15 * unit);
    }
  },
);

test.each(['log_loss', 'brier', 'squared_error'] as const)(`greedy selection by %s on ${CASES} random logs`, (loss) => {
  for (let index = 0; index < CASES; index += 1) {
    const one = caseOf(loss, index);
    const rounds = 4;
    const { order, trajectory, size, weights } = must(selectGreedily(one.log, { loss, rounds }));
    expect(order.length, one.label).toBe(rounds);
    const counts = new Array<number>(one.answers.length).fill(0);
    order.forEach((chosen, round) => {
      // Each step takes a member than which none lowers the loss more, and says the loss it reaches.
      const reached = counts.map(
        (_, member) =>
          lossOf(
            one,
            loss,
            counts.map((count, at) => (count + Number(at === member)) / (round + 1)),
          ).loss,
      );
      const best = Math.min(...reached);
      expect(reached[chosen], one.label).toBeLessThanOrEqual(best * (1 + 1e-9));
      expect(Math.abs(trajectory[round]! - reached[chosen]!), one.label).toBeLessThanOrEqual(
        1e-12 * Math.max(best, 1e-3),
      );
      counts[chosen]! += 1;
    });
    const kept = counts.map((_, member) => order.slice(0, size).filter((chosen) => chosen === member).length / size);
    kept.forEach((wanted, member) => {
      expect(Math.abs(weights[member]! - wanted), one.label).toBeLessThan(1e-12);
    });
    expect(trajectory[size - 1], one.label).toBeLessThanOrEqual(Math.min(...trajectory) * (1 + 1e-9));
  }
});
