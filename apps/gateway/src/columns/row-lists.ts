import { type LineWriter, rowDigits } from '@switchyard/prediction-log';

/**
 * A list in JSON with an entry for each row of a request. Parameters are scalars in the Open Inference Protocol, so it
 * travels as a text; within the JSON of an answer that text is escaped once more.
 */
export interface RowList {
  /** The list itself. */
  toString(): string;
  /** Writes it as it stands within a text of JSON. */
  writeEscaped(writer: LineWriter): void;
}

const PREFIX_LENGTH = 32;
const OPEN = Buffer.from('[');
const CLOSE = Buffer.from(']');

/**
 * What the ids of the rows of a request begin with: they are one new id whose last four digits number up to 65,536 rows,
 * made and kept as one. The time and the sequence within keep them apart from all others.
 */
export const newRowIds = (newId: () => string): string => newId().slice(0, PREFIX_LENGTH);

/** The ids of the rows 0 up to `count`, at least one. */
export function idList(prefix: string, count: number): RowList {
  const before = `,\\"${prefix}`;
  const entry = Buffer.from(`${before}${rowDigits(0)}\\"`);
  return {
    toString() {
      let text = `["${prefix}${rowDigits(0)}`;
      for (let row = 1; row < count; row += 1) text += `","${prefix}${rowDigits(row)}`;
      return `${text}"]`;
    },
    writeEscaped(writer) {
      writer.bytes(OPEN);
      writer.bytes(entry.subarray(1));
      writer.numbered(entry, before.length, 1, count);
      writer.bytes(CLOSE);
    },
  };
}

/** @param entries the JSON of what belongs to each row @param same how many rows have the one entry, where there is one */
export function entryList(entries: readonly string[], same = 1): RowList {
  const [only = ''] = entries;
  return {
    toString: () => (entries.length === 1 ? `[${`${only},`.repeat(same - 1)}${only}]` : `[${entries.join(',')}]`),
    writeEscaped(writer) {
      writer.bytes(OPEN);
      if (entries.length === 1) {
        const entry = Buffer.from(`,${escapedText(only)}`);
        writer.bytes(entry.subarray(1));
        writer.repeated(entry, same - 1);
      } else writer.text(escapedText(entries.join(',')));
      writer.bytes(CLOSE);
    },
  };
}

const escapedText = (text: string): string => JSON.stringify(text).slice(1, -1);
