import type { ReactNode } from 'react';
import styles from './badge.module.css';

export type Tone = 'neutral' | 'good' | 'warning' | 'bad' | 'accent';

export function Badge(props: { tone?: Tone; dot?: boolean; children: ReactNode; title?: string }) {
  return (
    <span className={`${styles.badge} ${styles[props.tone ?? 'neutral']}`} title={props.title}>
      {props.dot === true && <i aria-hidden="true" />}
      {props.children}
    </span>
  );
}

/** The colour of an entity beside its name, the same everywhere. */
export function Swatch(props: { color: string }) {
  return <span className={styles.swatch} style={{ background: `var(${props.color})` }} aria-hidden="true" />;
}
