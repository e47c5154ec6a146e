import { failure, type Result } from '../result.ts';
import type { MemberLog } from './rows.ts';

/**
 * The rows that no member can have been trained on: those after every member's training cutoff. Times in any one unit,
 * such as milliseconds since 1970. A row at the cutoff itself counts as seen. Assumes that training used no later row
 * than its cutoff says. Fails without rows or members, when a time or cutoff is not finite, and when no row is left
 * (the reason names the latest cutoff). Source: definition, time > max(cutoffs).
 */
export function selectFreshRows(
  rowTimes: ArrayLike<number>,
  trainedUntil: ArrayLike<number>,
): Result<{ readonly rows: readonly number[]; readonly cutoff: number }> {
  if (rowTimes.length === 0) return failure('empty', 'the times of at least one row');
  if (trainedUntil.length === 0) return failure('empty', 'the training cutoff of at least one member');
  let cutoff = Number.NEGATIVE_INFINITY;
  for (let member = 0; member < trainedUntil.length; member += 1) {
    const until = trainedUntil[member] as number;
    if (!Number.isFinite(until)) return failure('not-finite', `a finite training cutoff of member ${member}`);
    cutoff = Math.max(cutoff, until);
  }
  const rows: number[] = [];
  for (let row = 0; row < rowTimes.length; row += 1) {
    const time = rowTimes[row] as number;
    if (!Number.isFinite(time)) return failure('not-finite', `a finite time of row ${row}`);
    if (time > cutoff) rows.push(row);
  }
  return rows.length === 0
    ? failure('too-few-rows', `rows later than ${cutoff}, when the last member was trained`)
    : { ok: true, rows, cutoff };
}

/**
 * The given rows of a log, in the given order; a row given twice is there twice. Fails without rows, on a row that the
 * log does not have, and on a member whose answers are not as many as the rows. Source: definition.
 */
export function takeRows(log: MemberLog, rows: readonly number[]): Result<{ readonly log: MemberLog }> {
  if (rows.length === 0) return failure('empty', 'at least one row');
  const width = log.task.kind === 'classification' ? log.task.classes : 1;
  const wrong = rows.find((row) => !Number.isInteger(row) || row < 0 || row >= log.outcomes.length);
  if (wrong !== undefined)
    return failure('invalid-argument', `rows from 0 to ${log.outcomes.length - 1}; there is no row ${wrong}`);
  const short = log.members.findIndex((answers) => answers.length !== log.outcomes.length * width);
  if (short >= 0) return failure('length-mismatch', `${width} numbers a row of member ${short}`);
  const members = log.members.map((answers) => {
    const taken = new Float64Array(rows.length * width);
    for (const [at, row] of rows.entries()) {
      for (let column = 0; column < width; column += 1)
        taken[at * width + column] = answers[row * width + column] as number;
    }
    return taken;
  });
  return { ok: true, log: { task: log.task, members, outcomes: rows.map((row) => log.outcomes[row]) } };
}
