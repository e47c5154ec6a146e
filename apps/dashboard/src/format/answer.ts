import type { Answer, ClassLabel, PredictionSummary } from '@switchyard/contracts';
import { formatNumber, formatPercent, NOTHING } from './format.ts';

export const formatLabel = (label: ClassLabel): string => String(label);

/** What was answered in one piece of text: the label, or the value of a regression. */
export function formatAnswer(answer: Answer): string {
  if (answer.label !== undefined) return formatLabel(answer.label);
  if (answer.value !== undefined) return formatNumber(answer.value);
  return NOTHING;
}

export function formatScore(answer: Answer): string {
  return answer.score === undefined ? NOTHING : formatPercent(answer.score);
}

export type OutcomeState = 'waiting' | 'correct' | 'wrong' | 'known';

/** Labels are compared as text, as the platform does. Without a label to compare with, an outcome is only known. */
export function outcomeState(prediction: Pick<PredictionSummary, 'answer' | 'outcome'>): OutcomeState {
  if (prediction.outcome === null) return 'waiting';
  if (prediction.answer.label === undefined) return 'known';
  return String(prediction.answer.label) === String(prediction.outcome) ? 'correct' : 'wrong';
}
