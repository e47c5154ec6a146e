import { describe, expect, test } from 'vitest';
import { type CombineSettings, combine, type MemberAnswer, stackingFeatures } from '../src/index.ts';
import { largestDifference, must, readFixture, unpack } from './fixture.ts';

const TOLERANCE = 1e-9;

interface ClassificationSet {
  name: string;
  classes: number;
  members: number;
  rows: number;
  probabilities: string;
  labels: number[][];
  cases: {
    weights: number[] | null;
    hard: number[];
    soft: number[];
    softProbabilities: string;
    byEntropy: string;
    byLargest: string;
    logPool: (number[] | null)[];
  }[];
  stacking: { features: string; width: number };
}
interface Table {
  members: number;
  classes: number;
  weights: number[] | null;
  choices?: number[][];
  answers: string;
  ties?: string;
}

const fixture = readFixture('combine.json');
const sets: ClassificationSet[] = fixture.classification;

function answersOf(set: ClassificationSet, row: number, weights: number[] | null): MemberAnswer[] {
  const all = unpack(set.probabilities);
  return Array.from({ length: set.members }, (_, member) => {
    const from = (row * set.members + member) * set.classes;
    return {
      weight: weights?.[member] ?? 1,
      probabilities: all.subarray(from, from + set.classes),
      labelIndex: set.labels[member]?.[row],
    };
  });
}

const rowsOf = (set: { rows: number }): number[] => Array.from({ length: set.rows }, (_, row) => row);

describe.each(sets)('the members of $name', (set) => {
  const task = { kind: 'classification', classes: set.classes } as const;

  describe.each(set.cases)('weights $weights', (one) => {
    const answer = (row: number, settings: Omit<CombineSettings, 'task'>) =>
      combine({ ...settings, task }, answersOf(set, row, one.weights));

    test('vote as VotingClassifier does, hard', () => {
      const labels = rowsOf(set).map((row) => must(answer(row, { method: 'majority_vote' })).labelIndex);
      expect(labels).toEqual(one.hard);
    });

    test.each(['soft_vote', 'weighted_average'] as const)('%s as VotingClassifier does, soft', (method) => {
      const answers = rowsOf(set).map((row) => must(answer(row, { method })));
      expect(answers.map((combined) => combined.labelIndex)).toEqual(one.soft);
      const probabilities = answers.flatMap((combined) => [...combined.probabilities]);
      expect(largestDifference(probabilities, unpack(one.softProbabilities))).toBeLessThan(TOLERANCE);
    });

    test.each([
      ['entropy', one.byEntropy],
      ['largest_probability', one.byLargest],
    ] as const)('weigh by confidence, %s', (confidence, expected) => {
      const probabilities = rowsOf(set).flatMap((row) => [
        ...must(answer(row, { method: 'confidence', confidence })).probabilities,
      ]);
      expect(largestDifference(probabilities, unpack(expected))).toBeLessThan(TOLERANCE);
    });

    test('pool logarithms, and refuse where members rule out every class', () => {
      for (const row of rowsOf(set)) {
        const pooled = answer(row, { method: 'log_pool' });
        const expected = one.logPool[row];
        if (expected) expect(largestDifference(must(pooled).probabilities, expected)).toBeLessThan(TOLERANCE);
        else expect(pooled).toMatchObject({ ok: false, reason: 'no-common-class' });
      }
    });
  });

  test('give the meta-model the columns of StackingClassifier', () => {
    const features = rowsOf(set).flatMap((row) => [
      ...must(stackingFeatures(task, answersOf(set, row, null))).features,
    ]);
    expect(features.length).toBe(set.rows * set.stacking.width);
    expect([...features]).toEqual([...unpack(set.stacking.features)]);
  });
});

describe('the members of diabetes', () => {
  const set = fixture.regression;
  const values = unpack(set.values);
  const answersAt = (row: number, weights: number[] | null): MemberAnswer[] =>
    Array.from({ length: set.members }, (_, member) => ({
      weight: weights?.[member] ?? 1,
      value: values[row * set.members + member],
      variance: set.variances[member],
    }));

  test.each([
    ['weighted_average', 'mean'],
    ['confidence', 'byVariance'],
  ] as const)('%s: the means of VotingRegressor and of NumPy', (method, expected) => {
    for (const one of set.cases) {
      const means = rowsOf(set).map(
        (row) => must(combine({ method, task: { kind: 'regression' } }, answersAt(row, one.weights))).value,
      );
      expect(largestDifference(means, unpack(one[expected]))).toBeLessThan(TOLERANCE);
    }
  });

  test('give the meta-model the columns of StackingRegressor', () => {
    const features = rowsOf(set).flatMap((row) => [
      ...must(stackingFeatures({ kind: 'regression' }, answersAt(row, null))).features,
    ]);
    expect(features).toEqual([...unpack(set.stacking)]);
  });
});

/** Every combination of `count` choices by `members` members; the last member's changes fastest, as in itertools. */
function* everyTable(count: number, members: number): Generator<number[]> {
  for (let index = 0; index < count ** members; index += 1) {
    const chosen = new Array<number>(members);
    for (let member = members - 1, rest = index; member >= 0; member -= 1, rest = Math.floor(rest / count)) {
      chosen[member] = rest % count;
    }
    yield chosen;
  }
}

test('hard votes equal those of scikit-learn on every table of 2 to 5 models and 2 to 5 classes', () => {
  let tables = 0;
  for (const { members, classes, weights, answers, ties } of fixture.voteTables as Table[]) {
    let mine = '';
    let tied = '';
    for (const labels of everyTable(classes, members)) {
      const answer = must(
        combine(
          { method: 'majority_vote', task: { kind: 'classification', classes } },
          labels.map((labelIndex, member) => ({ weight: weights?.[member] ?? 1, labelIndex })),
        ),
      );
      mine += answer.labelIndex;
      tied += Number(answer.tie);
      tables += 1;
    }
    expect(mine).toBe(answers);
    expect(tied).toBe(ties);
  }
  expect(tables).toBe(17_040);
});

test('soft votes equal those of scikit-learn on every table of probabilities in quarters', () => {
  let ties = 0;
  for (const { members, classes, weights, choices, answers } of fixture.probabilityTables as Table[]) {
    let mine = '';
    for (const chosen of everyTable(choices?.length ?? 0, members)) {
      const answer = must(
        combine(
          { method: 'soft_vote', task: { kind: 'classification', classes } },
          chosen.map((choice, member) => ({ weight: weights?.[member] ?? 1, probabilities: choices?.[choice] })),
        ),
      );
      mine += answer.labelIndex;
      ties += Number(answer.tie);
    }
    expect(mine).toBe(answers);
  }
  expect(ties).toBeGreaterThan(1_000);
});
