import { SwitchyardError } from '@switchyard/contracts';

const FULL = new Set(['ENOSPC', 'EDQUOT']);

/** Why shipping failed, for people: says nothing that was not written for them. The error itself goes to the log. */
export function describeProblem(error: unknown): string {
  if (SwitchyardError.is(error)) return error.message;
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  if (syscall !== undefined) {
    return FULL.has(code ?? '')
      ? 'the disk of the prediction log is full'
      : `a file of the prediction log cannot be read or written (${code})`;
  }
  return 'the analytics store does not take the prediction log, the log of control says why';
}
