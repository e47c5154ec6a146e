const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};
const KNOWN = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'process', 'err']);

/** A child's structured log line as one line for a person; anything else is passed through. */
export function formatLogLine(processName: string, line: string): string {
  if (!line.startsWith('{')) return `${processName}: ${line}`;
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return `${processName}: ${line}`;
  }
  const time = typeof fields.time === 'number' ? new Date(fields.time).toISOString().slice(11, 23) : '';
  const level = (typeof fields.level === 'number' ? LEVELS[fields.level] : String(fields.level ?? '')) ?? '';
  const rest = Object.entries(fields)
    .filter(([key]) => !KNOWN.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const error = fields.err as { message?: unknown } | undefined;
  if (error?.message !== undefined) rest.push(`error=${String(error.message)}`);
  return [time, level.padEnd(5), processName, String(fields.msg ?? ''), ...rest]
    .filter((part) => part !== '')
    .join(' ');
}

/** Severity of a structured log line, 30 (info) when it has none. */
export function logLevelOf(line: string): number {
  const match = /^\{"level":(\d+)/.exec(line);
  return match === null ? (line.startsWith('{') ? 30 : 40) : Number(match[1]);
}
