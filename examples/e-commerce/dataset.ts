import { readFileSync } from 'node:fs';

export type VisitorType = 'Returning_Visitor' | 'New_Visitor' | 'Other';

export interface Session {
  /** Row of the data set, 0 for the first line after the header. */
  readonly row: number;
  readonly month: string;
  readonly visitorType: VisitorType;
  readonly features: Readonly<Record<string, number | string | boolean>>;
  /** 1 = the session ended in a purchase. */
  readonly label: number;
}

const path = new URL('./data/sessions.csv', import.meta.url);

/** The months in their order within the year; the file is not in this order. Those up to July trained the models. */
export const FIRST_PART_MONTHS = ['Aug', 'Sep', 'Oct'] as const;
export const SECOND_PART_MONTHS = ['Nov', 'Dec'] as const;

/** No replayed month occurs in training, and `SpecialDay` is 0 in all of them: neither is a feature. */
const NOT_A_FEATURE: ReadonlySet<string> = new Set(['Month', 'SpecialDay', 'Revenue']);
const TEXT_COLUMNS: ReadonlySet<string> = new Set(['Month', 'VisitorType']);
const BOOLEAN_COLUMNS: ReadonlySet<string> = new Set(['Weekend', 'Revenue']);

/** All sessions in the order of the file. */
export function readSessions(): Session[] {
  const [header = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const columns = header.split(',');
  return lines.map((line, row) => {
    const values = line.split(',');
    const record: Record<string, number | string | boolean> = {};
    columns.forEach((column, position) => {
      record[column] = readValue(column, values[position], row);
    });
    return {
      row,
      month: String(record.Month),
      visitorType: record.VisitorType as VisitorType,
      features: Object.fromEntries(Object.entries(record).filter(([column]) => !NOT_A_FEATURE.has(column))),
      label: record.Revenue === true ? 1 : 0,
    };
  });
}

/** The sessions of some months, month by month; within a month in the order of the file, which is all it tells of time. */
export function sessionsOf(sessions: readonly Session[], months: readonly string[]): Session[] {
  return months.flatMap((month) => sessions.filter((session) => session.month === month));
}

function readValue(column: string, text: string | undefined, row: number): number | string | boolean {
  if (text !== undefined && text !== '') {
    if (TEXT_COLUMNS.has(column)) return text;
    if (BOOLEAN_COLUMNS.has(column)) {
      if (text === 'TRUE' || text === 'FALSE') return text === 'TRUE';
    } else if (Number.isFinite(Number(text))) return Number(text);
  }
  throw new Error(`sessions.csv, row ${row}: ${column} is '${text}'`);
}
