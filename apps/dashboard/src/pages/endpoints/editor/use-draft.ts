import type { Endpoint } from '@switchyard/contracts';
import { useMemo } from 'react';
import { draftChanged, draftDropped, type PolicyDraft } from '../../../api/policy-drafts.ts';
import { useAppDispatch, useAppSelector } from '../../../api/store.ts';
import { isSame, mergeDocuments } from '../../../policy/merge.ts';

export interface Draft extends PolicyDraft {
  /** It differs from the revision it was made from. */
  readonly isChanged: boolean;
  /** Somebody published since. */
  readonly isBehind: boolean;
  readonly edit: (policy: unknown) => void;
  readonly type: (text: string) => void;
  /** Puts the changes on top of the revision that is live now. */
  readonly rebase: () => void;
  readonly drop: () => void;
}

const show = (policy: unknown) => JSON.stringify(policy, null, 2);

/** The one draft of an endpoint, whichever way it is edited. Without a change it is what is live, and follows it. */
export function useDraft(endpoint: Endpoint): Draft {
  const { name, live } = endpoint;
  const dispatch = useAppDispatch();
  const kept = useAppSelector((state) => state.policyDrafts[name]);
  return useMemo(() => {
    const fresh: PolicyDraft = {
      baseRevision: live.revision,
      basePolicy: live.policy,
      policy: live.policy,
      text: show(live.policy),
      parseError: null,
      mergeConflicts: [],
    };
    const draft = kept ?? fresh;
    const change = (changes: Partial<PolicyDraft>) =>
      dispatch(draftChanged({ endpoint: name, draft: { ...draft, ...changes } }));
    const isChanged = draft.parseError !== null || !isSame(draft.policy, draft.basePolicy);
    return {
      ...draft,
      isChanged,
      isBehind: isChanged && draft.baseRevision !== live.revision,
      edit: (policy) => change({ policy, text: show(policy), parseError: null }),
      type: (text) => {
        try {
          change({ text, policy: JSON.parse(text) as unknown, parseError: null });
        } catch (error) {
          change({ text, parseError: error instanceof Error ? error.message : 'is no JSON' });
        }
      },
      rebase: () => {
        const { value, conflicts } = mergeDocuments<unknown>(draft.basePolicy, draft.policy, live.policy);
        change({
          ...fresh,
          policy: value,
          text: show(value),
          mergeConflicts: conflicts.map(({ field }) => field),
        });
      },
      drop: () => dispatch(draftDropped(name)),
    };
  }, [kept, live, name, dispatch]);
}
