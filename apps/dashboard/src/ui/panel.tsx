import type { ReactNode } from 'react';
import { useId } from 'react';
import styles from './panel.module.css';

/** A titled part of a page. `aside` stands at the right of the title. */
export function Panel(props: {
  title: string;
  note?: ReactNode;
  aside?: ReactNode;
  flush?: boolean;
  className?: string | undefined;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section className={[styles.panel, props.className].filter(Boolean).join(' ')} aria-labelledby={id}>
      <header className={styles.header}>
        <h2 id={id}>{props.title}</h2>
        {props.note !== undefined && <span className={styles.note}>{props.note}</span>}
        {props.aside !== undefined && <div className={styles.aside}>{props.aside}</div>}
      </header>
      <div className={props.flush === true ? styles.flush : styles.body}>{props.children}</div>
    </section>
  );
}
