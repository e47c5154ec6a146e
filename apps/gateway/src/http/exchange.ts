import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorRegistry, PROBLEM_CONTENT_TYPE, SwitchyardError, toProblem } from '@switchyard/contracts';
import { isSafeRequestId } from '../identifiers.ts';
import type { Arrival } from '../predict/prediction-runner.ts';
import { parseTimeoutMs, type RequestHeaders, readHeaders } from './request-headers.ts';

/** How failures are told: problem details, or the one member that the Open Inference Protocol knows. */
export type Protocol = 'switchyard' | 'open-inference';

/** One request and its answer. */
export interface Exchange extends Arrival {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly headers: RequestHeaders;
  readonly protocol: Protocol;
  /** How long after `startedAtMs` the caller stops waiting; undefined: the endpoint's own limit alone applies. */
  readonly timeoutMs: number | undefined;
}

export function openExchange(
  request: IncomingMessage,
  response: ServerResponse,
  protocol: Protocol,
  newId: () => string,
): Exchange {
  const headers = readHeaders(request.rawHeaders);
  const given = headers.requestId;
  return {
    request,
    response,
    headers,
    protocol,
    requestId: given !== undefined && isSafeRequestId(given) ? given : newId(),
    atMs: Date.now(),
    startedAtMs: performance.now(),
    timeoutMs: parseTimeoutMs(headers.requestTimeoutMs),
  };
}

/** Throws invalid_request for a deadline that cannot be read: ignoring it would let the caller wait in vain. */
export function checkTimeout({ headers, timeoutMs }: Exchange): void {
  if (headers.requestTimeoutMs === undefined || timeoutMs !== undefined) return;
  throw new SwitchyardError('invalid_request', 'x-request-timeout-ms is a whole number of milliseconds from 1 on');
}

/** @param extra further headers, as a flat list of names and values */
export function sendBody(
  exchange: Exchange,
  status: number,
  contentType: string,
  body: string | Uint8Array,
  extra: readonly string[] = [],
): void {
  const { response } = exchange;
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, [
    'content-type',
    contentType,
    'content-length',
    String(Buffer.byteLength(body)),
    'x-request-id',
    exchange.requestId,
    ...extra,
  ]);
  response.end(body);
}

export function sendJson(exchange: Exchange, status: number, body: string, extra: readonly string[] = []): void {
  sendBody(exchange, status, 'application/json', body, extra);
}

/** Tells the caller what is wrong, in the words of the protocol, and returns the code. */
export function sendFailure(exchange: Exchange, error: unknown): string {
  const problem = toProblem(error, exchange.requestId);
  const extra: string[] = [];
  if (SwitchyardError.is(error)) {
    const retryAfter = error.retryAfterSeconds ?? (errorRegistry[error.code].status === 503 ? 1 : undefined);
    if (retryAfter !== undefined) extra.push('retry-after', String(retryAfter));
    if (error.code === 'method_not_allowed') extra.push('allow', error.problems.map(({ detail }) => detail).join(', '));
  }
  if (exchange.protocol === 'open-inference') {
    const rest =
      problem.errors === undefined || problem.errors.length < 2 ? '' : ` (and ${problem.errors.length - 1} more)`;
    sendJson(exchange, problem.status, JSON.stringify({ error: `${problem.code}: ${problem.detail}${rest}` }), extra);
  } else {
    sendBody(exchange, problem.status, PROBLEM_CONTENT_TYPE, JSON.stringify(problem), extra);
  }
  return problem.code;
}
