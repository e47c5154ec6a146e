import { useMemo } from 'react';
import { diffLines, hunks } from '../../../policy/line-diff.ts';
import styles from './editor.module.css';

const SIGNS = { same: ' ', added: '+', removed: '−' } as const;

/** Two documents, line by line, near what differs. */
export function JsonDiff(props: { before: unknown; after: unknown; label: string }) {
  const { before, after } = props;
  const parts = useMemo(
    () => hunks(diffLines(JSON.stringify(before, null, 2), JSON.stringify(after, null, 2))),
    [before, after],
  );
  if (parts.length === 0) return <p className={styles.faint}>No line differs.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
    <section className={styles.diff} tabIndex={0} aria-label={props.label}>
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other name
        <div key={index}>
          {part.skipped > 0 && <p className={styles.skipped}>{part.skipped} lines are the same</p>}
          {part.lines.map((line, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line is its number
            <p key={at} data-kind={line.kind}>
              <span aria-hidden="true">{SIGNS[line.kind]}</span>
              {line.kind !== 'same' && <span className="visually-hidden">{line.kind}: </span>}
              {line.text}
            </p>
          ))}
        </div>
      ))}
    </section>
  );
}
