import { checkSameLength, isMissing } from './internal/check.ts';
import { failure, type Result } from './result.ts';

/**
 * Which rows have a value in every column? For callers who decide to leave incomplete rows out: the functions of this
 * package refuse NaN scores instead of dropping them silently.
 *
 * Formula: row i is kept when no column's cell i is missing. A cell is missing when it is null, undefined, NaN or
 * infinite. Assumes that leaving the incomplete rows out is right: where a value is missing more often on hard rows,
 * what remains looks too good.
 * Domain: columns of equal length, of any type. Fails without columns or rows (`empty`), with columns of different
 * length (`length-mismatch`), and when no row is complete (`all-missing`).
 * Source: definition (complete-case analysis).
 */
export function completeRows(
  columns: readonly ArrayLike<unknown>[],
): Result<{ readonly rows: Uint32Array; readonly incomplete: number }> {
  const first = columns[0];
  if (first === undefined) return failure('empty', 'at least one column');
  for (const [position, column] of columns.entries()) {
    const problem = checkSameLength(`columns[${position}]`, column.length, first.length);
    if (problem) return problem;
  }
  if (first.length === 0) return failure('empty', 'at least one row');
  const rows = new Uint32Array(first.length);
  let count = 0;
  for (let index = 0; index < first.length; index += 1) {
    if (columns.some((column) => isIncomplete(column[index]))) continue;
    rows[count] = index;
    count += 1;
  }
  if (count === 0) return failure('all-missing', 'at least one row with a value in every column');
  return { ok: true, rows: rows.subarray(0, count), incomplete: first.length - count };
}

function isIncomplete(value: unknown): boolean {
  return isMissing(value) || (typeof value === 'number' && !Number.isFinite(value));
}
