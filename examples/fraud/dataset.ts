import { readFileSync } from 'node:fs';

export interface Transaction {
  /** Row of the data set, 0 for the first line after the header. */
  readonly row: number;
  readonly features: Readonly<Record<string, number>>;
  /** 1 = fraud. */
  readonly label: number;
}

const path = new URL('./data/transactions.csv', import.meta.url);

/** The last 40 % by time start here; the rows before trained the models. */
export const FIRST_REPLAY_ROW = 6_340;

/** The transactions from `firstRow` on, in time order. `Time` only counts up and is not a feature. */
export function readTransactions(firstRow = 0): Transaction[] {
  const [header = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const columns = header.split(',');
  return lines.slice(firstRow).map((line, index) => {
    const values = line.split(',').map(Number);
    const features: Record<string, number> = {};
    let label = 0;
    columns.forEach((column, position) => {
      const value = values[position];
      if (value === undefined || Number.isNaN(value))
        throw new Error(`transactions.csv, row ${firstRow + index}: ${column} is not a number`);
      if (column === 'Class') label = value;
      else if (column !== 'Time') features[column] = value;
    });
    return { row: firstRow + index, features, label };
  });
}
