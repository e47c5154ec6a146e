import { failure, type Result } from '../result.ts';
import { findTaskProblem } from '../settings.ts';
import { applyCalibrator, type Calibrator } from './calibrate.ts';
import type { MemberLog } from './rows.ts';

/**
 * The log as calibrated members would have answered it, to learn weights or a stack for them: one calibrator per
 * member, or null to leave one as it is. Answers that are missing (NaN) stay so. The calibrators must come from other
 * rows, or both will look too good.
 * Fails on regression, without members, on lists of another length, and on an answer that its calibrator cannot take
 * (the reason names row and member). Source: `applyCalibrator`, row by row.
 */
export function calibrateLog(
  log: MemberLog,
  calibrators: readonly (Calibrator | null)[],
): Result<{ readonly log: MemberLog }> {
  const { task, members, outcomes } = log;
  const problem = findTaskProblem(task);
  if (problem) return problem;
  if (task.kind === 'regression') return failure('not-applicable', 'classification: only probabilities are calibrated');
  if (members.length === 0) return failure('empty', 'the answers of at least one member');
  if (calibrators.length !== members.length)
    return failure('length-mismatch', `a calibrator or null for each of ${members.length} members`);
  const { classes } = task;
  const calibrated: ArrayLike<number>[] = [];
  for (const [member, answers] of members.entries()) {
    const calibrator = calibrators[member];
    if (answers.length !== classes * outcomes.length)
      return failure('length-mismatch', `${classes} numbers a row of member ${member}`);
    const corrected = Float64Array.from(answers);
    for (let row = 0; calibrator && row < outcomes.length; row += 1) {
      const one = corrected.subarray(row * classes, (row + 1) * classes);
      if (one.some(Number.isNaN)) continue;
      const applied = applyCalibrator(calibrator, one);
      if (!applied.ok) return { ...applied, needed: `${applied.needed}; see row ${row} of member ${member}` };
      one.set(applied.probabilities);
    }
    calibrated.push(corrected);
  }
  return { ok: true, log: { task, members: calibrated, outcomes } };
}
