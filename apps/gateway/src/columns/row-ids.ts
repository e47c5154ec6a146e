import { rowDigits } from '@switchyard/prediction-log';

/** Ids of the rows of a request are one new id whose last four digits number them: they are made, and kept, as one. */
const PREFIX_LENGTH = 32;

/** What the ids of up to 65,536 rows begin with. The time and the sequence within keep them apart from all others. */
export const newRowIds = (newId: () => string): string => newId().slice(0, PREFIX_LENGTH);

/** The ids of the rows 0 up to `count`, as a list in JSON. */
export function idsJson(prefix: string, count: number): string {
  let text = `["${prefix}${rowDigits(0)}`;
  for (let row = 1; row < count; row += 1) text += `","${prefix}${rowDigits(row)}`;
  return `${text}"]`;
}
