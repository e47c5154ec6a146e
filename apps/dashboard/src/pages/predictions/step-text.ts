import type { DecisionStep, Member } from '@switchyard/contracts';
import { formatCount } from '../../format/format.ts';

/** How the arm of a step came to be taken. */
const HOW: Record<string, string> = {
  split: 'drawn by weight',
  rules: 'by rule',
  best: 'the best candidate',
  bandit: 'chosen by the bandit',
  ensemble: 'of all members',
  cascade: 'was sure enough',
  fallback: 'answered',
  shadow: 'answered, shadows beside it',
};

/** The words after the name of what was chosen. Reasons come from the gateway and are shown as they are. */
export function stepText(step: DecisionStep): string {
  const how =
    step.kind === 'rules' && step.reason !== undefined
      ? `because ${step.reason}`
      : step.kind === 'fallback' && step.reason !== undefined
        ? `answered after ${step.reason}`
        : (HOW[step.kind] ?? step.kind);
  const told = step.kind === 'rules' || step.kind === 'fallback';
  return [
    how,
    step.reason === undefined || told ? '' : step.reason,
    step.bucket === undefined ? '' : `bucket ${formatCount(step.bucket)} of 1,000,000`,
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

export const ROLES: readonly { readonly role: Member['role']; readonly title: string; readonly note: string }[] = [
  { role: 'attempt', title: 'Asked before', note: 'without an answer that was taken' },
  { role: 'member', title: 'Asked together', note: 'their answers were combined' },
  { role: 'shadow', title: 'Shadows', note: 'ran beside; the caller never saw this' },
];

/** A model as the log names it. What combines several has no version, and a name that no model can have. */
export function isCombined(served: { readonly model: string; readonly version: string }): boolean {
  return served.model !== '' && served.version === '';
}
