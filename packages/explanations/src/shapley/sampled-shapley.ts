import type { PredictRows } from '../ask-model.ts';
import type { Answer } from '../refusal.ts';
import { type Cell, checkRandom, checkWhole, type RandomSource, type Rows, shuffledPositions } from '../rows.ts';
import { checkGame, differingFeatures, worthOfCoalitions } from './coalitions.ts';
import type { ShapleyExplanation } from './shapley-explanation.ts';

export interface SampledShapleyOptions {
  readonly random: RandomSource;
  /** Orders drawn; each is also used backwards. 32 unless given, at least 2. */
  readonly pairs?: number;
}

export interface SampledShapleyExplanation extends ShapleyExplanation {
  /** Standard error of each value from the spread between the pairs; 0 where pairs agree exactly. */
  readonly standardErrors: Float64Array;
  readonly pairs: number;
}

/**
 * `exactShapley` for models with too many features to try all coalitions: the mean gain of each feature when features
 * become known one by one in a random order. Every order is also walked backwards (antithetic), which makes the mean
 * of a pair exact for models whose features interact at most two at a time.
 *
 * Unbiased; values and base value add up to the prediction exactly, since every walk ends at the row. Asks the model
 * for about 2 · pairs · (M − 1) · background rows. `standardErrors` is sd/√pairs of the pair means: ± 2 of them is
 * roughly a 95 % interval. The background is used whole; keep it small (50 to 200 rows). Assumes what `exactShapley`
 * does. Fails as it does, without a limit on features, on fewer than 2 pairs, and without a random source.
 * Source: Castro, Gómez and Tejada (2009); Mitchell et al., JMLR 23 (2022), for antithetic orders.
 */
export async function sampledShapley<C extends Cell>(
  model: PredictRows<C>,
  row: ArrayLike<C>,
  background: Rows<C>,
  options: SampledShapleyOptions,
): Promise<Answer<SampledShapleyExplanation>> {
  const pairs = options?.pairs ?? 32;
  const problem = checkGame(model, row, background) ?? checkRandom(options?.random) ?? checkWhole('pairs', pairs, 2);
  if (problem) return problem;
  const players = differingFeatures(row, background);
  const steps = players.length;
  const orders = Array.from({ length: pairs }, () => shuffledPositions(steps, options.random));
  /** Per pair: when each player becomes known, walking forwards. */
  const turns = orders.map((order) => {
    const turn = new Int32Array(row.length).fill(-1);
    order.forEach((player, step) => {
      turn[players[player]!] = step;
    });
    return turn;
  });
  // Coalitions 0 and 1 are nobody and everybody; then, per pair, the inner ones of the walk and of the walk back.
  const inner = Math.max(0, steps - 1);
  const asked = await worthOfCoalitions(model, row, background, {
    count: 2 + pairs * 2 * inner,
    isKnown: (coalition, feature) => {
      if (coalition < 2) return coalition === 1;
      const walk = Math.floor((coalition - 2) / inner);
      const known = ((coalition - 2) % inner) + 1;
      const turn = turns[walk >>> 1]![feature]!;
      if (turn < 0) return true;
      return (walk & 1) === 0 ? turn < known : turn >= steps - known;
    },
  });
  if (!asked.ok) return asked;
  const { worth } = asked;
  const worthAt = (pair: number, backwards: 0 | 1, known: number): number => {
    if (known === 0) return worth[0]!;
    return known === steps ? worth[1]! : worth[2 + (pair * 2 + backwards) * inner + known - 1]!;
  };
  const values = new Float64Array(row.length);
  const standardErrors = new Float64Array(row.length);
  for (const feature of players) {
    const gains = turns.map((turn, pair) => {
      const step = turn[feature]!;
      const back = steps - 1 - step;
      const forwards = worthAt(pair, 0, step + 1) - worthAt(pair, 0, step);
      return (forwards + worthAt(pair, 1, back + 1) - worthAt(pair, 1, back)) / 2;
    });
    const mean = gains.reduce((sum, gain) => sum + gain, 0) / pairs;
    const squares = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0);
    values[feature] = mean;
    standardErrors[feature] = Math.sqrt(squares / (pairs - 1) / pairs);
  }
  return {
    ok: true,
    values,
    standardErrors,
    baseValue: worth[0]!,
    prediction: worth[1]!,
    evaluations: worth.length * background.length,
    pairs,
  };
}
