import { useNavigate, useSearch } from '@tanstack/react-router';
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import { useAppSelector } from '../api/store.ts';
import {
  absoluteRange,
  DEFAULT_RANGE,
  isRelative,
  type Refresh,
  refreshIntervalMs,
  resolveRange,
  type TimeRange,
  type Zone,
} from './time-range.ts';

export interface ResolvedRange {
  /** As the URL holds it. */
  readonly range: TimeRange;
  /** ISO 8601 */
  readonly from: string;
  readonly to: string;
  /** Unix milliseconds */
  readonly fromMs: number;
  readonly toMs: number;
  /** Why the range of the URL is not the one shown; undefined when it is. */
  readonly problem: string | undefined;
  readonly refresh: Refresh;
  readonly zone: Zone;
  readonly refreshNow: () => void;
}

const Context = createContext<ResolvedRange | null>(null);

/** Resolves the range of the URL once for the whole page, and again at each refresh, so that all panels show the same one. */
export function TimeRangeProvider(props: { children: ReactNode }) {
  const search = useSearch({ strict: false });
  const zone = useAppSelector((state) => state.preferences.zone);
  const from = search.from ?? DEFAULT_RANGE.from;
  const to = search.to ?? DEFAULT_RANGE.to;
  const refresh = search.refresh ?? 'auto';
  const [now, setNow] = useState(Date.now);
  const refreshNow = useCallback(() => setNow(Date.now()), []);
  const value = useMemo((): ResolvedRange => {
    const resolved = resolveRange({ from, to }, now, zone);
    const shown = resolved.ok ? resolved : resolveRange(DEFAULT_RANGE, now, zone);
    if (!shown.ok) throw new Error('the default range is always valid');
    // Whole seconds: the same instant asked for twice is one request.
    const [fromMs, toMs] = [Math.floor(shown.from / 1_000) * 1_000, Math.ceil(shown.to / 1_000) * 1_000];
    return {
      range: { from, to },
      ...absoluteRange(fromMs, toMs),
      fromMs,
      toMs,
      problem: resolved.ok ? undefined : resolved.reason,
      refresh,
      zone,
      refreshNow,
    };
  }, [from, to, now, zone, refresh, refreshNow]);

  // A range that was just chosen is resolved against the clock of that moment.
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when the range changes
  useEffect(refreshNow, [from, to, refreshNow]);
  const interval = isRelative(value.range) ? refreshIntervalMs(refresh, value.toMs - value.fromMs) : null;
  useEffect(() => {
    if (interval === null) return;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setNow(Date.now());
    }, interval);
    const shown = () => {
      if (document.visibilityState === 'visible') setNow(Date.now());
    };
    document.addEventListener('visibilitychange', shown);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', shown);
    };
  }, [interval]);
  return <Context value={value}>{props.children}</Context>;
}

export function useTimeRange(): ResolvedRange {
  const value = useContext(Context);
  if (value === null) throw new Error('useTimeRange needs a TimeRangeProvider');
  return value;
}

/** Puts a range into the URL; each one is a step of the browser's history, so that back undoes a zoom. */
export function useSetTimeRange(): (range: TimeRange) => void {
  const navigate = useNavigate();
  return useCallback(
    (range) => {
      const isDefault = range.from === DEFAULT_RANGE.from && range.to === DEFAULT_RANGE.to;
      void navigate({
        to: '.',
        search: (before) =>
          ({ ...before, from: isDefault ? undefined : range.from, to: isDefault ? undefined : range.to }) as never,
      });
    },
    [navigate],
  );
}

export function useZoom(): (from: number, to: number) => void {
  const set = useSetTimeRange();
  return useCallback((from, to) => set(absoluteRange(from, to)), [set]);
}
