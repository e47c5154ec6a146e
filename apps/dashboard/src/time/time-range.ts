/**
 * A range as the URL holds it: each end is an instant (ISO 8601) or an expression relative to now, which stays one,
 * so that a shared link to "the last hour" shows the hour before it is opened.
 */
export interface TimeRange {
  readonly from: string;
  readonly to: string;
}

export type Zone = 'utc' | 'local';
export type Parsed<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly reason: string };

export const DEFAULT_RANGE: TimeRange = { from: 'now-1h', to: 'now' };

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const UNIT_WORDS = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week', M: 'month', y: 'year' } as const;
type Unit = keyof typeof UNIT_WORDS;

export const QUICK_RANGES: readonly { readonly label: string; readonly range: TimeRange }[] = [
  { label: 'Last 5 minutes', range: { from: 'now-5m', to: 'now' } },
  { label: 'Last 15 minutes', range: { from: 'now-15m', to: 'now' } },
  { label: 'Last 1 hour', range: { from: 'now-1h', to: 'now' } },
  { label: 'Last 6 hours', range: { from: 'now-6h', to: 'now' } },
  { label: 'Last 24 hours', range: { from: 'now-24h', to: 'now' } },
  { label: 'Last 7 days', range: { from: 'now-7d', to: 'now' } },
  { label: 'Last 30 days', range: { from: 'now-30d', to: 'now' } },
  { label: 'Today', range: { from: 'now/d', to: 'now' } },
  { label: 'Yesterday', range: { from: 'now-1d/d', to: 'now-1d/d' } },
];

/**
 * `now`, then any number of `-15m`, `+2h`, `/d` (s, m, h, d, w, M, y); or an ISO 8601 date or instant; or Unix
 * milliseconds. `/d` rounds to the start of the day, for the end of a range to its end. An instant without a zone
 * is read in `zone`.
 */
export function parseInstant(text: string, now: number, zone: Zone, roundUp: boolean): Parsed<{ at: number }> {
  const expression = text.trim();
  if (/^\d{11,14}$/.test(expression)) return { ok: true, at: Number(expression) };
  if (!expression.startsWith('now')) return parseAbsolute(expression, zone, roundUp);
  const steps = expression.slice(3).replaceAll(' ', '');
  const pattern = /([+-])(\d{1,6})([smhdwMy])|\/([smhdwMy])/y;
  let at = now;
  while (pattern.lastIndex < steps.length) {
    const start = pattern.lastIndex;
    const match = pattern.exec(steps);
    if (match === null) return { ok: false, reason: `“${steps.slice(start)}” is not understood: try now-15m or now/d` };
    const [, sign, amount, unit, round] = match;
    at =
      round === undefined
        ? shift(at, (sign === '-' ? -1 : 1) * Number(amount), unit as Unit, zone)
        : roundTo(at, round as Unit, zone, roundUp);
  }
  return Number.isFinite(at) ? { ok: true, at } : { ok: false, reason: 'the date is out of range' };
}

/** Both ends in Unix milliseconds. */
export function resolveRange(range: TimeRange, now: number, zone: Zone): Parsed<{ from: number; to: number }> {
  const from = parseInstant(range.from, now, zone, false);
  if (!from.ok) return { ok: false, reason: `start: ${from.reason}` };
  const to = parseInstant(range.to, now, zone, true);
  if (!to.ok) return { ok: false, reason: `end: ${to.reason}` };
  if (from.at >= to.at) return { ok: false, reason: 'the start is not before the end' };
  return { ok: true, from: from.at, to: to.at };
}

/** What a person may type: "15m", "last 2h", "today", "now-24h to now-12h", "2026-11-01 to 2026-11-05". */
export function parseTypedRange(text: string, now: number, zone: Zone): Parsed<{ range: TimeRange }> {
  const typed = text.trim();
  const named = QUICK_RANGES.find(({ label }) => label.toLowerCase() === typed.toLowerCase());
  if (named !== undefined) return { ok: true, range: named.range };
  const short = /^(?:last\s+)?(\d{1,6})\s*([smhdwMy])$/.exec(typed);
  const [from = '', to = 'now'] = short === null ? typed.split(/\s+(?:to|–|until)\s+/) : [`now-${short[1]}${short[2]}`];
  if (from === '') return { ok: false, reason: 'type a range such as 15m, today or now-24h to now-12h' };
  const resolved = resolveRange({ from, to }, now, zone);
  return resolved.ok ? { ok: true, range: { from, to } } : resolved;
}

export function isRelative(range: TimeRange): boolean {
  return range.from.startsWith('now') || range.to.startsWith('now');
}

/** In words, such as "Last 1 hour" or "24 Nov 2026, 14:05 – 15:05". */
export function describeRange(range: TimeRange, now: number, zone: Zone): string {
  const known = QUICK_RANGES.find((quick) => quick.range.from === range.from && quick.range.to === range.to);
  if (known !== undefined) return known.label;
  const last = /^now-(\d+)([smhdwMy])$/.exec(range.from);
  if (last !== null && range.to === 'now') {
    const word = UNIT_WORDS[last[2] as Unit];
    return `Last ${last[1]} ${word}${last[1] === '1' ? '' : 's'}`;
  }
  if (isRelative(range)) return `${range.from} to ${range.to}`;
  const resolved = resolveRange(range, now, zone);
  return resolved.ok ? describeSpan(resolved.from, resolved.to, zone) : `${range.from} to ${range.to}`;
}

