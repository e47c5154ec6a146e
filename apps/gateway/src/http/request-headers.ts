/** The request headers that matter here; undefined where absent. */
export interface RequestHeaders {
  contentLength: number | undefined;
  contentType: string | undefined;
  contentEncoding: string | undefined;
  requestId: string | undefined;
  /** Of the binary tensor extension. */
  inferenceHeaderContentLength: string | undefined;
  /** How long the caller waits for the answer, as it was sent. */
  requestTimeoutMs: string | undefined;
}

/**
 * Reads them from the raw list. node's own object of all headers would be built for every request;
 * of the few names that matter the length alone tells most others apart.
 */
export function readHeaders(raw: readonly string[]): RequestHeaders {
  const headers: RequestHeaders = {
    contentLength: undefined,
    contentType: undefined,
    contentEncoding: undefined,
    requestId: undefined,
    inferenceHeaderContentLength: undefined,
    requestTimeoutMs: undefined,
  };
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    const value = raw[index + 1] as string;
    switch (name.length) {
      case 12: {
        const lower = name.toLowerCase();
        if (lower === 'content-type') headers.contentType = value;
        else if (lower === 'x-request-id') headers.requestId = value;
        break;
      }
      case 14:
        if (name.toLowerCase() === 'content-length') headers.contentLength = Number(value);
        break;
      case 16:
        if (name.toLowerCase() === 'content-encoding') headers.contentEncoding = value;
        break;
      case 20:
        if (name.toLowerCase() === 'x-request-timeout-ms') headers.requestTimeoutMs = value;
        break;
      case 31:
        if (name.toLowerCase() === 'inference-header-content-length') headers.inferenceHeaderContentLength = value;
        break;
    }
  }
  return headers;
}

/** An hour; no deadline of an endpoint is longer. */
const MAXIMUM_TIMEOUT_MS = 3_600_000;

/** Whole milliseconds from 1 on, an hour at most; undefined when the text says anything else. */
export function parseTimeoutMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,12}$/.test(text)) return undefined;
  const timeoutMs = Number(text);
  return timeoutMs === 0 ? undefined : Math.min(timeoutMs, MAXIMUM_TIMEOUT_MS);
}
