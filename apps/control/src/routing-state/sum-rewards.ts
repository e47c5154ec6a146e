import type { BanditNode, BanditReward, BanditState } from '@switchyard/contracts';
import type { LearningNode } from './learning-nodes.ts';
import type { Analytics, OutcomeScope } from './outcome-rows.ts';
import { sumOverWindow, type WindowSums } from './sum-over-window.ts';

interface RewardRow {
  readonly slice: number;
  readonly path: string;
  readonly model: string;
  readonly version: string;
  readonly count: number;
  readonly sum: number;
  readonly sum_of_squares: number;
  /** Upper triangle of Σxxᵀ, row by row, and Σrx. */
  readonly gram?: readonly number[];
  readonly moment?: readonly number[];
}

type ArmSums = BanditState['arms'][string];

/**
 * The rewards, from 0 to 1, of every arm of a bandit over the predictions it answered since `scope.fromMs`; for bandits
 * that look at features also Σxxᵀ and Σrx, with x as the gateway saw it: what a caller left out is the feature's default.
 * A prediction without the feedback that the reward is made of counts for nothing.
 * @param defaults of the context features, by name; 0 where there is none
 */
export async function sumRewards(
  analytics: Analytics,
  learning: LearningNode & { readonly node: BanditNode },
  scope: OutcomeScope,
  defaults: Readonly<Record<string, number>>,
  known: WindowSums,
): Promise<BanditState['arms']> {
  const { node } = learning;
  const isContextual = node.algorithm === 'linucb' || node.algorithm === 'squarecb';
  const names = isContextual ? (node.contextFeatures ?? []) : undefined;
  const { reward, condition, parameters } = rewardOf(node.reward);
  const question = {
    condition,
    aggregates: [
      'toFloat64(count()) AS count',
      `sum(${reward}) AS sum`,
      `sum(pow(${reward}, 2)) AS sum_of_squares`,
      ...(names === undefined
        ? []
        : [
            'sumForEach(arrayFlatten(arrayMap((v, i) -> arrayMap(w -> v * w, arraySlice(x, i)), x, arrayEnumerate(x)))) AS gram',
            `sumForEach(arrayMap(v -> v * (${reward}), x)) AS moment`,
          ]),
    ],
    fromPrediction: names === undefined ? [] : [`${vectorOf(names)} AS x`],
    parameters: {
      ...parameters,
      ...Object.fromEntries((names ?? []).map((name, index) => [`feature${index}`, name])),
      ...(names === undefined
        ? {}
        : { defaults: names.map((name) => (Object.hasOwn(defaults, name) ? (defaults[name] ?? 0) : 0)) }),
    },
  };
  const rows = await sumOverWindow<RewardRow>(analytics, scope, question, known);
  const size = names === undefined ? undefined : names.length + 1;
  return Object.fromEntries(
    learning.branches.map(({ name, places }) => {
      const own = rows.filter((row) =>
        places.some((place) => place.path === row.path && place.model === row.model && place.version === row.version),
      );
      return [name, own.reduce((sums, row) => addRow(sums, row), emptySums(size))];
    }),
  );
}

/** x = (1, features…), missing ones replaced; what JSON cannot hold as a number never was one. */
function vectorOf(names: readonly string[]): string {
  const values = names.map(
    (_, index) =>
      `ifNull(JSONExtract(features, {feature${index}:String}, 'Nullable(Float64)'), {defaults:Array(Float64)}[${index + 1}])`,
  );
  return `[${['toFloat64(1)', ...values].join(', ')}]`;
}

function rewardOf(reward: BanditReward): {
  readonly reward: string;
  readonly condition: string;
  readonly parameters: Record<string, unknown>;
} {
  const clipped = (value: string) => `least(greatest(${value}, 0.), 1.)`;
  switch (reward.from) {
    case 'correct':
      return { reward: 'toFloat64(ifNull(predicted = judged, 0))', condition: 'isNotNull(judged)', parameters: {} };
    case 'reward':
      return { reward: clipped('assumeNotNull(reward)'), condition: 'isNotNull(reward)', parameters: {} };
    case 'value':
      return {
        reward: clipped(
          'divide(values[{value_name:String}] - {minimum:Float64}, {maximum:Float64} - {minimum:Float64})',
        ),
        condition: 'mapContains(values, {value_name:String})',
        parameters: { value_name: reward.name, minimum: reward.minimum, maximum: reward.maximum },
      };
  }
}

function emptySums(size: number | undefined): ArmSums {
  const linear =
    size === undefined
      ? {}
      : { linear: { gram: new Array<number>(size * size).fill(0), moment: new Array<number>(size).fill(0) } };
  return { count: 0, sum: 0, sumOfSquares: 0, ...linear };
}

function addRow(sums: ArmSums, row: RewardRow): ArmSums {
  const { linear } = sums;
  return {
    count: sums.count + row.count,
    sum: sums.sum + row.sum,
    sumOfSquares: sums.sumOfSquares + row.sum_of_squares,
    ...(linear === undefined
      ? {}
      : {
          linear: {
            gram: addTriangle(linear.gram, row.gram ?? [], linear.moment.length),
            moment: linear.moment.map((value, index) => value + (row.moment?.[index] ?? 0)),
          },
        }),
  };
}

/** Adds an upper triangle to a whole symmetric matrix, row-major. */
function addTriangle(whole: readonly number[], triangle: readonly number[], size: number): number[] {
  const sum = [...whole];
  let position = 0;
  for (let row = 0; row < size; row += 1) {
    for (let column = row; column < size; column += 1) {
      const value = triangle[position] ?? 0;
      position += 1;
      sum[row * size + column] = (sum[row * size + column] as number) + value;
      if (row !== column) sum[column * size + row] = (sum[column * size + row] as number) + value;
    }
  }
  return sum;
}
