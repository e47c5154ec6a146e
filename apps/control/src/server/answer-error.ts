import { PROBLEM_CONTENT_TYPE, SwitchyardError, toProblem } from '@switchyard/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

/** What Fastify and its plugins refuse by themselves, in our words. */
const FRAMEWORK_ERRORS: Record<string, () => SwitchyardError> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => new SwitchyardError('body_too_large', 'The body is larger than allowed here.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: unsupportedMediaType,
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new SwitchyardError('invalid_request', 'The body is not as long as the Content-Length says.'),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => new SwitchyardError('malformed_json', 'The body is empty, JSON is expected.'),
  FST_ERR_CTP_INVALID_JSON_BODY: malformedJson,
  FST_ERR_BAD_URL: () => new SwitchyardError('invalid_request', 'The address is not validly encoded.'),
  FST_ERR_ASYNC_CONSTRAINT: () => new SwitchyardError('route_not_found', 'There is nothing at this address.'),
  FST_ERR_MAX_PARAM_LENGTH: () => new SwitchyardError('route_not_found', 'There is nothing at this address.'),
  FST_ERR_PARAM_LENGTH: () => new SwitchyardError('route_not_found', 'There is nothing at this address.'),
};

function malformedJson(): SwitchyardError {
  return new SwitchyardError('malformed_json', 'The body is not valid JSON.');
}

export function unsupportedMediaType(): SwitchyardError {
  return new SwitchyardError('unsupported_media_type', 'The content type is not supported here.');
}

/** Failures of the way to a store rather than of what was asked of it: the same request may succeed later. */
const STORE_AWAY = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  '57P01',
  '57P02',
  '57P03',
  '53300',
]);

/** Translates by code, never by message. What is left is unknown and stays as it is. */
export function translateError(error: unknown): unknown {
  if (SwitchyardError.is(error) || typeof error !== 'object' || error === null) return error;
  const code = String((error as { code?: unknown }).code ?? '');
  const known = FRAMEWORK_ERRORS[code];
  if (known) return known();
  // The JSON parser of the framework marks what it refuses only this way.
  if (error instanceof SyntaxError && (error as { statusCode?: unknown }).statusCode === 400) return malformedJson();
  if (STORE_AWAY.has(code) || code.startsWith('08')) {
    return new SwitchyardError('storage_unavailable', 'A store does not answer.', {
      cause: error,
      retryAfterSeconds: 2,
    });
  }
  return error;
}

/** The one place where a failure becomes an answer and, when a person must know, a line in the log. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply, logger: Logger): void {
  const translated = translateError(error);
  const problem = toProblem(translated, request.id);
  if (problem.code === 'internal_error') {
    logger.error({ err: error, requestId: request.id, route: request.routeOptions.url }, 'request failed');
  } else if (problem.status >= 500) {
    logger.warn({ err: error, requestId: request.id, code: problem.code }, 'request failed');
  }
  const retryAfterSeconds = SwitchyardError.is(translated) ? translated.retryAfterSeconds : undefined;
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  // The rest of a body that is too large is not worth reading, so the connection cannot be used again.
  if (problem.status === 413) reply.header('connection', 'close');
  reply.code(problem.status).type(PROBLEM_CONTENT_TYPE).send(problem);
}
