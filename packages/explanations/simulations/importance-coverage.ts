// How often does the interval of a permutation importance hold the true importance?
import { type MetricName, permutationImportance } from '../src/index.ts';
import { normal, seeded } from '../test/random.ts';

export interface CoverageCase {
  readonly metric: MetricName;
  readonly rowCount: number;
  readonly repeats: number;
  readonly replicates: number;
  readonly seed: number;
}

export interface Coverage {
  /** Share of intervals that hold the truth, over both features. */
  readonly share: number;
  /** Monte Carlo standard error of that share. */
  readonly error: number;
  /** Mean importance minus truth, as a part of the truth. */
  readonly bias: number;
  readonly halfWidth: number;
}

const WEIGHTS = [1.5, 0.75];

/** Two independent normal features; labels by a linear model with noise, or by its logistic probability. */
function draw(count: number, binary: boolean, random: () => number) {
  const rows = Array.from({ length: count }, () => [normal(random), normal(random)]);
  const labels = rows.map((row) => {
    const signal = score(row);
    return binary ? Number(random() < 1 / (1 + Math.exp(-signal))) : signal + normal(random);
  });
  return { rows, labels };
}

const score = (row: readonly number[]) => row[0]! * WEIGHTS[0]! + row[1]! * WEIGHTS[1]!;

const truths = new Map<MetricName, readonly number[]>();

export async function importanceCoverage(setting: CoverageCase): Promise<Coverage> {
  const binary = setting.metric === 'roc-auc' || setting.metric === 'accuracy';
  const random = seeded(setting.seed);
  const model = (rows: readonly (readonly number[])[]) =>
    rows.map((row) => (binary ? 1 / (1 + Math.exp(-score(row))) : score(row)));
  const measure = async (count: number, repeats: number, jackknifeGroups = 50) => {
    const { rows, labels } = draw(count, binary, random);
    const options = { metric: setting.metric, random, repeats, jackknifeGroups };
    const result = await permutationImportance(model, rows, labels, options);
    if (!result.ok) throw new Error(result.needed);
    return result.importances;
  };
  // Squared error has a closed form, 2 b² Var x; the others are taken from 200,000 rows.
  const truth =
    setting.metric === 'mean-squared-error'
      ? WEIGHTS.map((weight) => 2 * weight * weight)
      : (truths.get(setting.metric) ?? (await measure(200_000, 1, 5)).map(({ importance }) => importance));
  truths.set(setting.metric, truth);
  let inside = 0;
  let bias = 0;
  let halfWidth = 0;
  for (let replicate = 0; replicate < setting.replicates; replicate += 1) {
    const importances = await measure(setting.rowCount, setting.repeats);
    importances.forEach(({ importance, interval }, feature) => {
      const value = truth[feature]!;
      if (interval === null) return;
      inside += interval.lower <= value && value <= interval.upper ? 1 : 0;
      bias += (importance - value) / value / (2 * setting.replicates);
      halfWidth += (interval.upper - interval.lower) / 2 / (2 * setting.replicates);
    });
  }
  const share = inside / (2 * setting.replicates);
  return { share, error: Math.sqrt((share * (1 - share)) / setting.replicates), bias, halfWidth };
}
