import type { Problem } from '@switchyard/contracts';

/** Why a call gave nothing. `code` is one of the registry, or `unreachable` when there was no answer at all. */
export interface ApiError {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string | null;
  readonly fields: readonly { readonly field: string; readonly detail: string }[];
}

export function unreachable(detail: string): ApiError {
  return { status: 0, code: 'unreachable', detail, requestId: null, fields: [] };
}

/** Reads an answer that is not a success; what is no problem+json is told by its status. */
export function toApiError(status: number, body: unknown): ApiError {
  if (isProblem(body)) {
    return {
      status,
      code: body.code,
      detail: body.detail,
      requestId: body.requestId,
      fields: (body.errors ?? []).map((item) => ({ field: item.field ?? '', detail: item.detail })),
    };
  }
  return {
    status,
    code: `status_${status}`,
    detail: 'The control plane answered in a way that is not understood.',
    requestId: null,
    fields: [],
  };
}

export function isApiError(value: unknown): value is ApiError {
  return typeof value === 'object' && value !== null && 'code' in value && 'fields' in value;
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'detail' in body;
}
