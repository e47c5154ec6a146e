import { normalQuantile } from '@switchyard/special-functions';
import { type Answer, refuse } from '../refusal.ts';
import { checkNumericRows, type Rows } from '../rows.ts';
import { roundRows, scoreOf } from './decisions.ts';
import { checkEnsemble, type PostTransform, type TreeEnsemble } from './tree-ensemble.ts';

export interface TreeAnswers {
  /** Summed scores before the post transform, a number per target: the space that tree explanations add up in. */
  readonly scores: readonly Float64Array[];
  /** What the operator writes: after the post transform, with both classes when one sum stands for two. */
  readonly outputs: readonly Float64Array[];
}

/**
 * What do the trees answer for each row? Score = base score + Σ over trees of the leaf value that the row reaches;
 * output = the post transform of the scores. In double precision (ONNX Runtime sums in the leaves' own precision,
 * float32 as a rule, so the two differ by float32 rounding). Assumes rows of what the trees see, NaN where a value is
 * missing.
 * Fails on rows of another width, without rows, and where the post transform has no finite value (PROBIT of a score
 * outside 0 to 1). Source: the operator reference of ONNX (ai.onnx.ml).
 */
export function evaluateTrees(ensemble: TreeEnsemble, rows: Rows<number>): Answer<TreeAnswers> {
  const problem = checkEnsemble(ensemble) ?? checkNumericRows(rows, 'rows', 1, ensemble.featureCount);
  if (problem) return problem;
  const scores = roundRows(ensemble, rows).map((row) => scoreOf(ensemble, row));
  const binary = ensemble.binaryLabels !== null;
  const sumsToOne = binary && ensemble.postTransform === 'NONE' && ensemble.leafValues.every((value) => value >= 0);
  const outputs = scores.map((row) => {
    const score = row[0]!;
    if (!binary) return transform(row, ensemble.postTransform);
    if (sumsToOne) return Float64Array.of(1 - score, score);
    return transform(Float64Array.of(-score, score), ensemble.postTransform === 'LOGISTIC' ? 'LOGISTIC' : 'NONE');
  });
  const failed = outputs.findIndex((row) => !row.every(Number.isFinite));
  if (failed >= 0) {
    return refuse('not-finite', `scores that ${ensemble.postTransform} can transform`, scores[failed]!.join(', '));
  }
  return { ok: true, scores, outputs };
}

function transform(scores: Float64Array, kind: PostTransform): Float64Array {
  switch (kind) {
    case 'NONE':
      return scores.slice();
    case 'LOGISTIC':
      return scores.map((score) => 1 / (1 + Math.exp(-score)));
    case 'PROBIT':
      return scores.map((score) => (score > 0 && score < 1 ? normalQuantile(score) : Number.NaN));
    default:
      return softmax(scores, kind === 'SOFTMAX_ZERO');
  }
}

/** With `keepZeros`, scores that are zero stay zero (operator's SOFTMAX_ZERO). */
function softmax(scores: Float64Array, keepZeros: boolean): Float64Array {
  const largest = Math.max(...scores);
  const powers = scores.map((score) => (keepZeros && Math.abs(score) <= 1e-7 ? 0 : Math.exp(score - largest)));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}
