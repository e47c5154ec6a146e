/** What is shown where a number cannot be said. */
export const NOTHING = '—';

type Maybe = number | null | undefined;
const missing = (value: Maybe): value is null | undefined =>
  value === null || value === undefined || !Number.isFinite(value);
const plain = new Intl.NumberFormat('en');
const three = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

/** 12,345 · 1.23 M */
export function formatCount(value: Maybe): string {
  if (missing(value)) return NOTHING;
  if (Math.abs(value) >= 1e9) return `${three.format(value / 1e9)} bn`;
  if (Math.abs(value) >= 1e6) return `${three.format(value / 1e6)} M`;
  return plain.format(value);
}

/** 84 µs · 1.25 ms · 2.1 s */
export function formatMicros(value: Maybe): string {
  if (missing(value)) return NOTHING;
  if (value < 1_000) return `${three.format(value)} µs`;
  if (value < 1_000_000) return `${three.format(value / 1_000)} ms`;
  return `${three.format(value / 1_000_000)} s`;
}

/** A share of one as percent. Never rounded to 0 % or 100 % when it is neither. */
export function formatPercent(value: Maybe, digits = 1): string {
  if (missing(value)) return NOTHING;
  const smallest = 10 ** -digits;
  const percent = value * 100;
  if (percent > 0 && percent < smallest) return `< ${smallest} %`;
  if (percent < 100 && percent > 100 - smallest) return `> ${plain.format(100 - smallest)} %`;
  return `${percent.toLocaleString('en', { maximumFractionDigits: digits })} %`;
}

/** A number of any size with up to four digits that count. */
export function formatNumber(value: Maybe): string {
  if (missing(value)) return NOTHING;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(2);
  return value.toLocaleString('en', size >= 1_000 ? { maximumFractionDigits: 1 } : { maximumSignificantDigits: 4 });
}

export function formatBytes(value: Maybe): string {
  if (missing(value)) return NOTHING;
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let rest = value;
  let unit = 0;
  while (rest >= 1_000 && unit < units.length - 1) {
    rest /= 1_000;
    unit += 1;
  }
  return `${three.format(rest)} ${units[unit]}`;
}

/** "just now", "5 min ago", "3 h ago", "2 d ago" */
export function formatAgo(instant: string, now: number): string {
  const seconds = Math.round((now - Date.parse(instant)) / 1_000);
  if (Number.isNaN(seconds)) return NOTHING;
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

export function formatInstant(instant: string, zone: 'utc' | 'local', detail: 'time' | 'full' = 'full'): string {
  return new Intl.DateTimeFormat('en-GB', {
    ...(detail === 'full' ? { day: 'numeric', month: 'short', year: 'numeric' } : {}),
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...(zone === 'utc' ? { timeZone: 'UTC' } : {}),
  }).format(Date.parse(instant));
}

/** A count and its noun: "1 version", "3 versions". */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : many}`;
}
