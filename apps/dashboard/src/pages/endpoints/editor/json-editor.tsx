import { useRef } from 'react';
import { lineOfField } from '../../../policy/locate-field.ts';
import type { Problem } from '../../../policy/validate.ts';
import { TextArea } from '../../../ui/field.tsx';
import styles from './editor.module.css';

/** The draft as JSON, with a mark on each line that something is wrong with. */
export function JsonEditor(props: {
  text: string;
  parseError: string | null;
  problems: readonly Problem[];
  onType: (text: string) => void;
}) {
  const { text, parseError } = props;
  const gutter = useRef<HTMLDivElement>(null);
  const marks = new Map<number, string[]>();
  if (parseError === null) {
    for (const { field, detail } of props.problems) {
      const line = lineOfField(text, field);
      marks.set(line, [...(marks.get(line) ?? []), detail]);
    }
  }
  const lines = text.split('\n').length;
  return (
    <div className={styles.json}>
      <div className={styles.gutter} ref={gutter} aria-hidden="true">
        {Array.from({ length: lines }, (_, line) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: a line is its number
            key={line}
            data-wrong={marks.has(line) || undefined}
            title={marks.get(line)?.join('; ')}
          >
            {line + 1}
          </span>
        ))}
      </div>
      <TextArea
        label="Policy and settings as JSON"
        hideLabel
        error={parseError === null ? undefined : `This is no JSON yet: ${parseError}`}
        className={styles.code}
        data-json
        rows={Math.min(Math.max(lines + 1, 18), 44)}
        spellCheck={false}
        autoComplete="off"
        wrap="off"
        value={text}
        onChange={({ target }) => props.onType(target.value)}
        onScroll={({ currentTarget }) => {
          if (gutter.current !== null) gutter.current.scrollTop = currentTarget.scrollTop;
        }}
      />
    </div>
  );
}
