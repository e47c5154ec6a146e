import { useMemo } from 'react';
import { draftChanged, draftDropped, type EndpointDraft, NEW_ENDPOINT } from '../../../api/endpoint-drafts.ts';
import { useAppDispatch, useAppSelector } from '../../../api/store.ts';
import { documentOf, type EndpointDocument } from '../../../policy/document.ts';
import { isSame, mergeDocuments } from '../../../policy/merge.ts';

/** What is live when the draft is edited; 0 and what to begin with where there is nothing yet. */
export interface Live extends EndpointDocument {
  readonly revision: number;
}

export interface Draft extends EndpointDraft {
  /** It differs from the revision it was made from. */
  readonly isChanged: boolean;
  /** Somebody published since. */
  readonly isBehind: boolean;
  readonly edit: (document: unknown) => void;
  readonly rename: (name: string) => void;
  readonly type: (text: string) => void;
  /** Puts the changes on top of the revision that is live now. */
  readonly rebase: () => void;
  readonly drop: () => void;
}

const show = (document: unknown) => JSON.stringify(document, null, 2);

/**
 * The one draft of an endpoint, whichever way it is edited. Without a change it is what is live, and follows it.
 * `name`: null for one that is not there yet.
 */
export function useDraft(name: string | null, live: Live): Draft {
  const key = name ?? NEW_ENDPOINT;
  const dispatch = useAppDispatch();
  const kept = useAppSelector((state) => state.endpointDrafts[key]);
  return useMemo(() => {
    const document = documentOf(live);
    const fresh: EndpointDraft = {
      name: name ?? '',
      baseRevision: live.revision,
      base: document,
      document,
      text: show(document),
      parseError: null,
      mergeConflicts: [],
    };
    const draft = kept ?? fresh;
    const change = (changes: Partial<EndpointDraft>) =>
      dispatch(draftChanged({ endpoint: key, draft: { ...draft, ...changes } }));
    const isChanged = draft.parseError !== null || live.revision === 0 || !isSame(draft.document, draft.base);
    return {
      ...draft,
      isChanged,
      isBehind: isChanged && draft.baseRevision !== live.revision,
      edit: (next) => change({ document: next, text: show(next), parseError: null }),
      rename: (next) => change({ name: next }),
      type: (text) => {
        try {
          change({ text, document: JSON.parse(text) as unknown, parseError: null });
        } catch (error) {
          change({ text, parseError: error instanceof Error ? error.message : 'is no JSON' });
        }
      },
      rebase: () => {
        const { value, conflicts } = mergeDocuments<unknown>(draft.base, draft.document, document);
        change({
          ...fresh,
          document: value,
          text: show(value),
          mergeConflicts: conflicts.map(({ field }) => field),
        });
      },
      drop: () => dispatch(draftDropped(key)),
    };
  }, [kept, live, name, key, dispatch]);
}
