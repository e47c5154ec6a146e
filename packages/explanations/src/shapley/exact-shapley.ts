import type { PredictRows } from '../ask-model.ts';
import { type Answer, refuse } from '../refusal.ts';
import { type Cell, checkWhole, type Rows } from '../rows.ts';
import { checkGame, differingFeatures, worthOfCoalitions } from './coalitions.ts';
import type { ShapleyExplanation } from './shapley-explanation.ts';

/** 2^20 coalitions are the most that fit: at one background row a million model calls. */
const LARGEST_LIMIT = 20;

export interface ExactShapleyOptions {
  /** Refuse when more features than this differ from the background: every one doubles the work. 15 unless given. */
  readonly maximumFeatures?: number;
}

/**
 * How much did each feature of this row move the prediction away from the background's mean? Exact Shapley values of
 * the interventional game v(S) = mean over background rows b of f(x in S, b elsewhere):
 * φᵢ = Σ_{S ∌ i} |S|! (M − |S| − 1)! / M! · (v(S ∪ i) − v(S)), over all 2^M coalitions of the M features in which the
 * row and some background row differ. Works for any model of numbers, texts and booleans.
 * Assumes that features can be replaced independently: with strong dependence the model is asked about rows that do
 * not occur. Fails on rows of different width, an empty background, more than `maximumFeatures` differing features
 * (use `sampledShapley`, or a Tree SHAP), and a model that throws or answers with anything but finite numbers.
 * Source: Shapley (1953); Lundberg and Lee, NeurIPS 2017, for the game.
 */
export async function exactShapley<C extends Cell>(
  model: PredictRows<C>,
  row: ArrayLike<C>,
  background: Rows<C>,
  options: ExactShapleyOptions = {},
): Promise<Answer<ShapleyExplanation>> {
  const limit = options?.maximumFeatures ?? 15;
  const problem = checkGame(model, row, background) ?? checkWhole('maximumFeatures', limit, 1, LARGEST_LIMIT);
  if (problem) return problem;
  const players = differingFeatures(row, background);
  if (players.length > limit) {
    return refuse(
      'too-many-features',
      `at most ${limit} features that differ from the background`,
      `${players.length}`,
    );
  }
  const positions = new Map(players.map((feature, position) => [feature, position]));
  const asked = await worthOfCoalitions(model, row, background, {
    count: 2 ** players.length,
    // A feature that never differs may as well be known.
    isKnown: (coalition, feature) => {
      const position = positions.get(feature);
      return position === undefined || ((coalition >>> position) & 1) === 1;
    },
  });
  if (!asked.ok) return asked;
  const { worth } = asked;
  const values = new Float64Array(row.length);
  const weights = coalitionWeights(players.length);
  for (const [position, feature] of players.entries()) {
    const bit = 1 << position;
    let value = 0;
    for (let coalition = 0; coalition < worth.length; coalition += 1) {
      if ((coalition & bit) !== 0) continue;
      value += weights[popCount(coalition)]! * (worth[coalition | bit]! - worth[coalition]!);
    }
    values[feature] = value;
  }
  return {
    ok: true,
    values,
    baseValue: worth[0]!,
    prediction: worth.at(-1)!,
    evaluations: worth.length * background.length,
  };
}

/** s! (M − s − 1)! / M! for s = 0 … M − 1, as 1 / (M · C(M − 1, s)). */
function coalitionWeights(players: number): Float64Array {
  const weights = new Float64Array(players);
  let choices = 1;
  for (let size = 0; size < players; size += 1) {
    weights[size] = 1 / (players * choices);
    choices = (choices * (players - 1 - size)) / (size + 1);
  }
  return weights;
}

function popCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
