import { REFRESH_OPTIONS, type Refresh } from '../time/time-range.ts';

/** Plain text values, so that an address can be read and typed: the router's own encoding puts quotes around numbers. */
export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(search: Record<string, unknown>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value !== undefined && value !== null && value !== '') parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

export interface RangeSearch {
  readonly from?: string;
  readonly to?: string;
  readonly refresh?: Refresh;
}

export function rangeSearch(search: Record<string, unknown>): RangeSearch {
  const refresh = REFRESH_OPTIONS.find((option) => option === search.refresh);
  return {
    ...(typeof search.from === 'string' ? { from: search.from } : {}),
    ...(typeof search.to === 'string' ? { to: search.to } : {}),
    ...(refresh === undefined ? {} : { refresh }),
  };
}
