export type Zone = 'utc' | 'local';

const timeZone = (zone: Zone): { timeZone?: string } => (zone === 'utc' ? { timeZone: 'UTC' } : {});
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: Zone, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone} ${name}`;
  let found = formatters.get(key);
  if (found === undefined) {
    found = new Intl.DateTimeFormat('en-GB', { ...options, ...timeZone(zone) });
    formatters.set(key, found);
  }
  return found;
}

const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
const day = { day: 'numeric', month: 'short' } as const;

/**
 * Labels of a time axis. Times within a day are told as time of day; the first tick of each day names the day,
 * so that no axis is without a date for longer than a day.
 */
export function timeTickLabels(ticks: readonly number[], tickSeconds: number, zone: Zone): string[] {
  const days = formatter(zone, 'day', day);
  if (tickSeconds >= 28 * 86_400) {
    const months = formatter(zone, 'month', { month: 'short', year: 'numeric' });
    return ticks.map((tick) => months.format(tick * 1_000));
  }
  if (tickSeconds >= 86_400) return ticks.map((tick) => days.format(tick * 1_000));
  const times = formatter(zone, tickSeconds < 60 ? 'seconds' : 'minutes', {
    ...clock,
    ...(tickSeconds < 60 ? { second: '2-digit' } : {}),
  });
  let previous: string | undefined;
  return ticks.map((tick) => {
    const today = days.format(tick * 1_000);
    const label = previous !== undefined && today !== previous ? today : times.format(tick * 1_000);
    previous = today;
    return label;
  });
}

/** A step in words: its day, start and end, such as "24 Nov, 14:05 – 14:10". */
export function stepLabel(startSeconds: number, stepSeconds: number, zone: Zone): string {
  const start = new Date(startSeconds * 1_000);
  const end = new Date((startSeconds + stepSeconds) * 1_000);
  const days = formatter(zone, 'day', day);
  if (stepSeconds >= 86_400) return `${days.format(start)} – ${days.format(end)}`;
  const times = formatter(zone, stepSeconds % 60 === 0 ? 'minutes' : 'seconds', {
    ...clock,
    ...(stepSeconds % 60 === 0 ? {} : { second: '2-digit' }),
  });
  return `${days.format(start)}, ${times.format(start)} – ${times.format(end)}`;
}
