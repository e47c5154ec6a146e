import { createSlice, type PayloadAction } from '@reduxjs/toolkit';
import type { Policy } from '@switchyard/contracts';

/** A change to an endpoint that is not published. It outlives the page it is made on, not the window. */
export interface PolicyDraft {
  /** The revision it was made from, and what that held: needed to see what somebody else changed meanwhile. */
  readonly baseRevision: number;
  readonly basePolicy: Policy;
  /** As it is typed. May be no JSON for a moment. */
  readonly text: string;
  /** The last text that was JSON, parsed. */
  readonly policy: unknown;
  /** Why the text is no JSON; null when it is. */
  readonly parseError: string | null;
  /** Fields that both sides had changed when the draft was put on top of a newer revision. */
  readonly mergeConflicts: readonly string[];
}

export type PolicyDrafts = Readonly<Record<string, PolicyDraft>>;

export const policyDrafts = createSlice({
  name: 'policyDrafts',
  initialState: {} as PolicyDrafts,
  reducers: {
    draftChanged: (state, action: PayloadAction<{ endpoint: string; draft: PolicyDraft }>) => ({
      ...state,
      [action.payload.endpoint]: action.payload.draft,
    }),
    draftDropped: (state, action: PayloadAction<string>) => {
      const { [action.payload]: _dropped, ...rest } = state;
      return rest;
    },
  },
});

export const { draftChanged, draftDropped } = policyDrafts.actions;
