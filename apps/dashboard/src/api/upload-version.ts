import { buildPath, controlRequests } from '@switchyard/client';
import type { ModelVersion, VersionSpec } from '@switchyard/contracts';
import { type ApiError, toApiError, unreachable } from './api-error.ts';

export type UploadResult =
  | { readonly ok: true; readonly version: ModelVersion }
  | { readonly ok: false; readonly error: ApiError };

/**
 * Uploads a version as multipart. `onProgress` hears the share that was sent, from 0 to 1; after 1 the server still
 * checks the file. Not fetch, which tells nothing about what was sent.
 */
export function uploadVersion(input: {
  readonly model: string;
  readonly spec: VersionSpec;
  readonly file: File;
  readonly onProgress: (share: number) => void;
  readonly signal: AbortSignal;
}): Promise<UploadResult> {
  const { promise, resolve } = Promise.withResolvers<UploadResult>();
  const request = new XMLHttpRequest();
  const route = controlRequests.createVersion;
  request.open(route.method, buildPath(route, { params: { model: input.model } }));
  request.responseType = 'text';
  request.upload.onprogress = (event) => {
    if (event.lengthComputable) input.onProgress(event.loaded / event.total);
  };
  request.onload = () => {
    const body = parse(request.responseText);
    const ok = request.status >= 200 && request.status < 300;
    resolve(ok ? { ok, version: body as ModelVersion } : { ok, error: toApiError(request.status, body) });
  };
  request.onerror = () =>
    resolve({ ok: false, error: unreachable('The connection was lost while the file was sent.') });
  request.onabort = () => resolve({ ok: false, error: unreachable('The upload was stopped.') });
  input.signal.addEventListener('abort', () => request.abort());
  const form = new FormData();
  // The spec goes first, so that the server knows what the file is before it comes.
  form.append('spec', JSON.stringify(input.spec));
  form.append('artifact', input.file);
  request.send(form);
  return promise;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
