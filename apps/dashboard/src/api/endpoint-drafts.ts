import { createSlice, type PayloadAction } from '@reduxjs/toolkit';

/** A change to an endpoint that is not published. It outlives the page it is made on, not the window. */
export interface EndpointDraft {
  /** Of an endpoint that is not there yet; others have theirs. */
  readonly name: string;
  /** The revision it was made from (0: none), and what that held: needed to see what somebody else changed meanwhile. */
  readonly baseRevision: number;
  readonly base: unknown;
  /** As it is typed. May be no JSON for a moment. */
  readonly text: string;
  /** The last text that was JSON, parsed: policy and settings. */
  readonly document: unknown;
  /** Why the text is no JSON; null when it is. */
  readonly parseError: string | null;
  /** Fields that both sides had changed when the draft was put on top of a newer revision. */
  readonly mergeConflicts: readonly string[];
}

/** Where the draft of an endpoint is that is not there yet. No endpoint is called that. */
export const NEW_ENDPOINT = '';

export type EndpointDrafts = Readonly<Record<string, EndpointDraft>>;

export const endpointDrafts = createSlice({
  name: 'endpointDrafts',
  initialState: {} as EndpointDrafts,
  reducers: {
    draftChanged: (state, action: PayloadAction<{ endpoint: string; draft: EndpointDraft }>) => ({
      ...state,
      [action.payload.endpoint]: action.payload.draft,
    }),
    draftDropped: (state, action: PayloadAction<string>) => {
      const { [action.payload]: _dropped, ...rest } = state;
      return rest;
    },
  },
});

export const { draftChanged, draftDropped } = endpointDrafts.actions;
