import { configureStore } from '@reduxjs/toolkit';
import { useDispatch, useSelector } from 'react-redux';
import { api } from './api.ts';
import { endpointDrafts } from './endpoint-drafts.ts';
import { keepPreferences, loadPreferences, preferences } from './preferences.ts';

export const store = configureStore({
  reducer: { [api.reducerPath]: api.reducer, preferences: preferences.reducer, endpointDrafts: endpointDrafts.reducer },
  middleware: (defaults) => defaults().concat(api.middleware),
  preloadedState: { preferences: loadPreferences() },
});

let kept = store.getState().preferences;
store.subscribe(() => {
  const current = store.getState().preferences;
  if (current !== kept) keepPreferences(current);
  kept = current;
});

export type RootState = ReturnType<typeof store.getState>;
export const useAppDispatch = useDispatch.withTypes<typeof store.dispatch>();
export const useAppSelector = useSelector.withTypes<RootState>();