/** Two instants in words. */
export function describeSpan(from: number, to: number, zone: Zone): string {
  const seconds = to - from < 10 * UNITS.m;
  const format = new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(seconds ? { second: '2-digit' } : {}),
    ...(zone === 'utc' ? { timeZone: 'UTC' } : {}),
  });
  return format.formatRange(from, to);
}

/** Twice the span around the same middle, but not beyond now. */
export function zoomOut(from: number, to: number, now: number): TimeRange {
  const span = to - from;
  const end = Math.min(now, to + span / 2);
  return absoluteRange(end - span * 2, Math.max(end, from));
}

export function absoluteRange(from: number, to: number): TimeRange {
  return { from: new Date(Math.round(from)).toISOString(), to: new Date(Math.round(to)).toISOString() };
}

export const REFRESH_OPTIONS = ['auto', 'off', '5s', '10s', '30s', '1m', '5m'] as const;
export type Refresh = (typeof REFRESH_OPTIONS)[number];

/** Milliseconds between refreshes, null for none. `auto` is what a chart of 500 pixels can show, from 5 s to 5 min. */
export function refreshIntervalMs(refresh: Refresh, spanMs: number): number | null {
  if (refresh === 'off') return null;
  if (refresh === 'auto') return Math.min(300_000, Math.max(5_000, Math.round(spanMs / 500 / 1_000) * 1_000));
  return Number.parseInt(refresh, 10) * (refresh.endsWith('m') ? UNITS.m : UNITS.s);
}

/** What the clock of the page is, such as "UTC" or "Europe/Berlin (UTC+1)". */
export function zoneLabel(zone: Zone, now: number): string {
  if (zone === 'utc') return 'UTC';
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const minutes = -new Date(now).getTimezoneOffset();
  const hours = `${Math.floor(Math.abs(minutes) / 60)}${minutes % 60 === 0 ? '' : `:${String(Math.abs(minutes) % 60).padStart(2, '0')}`}`;
  return name === 'UTC' ? 'UTC' : `${name} (UTC${minutes < 0 ? '−' : '+'}${hours})`;
}

function parseAbsolute(text: string, zone: Zone, roundUp: boolean): Parsed<{ at: number }> {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/.exec(text);
  if (match === null) return { ok: false, reason: `“${text}” is not understood: try now-15m or 2026-11-24 14:00` };
  const [, day, time, offset] = match;
  const at = Date.parse(`${day}T${time ?? '00:00'}${offset ?? (zone === 'utc' ? 'Z' : '')}`);
  if (Number.isNaN(at)) return { ok: false, reason: `“${text}” is no date` };
  return { ok: true, at: time === undefined && roundUp ? shift(at, 1, 'd', zone) : at };
}

/** Days and longer follow the calendar of the zone, shorter ones the clock. */
function shift(at: number, amount: number, unit: Unit, zone: Zone): number {
  if (unit === 's' || unit === 'm' || unit === 'h') return at + amount * UNITS[unit];
  const date = calendar(at, zone);
  if (unit === 'd') date.day += amount;
  else if (unit === 'w') date.day += amount * 7;
  else if (unit === 'M') date.month += amount;
  else date.year += amount;
  if (unit === 'M' || unit === 'y') date.day = Math.min(date.day, daysInMonth(date.year, date.month));
  return fromCalendar(date, zone);
}

function roundTo(at: number, unit: Unit, zone: Zone, roundUp: boolean): number {
  const date = calendar(at, zone);
  date.millisecond = 0;
  if (unit === 's') return fromCalendar(date, zone) + (roundUp ? 1_000 : 0);
  date.second = 0;
  if (unit === 'm') return fromCalendar(date, zone) + (roundUp ? 60_000 : 0);
  date.minute = 0;
  if (unit === 'h') return fromCalendar(date, zone) + (roundUp ? 3_600_000 : 0);
  date.hour = 0;
  if (unit === 'w') date.day -= (date.weekday + 6) % 7;
  if (unit === 'M' || unit === 'y') date.day = 1;
  if (unit === 'y') date.month = 0;
  const start = fromCalendar(date, zone);
  return roundUp ? shift(start, 1, unit, zone) : start;
}

function calendar(at: number, zone: Zone) {
  const date = new Date(at);
  return zone === 'utc'
    ? {
        year: date.getUTCFullYear(),
        month: date.getUTCMonth(),
        day: date.getUTCDate(),
        hour: date.getUTCHours(),
        minute: date.getUTCMinutes(),
        second: date.getUTCSeconds(),
        millisecond: date.getUTCMilliseconds(),
        weekday: date.getUTCDay(),
      }
    : {
        year: date.getFullYear(),
        month: date.getMonth(),
        day: date.getDate(),
        hour: date.getHours(),
        minute: date.getMinutes(),
        second: date.getSeconds(),
        millisecond: date.getMilliseconds(),
        weekday: date.getDay(),
      };
}

function fromCalendar(date: ReturnType<typeof calendar>, zone: Zone): number {
  const parts = [date.year, date.month, date.day, date.hour, date.minute, date.second, date.millisecond] as const;
  return zone === 'utc' ? Date.UTC(...parts) : new Date(...parts).getTime();
}

const daysInMonth = (year: number, month: number): number => new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
