// 1,000 random logs of every kind: optimality proven from the definition, greedy selection replayed step by step.
import { expect, test } from 'vitest';
import { learnWeights, type MemberLog, selectGreedily } from '../src/index.ts';
import { must } from './fixture.ts';

const CASES = 1_000;
const KINDS = ['skill', 'copies', 'constant', 'nearly certain', 'gaps', 'ties'] as const;
const SCALES = [1, 1e-6, 1e6];

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

interface RandomLog {
  readonly log: MemberLog;
  readonly label: string;
  /** Per member and complete row: its answers; per complete row: the truth. */
  readonly answers: readonly (readonly (readonly number[])[])[];
  readonly truths: readonly number[];
}

function classificationCase(index: number): RandomLog {
  const random = mulberry32(40_000 + index);
  const kind = KINDS[index % KINDS.length]!;
  const classes = 2 + (index % 3);
  const count = 12 + Math.floor(random() * 40);
  const size = 1 + Math.floor(random() * 5);
  const outcomes = Array.from({ length: count }, (_, row) => (row < classes ? row : Math.floor(random() * classes)));
  const members = Array.from({ length: size }, (_, member) => {
    const sharpness = kind === 'nearly certain' ? 40 : 1 + 2 * random();
    return outcomes.map((truth, row) => {
      if (kind === 'gaps' && random() < 0.1 && row > classes + 12) return new Array<number>(classes).fill(Number.NaN);
      if (kind === 'constant' && member === 0) return new Array<number>(classes).fill(1 / classes);
      const raw = Array.from({ length: classes }, (_, label) => {
        const drawn = kind === 'ties' ? Math.floor(random() * 3) / 2 : random();
        return Math.exp(sharpness * (drawn + (label === truth ? 0.4 : 0)));
      });
      const sum = raw.reduce((total, value) => total + value, 0);
      return raw.map((value) => value / sum);
    });
  });
  if (kind === 'copies') for (let member = 1; member < size; member += 2) members[member] = members[member - 1]!;
  return complete(
    { kind: 'classification', classes },
    members,
    outcomes,
    `case ${index} (${kind}, ${classes} classes)`,
  );
}

function regressionCase(index: number): RandomLog {
  const random = mulberry32(80_000 + index);
  const kind = KINDS[index % KINDS.length]!;
  const scale = SCALES[index % SCALES.length]!;
  const count = 12 + Math.floor(random() * 40);
  const size = 1 + Math.floor(random() * 5);
  const outcomes = Array.from({ length: count }, () => (kind === 'ties' ? Math.floor(random() * 3) : random()) * scale);
  const members = Array.from({ length: size }, (_, member) => {
    const noise = kind === 'nearly certain' ? 1e-6 : random();
    return outcomes.map((truth, row) => {
      if (kind === 'gaps' && random() < 0.1 && row > 12) return [Number.NaN];
      return [kind === 'constant' && member === 0 ? 0.5 * scale : truth + (random() - 0.3) * noise * scale];
    });
  });
  if (kind === 'copies') for (let member = 1; member < size; member += 2) members[member] = members[member - 1]!;
  return complete({ kind: 'regression' }, members, outcomes, `case ${index} (${kind}, scale ${scale})`);
}

function complete(
  task: MemberLog['task'],
  members: readonly (readonly (readonly number[])[])[],
  outcomes: readonly number[],
  label: string,
): RandomLog {
  const isWhole = outcomes.map((_, row) => members.every((rows) => !rows[row]!.some(Number.isNaN)));
  return {
    log: { task, members: members.map((rows) => Float64Array.from(rows.flat())), outcomes },
    label,
    answers: members.map((rows) => rows.filter((_, row) => isWhole[row])),
    truths: outcomes.filter((_, row) => isWhole[row]),
  };
}

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
