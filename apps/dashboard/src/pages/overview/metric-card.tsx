import { Sparkline } from '@switchyard/charts';
import { ArrowDown, ArrowUp, Minus } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Comparison } from '../../format/compare.ts';
import { NOTHING } from '../../format/format.ts';
import styles from './metric-card.module.css';

export interface MetricCardProps {
  readonly label: string;
  readonly value: string;
  /** Why there is no value. */
  readonly missing?: string;
  readonly comparison: Comparison | null;
  /** What the comparison is with, and which direction is good. */
  readonly preference: 'lower is better' | 'higher is better' | null;
  readonly detail?: ReactNode;
  readonly spark: readonly (number | null)[];
  readonly color: string;
}

const ICONS = { up: ArrowUp, down: ArrowDown, flat: Minus } as const;

/** A number, how it compares with the period before and whether that is good, and its course. */
export function MetricCard(props: MetricCardProps) {
  const unknown = props.value === NOTHING;
  const Icon = props.comparison === null ? null : ICONS[props.comparison.direction];
  return (
    <article className={styles.card} aria-label={props.label}>
      <h2>{props.label}</h2>
      <p className={styles.value} data-unknown={unknown || undefined}>
        {props.value}
      </p>
      {unknown ? (
        <p className={styles.detail}>{props.missing ?? 'no data in this range'}</p>
      ) : (
        <p className={styles.comparison} data-judgement={props.comparison?.judgement ?? 'none'}>
          {props.comparison === null || Icon === null ? (
            <span className={styles.preference}>nothing to compare with before</span>
          ) : (
            <>
              <span className={styles.change}>
                <Icon size={13} aria-hidden="true" />
                <span className="visually-hidden">
                  {props.comparison.judgement === 'neutral' ? '' : props.comparison.judgement}
                </span>
                {props.comparison.text}
              </span>
              <span className={styles.preference}>{props.preference ?? 'vs period before'}</span>
            </>
          )}
        </p>
      )}
      {!unknown && props.detail !== undefined && <p className={styles.detail}>{props.detail}</p>}
      <div className={styles.spark}>
        <Sparkline values={props.spark} color={props.color} height={26} />
      </div>
    </article>
  );
}
