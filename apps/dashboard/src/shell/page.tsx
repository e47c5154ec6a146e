import { type ReactNode, useEffect } from 'react';
import styles from './page.module.css';

/** The frame of a page: its name, an answer or a note under it, and what can be done. */
export function Page(props: {
  title: string;
  above?: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${props.title} · Switchyard`;
  }, [props.title]);
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        <div className={styles.heading}>
          {props.above}
          <h1>{props.title}</h1>
          {props.lead !== undefined && <div className={styles.lead}>{props.lead}</div>}
        </div>
        {props.actions !== undefined && <div className={styles.actions}>{props.actions}</div>}
      </header>
      {props.children}
    </div>
  );
}
