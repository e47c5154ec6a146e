import type { Answer, EndpointRehearsal, FieldProblem } from '@switchyard/contracts';
import { codeOf } from '../execution/run-decision.ts';

/** What became of a row. */
export interface RowAnswer {
  /** Undefined when it failed. */
  readonly answer: Answer | undefined;
  readonly error: unknown;
}

export interface TriedRow {
  /** By what is new; problems when it does not even take the row. */
  readonly now: RowAnswer | readonly FieldProblem[];
  /** By what is served. */
  readonly then: RowAnswer;
}

const REASONS_TOLD = 5;

/** Counts what only the new one cannot answer, and how far apart the answers of both are. */
export function summariseRehearsal(tried: readonly TriedRow[]): Omit<EndpointRehearsal, 'endpoint' | 'revision'> {
  const reasons = new Map<string, number>();
  const differences: number[] = [];
  let refused = 0;
  let compared = 0;
  let labels = 0;
  let changedLabels = 0;
  for (const { now, then } of tried) {
    // What is served could not answer it either: nobody loses anything.
    if (then.answer === undefined) continue;
    const newAnswer = 'answer' in now ? now.answer : undefined;
    if (newAnswer === undefined) {
      refused += 1;
      for (const reason of new Set(reasonsOf(now))) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      continue;
    }
    compared += 1;
    const [before, after] = [numberOf(then.answer), numberOf(newAnswer)];
    if (before !== undefined && after !== undefined) differences.push(Math.abs(after - before));
    if (then.answer.label !== undefined && newAnswer.label !== undefined) {
      labels += 1;
      if (then.answer.label !== newAnswer.label) changedLabels += 1;
    }
  }
  return {
    rows: tried.length,
    refused,
    reasons: [...reasons]
      .sort(([, left], [, right]) => right - left)
      .slice(0, REASONS_TOLD)
      .map(([reason, count]) => `${reason} (${count})`),
    compared,
    meanAbsoluteDifference:
      differences.length === 0 ? null : differences.reduce((sum, one) => sum + one, 0) / differences.length,
    maximumAbsoluteDifference: differences.length === 0 ? null : Math.max(...differences),
    changedLabelShare: labels === 0 ? null : changedLabels / labels,
  };
}

const numberOf = ({ score, value }: Answer): number | undefined => score ?? value;

function reasonsOf(now: TriedRow['now']): string[] {
  if ('answer' in now) {
    const detail = now.error instanceof Error ? `: ${now.error.message}` : '';
    return [`${codeOf(now.error)}${detail}`];
  }
  return now.map(({ field, code, detail }) =>
    field === undefined ? detail : `feature '${field}': ${code}, ${detail}`,
  );
}
