import { authorNamed } from '../api/preferences.ts';
import { useAppDispatch, useAppSelector } from '../api/store.ts';
import { TextArea, TextInput } from '../ui/field.tsx';

/** What the history keeps beside a change. Who it was is remembered in this browser. */
export function WhoAndWhy(props: { note: string; onNote: (note: string) => void; placeholder?: string }) {
  const dispatch = useAppDispatch();
  const author = useAppSelector((state) => state.preferences.author);
  return (
    <>
      <TextArea
        label="Why (optional, kept in the history)"
        rows={2}
        maxLength={2_000}
        value={props.note}
        placeholder={props.placeholder}
        onChange={({ target }) => props.onNote(target.value)}
      />
      <TextInput
        label="Who (optional, kept in the history and in this browser)"
        maxLength={200}
        value={author}
        onChange={({ target }) => dispatch(authorNamed(target.value))}
      />
    </>
  );
}

/** Who publishes from this browser, as far as they said. */
export const useAuthor = (): string => useAppSelector((state) => state.preferences.author).trim();
