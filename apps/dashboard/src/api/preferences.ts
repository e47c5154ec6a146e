import { createSlice, type PayloadAction } from '@reduxjs/toolkit';
import type { Zone } from '../time/time-range.ts';

/** What a person keeps in this browser. Never in the URL: a shared link shows the same to everyone. */
export interface Preferences {
  readonly zone: Zone;
  readonly hiddenPredictionColumns: readonly string[];
  /** Who publishes from this browser, kept with every revision. */
  readonly author: string;
}

const KEY = 'switchyard-preferences';
const defaults: Preferences = { zone: 'local', hiddenPredictionColumns: ['version', 'unit'], author: '' };

export function loadPreferences(): Preferences {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (typeof kept !== 'object' || kept === null) return defaults;
    const { zone, hiddenPredictionColumns, author } = kept as Partial<Record<keyof Preferences, unknown>>;
    return {
      zone: zone === 'utc' ? 'utc' : 'local',
      hiddenPredictionColumns: Array.isArray(hiddenPredictionColumns)
        ? hiddenPredictionColumns.filter((name) => typeof name === 'string')
        : defaults.hiddenPredictionColumns,
      author: typeof author === 'string' ? author : '',
    };
  } catch {
    return defaults;
  }
}

export function keepPreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // Storage may be refused or full; the choice then lasts as long as the page.
  }
}

export const preferences = createSlice({
  name: 'preferences',
  initialState: defaults,
  reducers: {
    zoneChosen: (state, action: PayloadAction<Zone>) => {
      state.zone = action.payload;
    },
    authorNamed: (state, action: PayloadAction<string>) => {
      state.author = action.payload;
    },
    predictionColumnToggled: (state, action: PayloadAction<string>) => {
      const hidden = new Set(state.hiddenPredictionColumns);
      if (!hidden.delete(action.payload)) hidden.add(action.payload);
      state.hiddenPredictionColumns = [...hidden];
    },
  },
});

export const { zoneChosen, authorNamed, predictionColumnToggled } = preferences.actions;
