import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { errorRegistry, SwitchyardError, toProblem } from '@switchyard/contracts';

/** gRPC has no code for most of what HTTP tells apart, so the text begins with the code of the registry. */
const STATUS_OF: Readonly<Record<number, status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.NOT_FOUND,
  409: status.FAILED_PRECONDITION,
  413: status.INVALID_ARGUMENT,
  415: status.INVALID_ARGUMENT,
  422: status.INVALID_ARGUMENT,
  429: status.RESOURCE_EXHAUSTED,
  501: status.UNIMPLEMENTED,
  503: status.UNAVAILABLE,
  504: status.DEADLINE_EXCEEDED,
  507: status.RESOURCE_EXHAUSTED,
};

export interface Failure {
  readonly code: string;
  readonly status: Pick<ServiceError, 'code' | 'details' | 'metadata'>;
}

/** How a failure is told over gRPC; what nobody foresaw never shows its message. */
export function toStatus(error: unknown, requestId: string): Failure {
  const problem = toProblem(error, requestId);
  const metadata = new Metadata();
  metadata.set('x-request-id', requestId);
  if (SwitchyardError.is(error)) {
    const retryAfter = error.retryAfterSeconds ?? (errorRegistry[error.code].status === 503 ? 1 : undefined);
    if (retryAfter !== undefined) metadata.set('retry-after', String(retryAfter));
  }
  const more = (problem.errors?.length ?? 0) < 2 ? '' : ` (and ${(problem.errors?.length ?? 0) - 1} more)`;
  return {
    code: problem.code,
    status: {
      code: STATUS_OF[problem.status] ?? status.INTERNAL,
      details: `${problem.code}: ${problem.detail}${more}`,
      metadata,
    },
  };
}
