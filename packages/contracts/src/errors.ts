/**
 * The one registry of error codes. Codes are never reused or renamed.
 * `retryable` says whether the same request may succeed later without being changed.
 */
export const errorRegistry = {
  // What the caller sent
  malformed_json: { status: 400, title: 'The body is not valid JSON', retryable: false },
  invalid_request: { status: 400, title: 'The request does not match the contract', retryable: false },
  invalid_features: { status: 400, title: 'One or more rows do not match the signature', retryable: false },
  unsupported_media_type: { status: 415, title: 'The content type or encoding is not supported', retryable: false },
  body_too_large: { status: 413, title: 'The body is larger than allowed', retryable: false },
  batch_too_large: { status: 413, title: 'The request holds more rows than allowed', retryable: false },
  unauthenticated: { status: 401, title: 'Credentials are missing or wrong', retryable: false },
  origin_not_allowed: { status: 403, title: 'Requests from there are not answered', retryable: false },
  method_not_allowed: { status: 405, title: 'The method is not allowed here', retryable: false },
  route_not_found: { status: 404, title: 'There is nothing at this address', retryable: false },
  // What the request names
  endpoint_not_found: { status: 404, title: 'The endpoint does not exist', retryable: false },
  model_not_found: { status: 404, title: 'The model does not exist', retryable: false },
  version_not_found: { status: 404, title: 'The model version does not exist', retryable: false },
  alias_not_found: { status: 404, title: 'The alias does not exist', retryable: false },
  revision_not_found: { status: 404, title: 'The endpoint revision does not exist', retryable: false },
  snapshot_not_found: { status: 404, title: 'The serving snapshot is not on record', retryable: false },
  prediction_not_found: { status: 404, title: 'The prediction is not known', retryable: true },
  artifact_not_found: { status: 404, title: 'The artifact is not stored here', retryable: false },
  // What would break a rule
  already_exists: { status: 409, title: 'The name is taken', retryable: false },
  revision_conflict: { status: 409, title: 'Somebody else published first', retryable: false },
  clients_refused: {
    status: 409,
    title: 'Requests that are answered now would be refused',
    retryable: false,
  },
  in_use: { status: 409, title: 'It is still in use', retryable: false },
  invalid_policy: { status: 422, title: 'The policy cannot be served', retryable: false },
  alias_cycle: { status: 422, title: 'The aliases point at each other', retryable: false },
  invalid_artifact: { status: 422, title: 'The artifact cannot be served', retryable: false },
  artifact_too_large: { status: 413, title: 'The artifact is larger than allowed', retryable: false },
  // What is not done here
  unsupported_operation: { status: 501, title: 'This is not done here', retryable: false },
  // What went wrong here
  overloaded: { status: 429, title: 'The queue is full', retryable: true },
  deadline_exceeded: { status: 504, title: 'No answer within the deadline', retryable: true },
  not_ready: { status: 503, title: 'The service is starting or draining', retryable: true },
  model_unavailable: { status: 503, title: 'The model is not loaded', retryable: true },
  model_failed: { status: 502, title: 'The model failed to answer', retryable: true },
  // What went wrong at a server that runs a model for us
  upstream_unreachable: { status: 503, title: 'The model server cannot be reached', retryable: true },
  upstream_disconnected: { status: 502, title: 'The model server broke the connection', retryable: true },
  upstream_failed: { status: 502, title: 'The model server answered with a failure of its own', retryable: true },
  upstream_refused: { status: 502, title: 'The model server refused the request', retryable: false },
  upstream_overloaded: { status: 503, title: 'The model server has no capacity left', retryable: true },
  upstream_unreadable: { status: 502, title: 'The answer of the model server cannot be read', retryable: true },
  upstream_too_large: { status: 502, title: 'The answer of the model server is larger than allowed', retryable: false },
  upstream_wrong_rows: { status: 502, title: 'The model server answered for other rows than asked', retryable: true },
  upstream_wrong_types: { status: 502, title: 'The answer of the model server has the wrong types', retryable: true },
  log_unavailable: { status: 503, title: 'The prediction log cannot be written', retryable: true },
  storage_unavailable: { status: 503, title: 'A store does not answer', retryable: true },
  storage_full: { status: 507, title: 'There is no space left to store this', retryable: true },
  internal_error: { status: 500, title: 'Something unexpected went wrong', retryable: false },
} as const satisfies Record<string, { status: number; title: string; retryable: boolean }>;

export type ErrorCode = keyof typeof errorRegistry;

/** One thing wrong at one place: `field` is a dotted path into the body, `index` a row of a batch. */
export interface FieldProblem {
  readonly field?: string;
  readonly index?: number;
  readonly code?: string;
  readonly detail: string;
}

const BRAND = Symbol.for('switchyard.error');

/** A failure that may be told to the caller: its `detail` is written for them. */
export class SwitchyardError extends Error {
  readonly code: ErrorCode;
  readonly problems: readonly FieldProblem[];
  readonly retryAfterSeconds: number | undefined;
  readonly [BRAND] = true;

  constructor(
    code: ErrorCode,
    detail: string,
    options: { problems?: readonly FieldProblem[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SwitchyardError';
    this.code = code;
    this.problems = options.problems ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return errorRegistry[this.code].status;
  }

  /** True for errors of this class even when two copies of this package are loaded. */
  static is(value: unknown): value is SwitchyardError {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[BRAND] === true;
  }
}
