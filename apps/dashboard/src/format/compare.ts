import { formatPercent } from './format.ts';

export type Preference = 'lower-is-better' | 'higher-is-better' | 'neither';

export interface Comparison {
  readonly direction: 'up' | 'down' | 'flat';
  readonly judgement: 'better' | 'worse' | 'neutral';
  /** Such as "+12.3 %" or "−0.4 pts". */
  readonly text: string;
}

/**
 * A number against the same number of the period before. `relative` says the change in percent, `points` the
 * difference of two shares in percentage points. Null when one of them is not known or the change cannot be said.
 */
export function compare(
  current: number | null,
  previous: number | null,
  kind: 'relative' | 'points',
  preference: Preference,
): Comparison | null {
  if (current === null || previous === null) return null;
  if (kind === 'relative' && previous === 0) return current === 0 ? flat('no change') : null;
  const change = kind === 'relative' ? (current - previous) / Math.abs(previous) : current - previous;
  const visible = kind === 'relative' ? 0.0005 : 0.00005;
  if (Math.abs(change) < visible) return flat('no change');
  const direction = change > 0 ? 'up' : 'down';
  const sign = change > 0 ? '+' : '−';
  const size = Math.abs(change);
  const text =
    kind === 'points'
      ? `${sign}${(size * 100).toLocaleString('en', { maximumFractionDigits: size < 0.001 ? 2 : 1 })} pts`
      : size >= 10
        ? `${change > 0 ? '×' : '÷'}${(change > 0 ? change + 1 : 1 / (1 + change)).toLocaleString('en', { maximumFractionDigits: 0 })}`
        : `${sign}${formatPercent(size)}`;
  const better = preference === 'lower-is-better' ? 'down' : 'up';
  return {
    direction,
    text,
    judgement: preference === 'neither' ? 'neutral' : direction === better ? 'better' : 'worse',
  };
}

const flat = (text: string): Comparison => ({ direction: 'flat', judgement: 'neutral', text });
