import { type ErrorCode, SwitchyardError } from '@switchyard/contracts';

/** What can go wrong with a call of a model server, as it is counted. */
export const failureReasons = [
  'unreachable',
  'disconnected',
  'timeout',
  'cancelled',
  'queue_full',
  'server_overloaded',
  'server_failed',
  'server_refused',
  'unreadable',
  'too_large',
  'wrong_rows',
  'wrong_types',
  'mismatched',
  'request',
] as const;
export type FailureReason = (typeof failureReasons)[number];

const codes: Record<FailureReason, ErrorCode> = {
  unreachable: 'upstream_unreachable',
  disconnected: 'upstream_disconnected',
  timeout: 'deadline_exceeded',
  cancelled: 'deadline_exceeded',
  queue_full: 'overloaded',
  server_overloaded: 'upstream_overloaded',
  server_failed: 'upstream_failed',
  server_refused: 'upstream_refused',
  unreadable: 'upstream_unreadable',
  too_large: 'upstream_too_large',
  wrong_rows: 'upstream_wrong_rows',
  wrong_types: 'upstream_wrong_types',
  mismatched: 'model_unavailable',
  request: 'invalid_request',
};

/** Names, shapes and words in it are those of a server, which can send any amount of them. */
const MAXIMUM_DETAIL = 1_000;
/** More is not looked at to make a line of it. */
const MAXIMUM_LOOKED_AT = 10_000;

/** One failed call: its reason for the counters, its code and message for whoever asked. */
export class UpstreamFailure extends SwitchyardError {
  readonly reason: FailureReason;

  constructor(reason: FailureReason, detail: string, cause?: unknown) {
    super(codes[reason], shorten(detail, MAXIMUM_DETAIL), {
      ...(cause === undefined ? {} : { cause }),
      ...(reason === 'queue_full' || reason === 'server_overloaded' ? { retryAfterSeconds: 1 } : {}),
    });
    this.name = 'UpstreamFailure';
    this.reason = reason;
  }
}

/** What any failure of a call counts as. */
export function reasonOf(error: unknown): FailureReason {
  if (error instanceof UpstreamFailure) return error.reason;
  // The rows could not be turned into what the server takes: it was never asked.
  return SwitchyardError.is(error) ? 'request' : 'server_failed';
}

/** A server's own words, short, in one line, without control characters. */
export function shorten(text: string, maximum = 300): string {
  const line = text
    .slice(0, MAXIMUM_LOOKED_AT)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, ' ')
    .trim();
  return line.length > maximum ? `${line.slice(0, maximum)}…` : line;
}

/** `AggregateError` of a host with several addresses says nothing itself. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  return shorten(error instanceof Error ? error.message : String(error));
}
