import { errors, Pool } from 'undici';
import { withoutToken } from './bearer-token.ts';
import type { UpstreamCounters } from './counters.ts';
import { messageOf, shorten, UpstreamFailure } from './failures.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the address of the server, with a leading slash. */
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly contentType?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly bytes: Buffer;
}

export interface HttpClientOptions {
  readonly url: string;
  readonly connections: number;
  readonly connectTimeoutMs: number;
  readonly responseMaximumBytes: number;
  readonly bearerToken: string | undefined;
  readonly counters: Pick<UpstreamCounters, 'retries'>;
}

export interface HttpClient {
  /** Any answer, whatever its status. Rejects with an UpstreamFailure when there is none, or when it is too large. */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  openConnections(): number;
  close(): Promise<void>;
}

/** Shorter than what servers grant (uvicorn: 5 s), so that they seldom close a connection under a request. */
const KEEP_ALIVE_MS = 4_000;
/** So many bytes of what a server says of a failure are looked at. */
const LONGEST_WORDS = 10_000;
const DROPPED = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Connections to one server: kept alive, one request each at a time, never more than allowed. Follows no redirects. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const url = new URL(options.url);
  const basePath = url.pathname.replace(/\/+$/, '');
  const pool = new Pool(url.origin, {
    connections: options.connections,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    connect: { timeout: options.connectTimeoutMs },
    // Deadlines are those of the calls.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  let connects = 0;
  pool.on('connect', () => {
    connects += 1;
  });
  // A pool without a listener for failed connections is an emitter like any other; the requests tell.
  pool.on('connectionError', () => {});

  const hideToken = (bytes: Buffer): Buffer =>
    Buffer.from(withoutToken(bytes.subarray(0, LONGEST_WORDS).toString('utf8'), options.bearerToken));
  const sendOnce = async (request: HttpRequest, signal: AbortSignal, onBegun?: () => void): Promise<HttpAnswer> => {
    const response = await pool.request({
      method: request.method,
      path: basePath + request.path,
      headers: {
        accept: 'application/json',
        ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
        ...(options.bearerToken === undefined ? {} : { authorization: `Bearer ${options.bearerToken}` }),
      },
      ...(request.body === undefined ? {} : { body: request.body }),
      signal,
    });
    onBegun?.();
    const bytes = await readBody(response, options.responseMaximumBytes);
    return { status: response.statusCode, bytes: isGood(response.statusCode) ? bytes : hideToken(bytes) };
  };

  return {
    async send(request, signal) {
      const connectsBefore = connects;
      let hasBegun = false;
      try {
        return await sendOnce(request, signal, () => {
          hasBegun = true;
        });
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (hasBegun || !wasKept(error, connects === connectsBefore, url.protocol)) throw explain(error, url);
      }
      // The server had closed the connection when the request was on its way: nothing was wrong with either.
      options.counters.retries += 1;
      try {
        return await sendOnce(request, signal);
      } catch (error) {
        throw signal.aborted ? signal.reason : explain(error, url);
      }
    },
    openConnections: () => pool.stats.connected,
    close: () => pool.destroy(),
  };
}

async function readBody(
  response: { readonly body: AsyncIterable<Buffer>; readonly headers: Record<string, unknown> },
  maximumBytes: number,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop early destroys the stream, and with it the connection.
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > maximumBytes) {
      throw new UpstreamFailure('too_large', `The answer of the model server is larger than ${maximumBytes} bytes.`);
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
}

/**
 * Whether the connection broke before anything was answered and had answered something earlier, which is how it looks
 * when a server closes an idle connection. Predicting changes nothing, so asking once more does no harm.
 */
function wasKept(error: unknown, mustBeReused: boolean, protocol: string): boolean {
  if (!DROPPED.has(codeOf(error))) return false;
  if (error instanceof errors.SocketError && error.socket !== null && error.socket !== undefined) {
    const { bytesRead } = error.socket;
    // What a new connection has read is, at most, how TLS began.
    if (bytesRead !== undefined) return bytesRead > 0 && (mustBeReused || protocol === 'http:');
  }
  return mustBeReused;
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

function explain(error: unknown, url: URL): UpstreamFailure {
  if (error instanceof UpstreamFailure) return error;
  const code = codeOf(error);
  const message = messageOf(error);
  if (UNREACHABLE.has(code)) {
    return new UpstreamFailure('unreachable', `The model server at ${url.host} cannot be reached: ${message}.`, error);
  }
  if (DROPPED.has(code) || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
    return new UpstreamFailure('disconnected', `The model server at ${url.host} broke the connection.`, error);
  }
  if (error instanceof errors.HTTPParserError || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return new UpstreamFailure('unreadable', `What ${url.host} answers is not HTTP: ${message}.`, error);
  }
  // Certificates and the like: there is something, but no conversation.
  return new UpstreamFailure('unreachable', `The model server at ${url.host} cannot be talked to: ${message}.`, error);
}

const isGood = (status: number): boolean => status >= 200 && status < 300;

/** The bytes of a good answer. Other answers reject, told apart by their status, with the server's own words. */
export function expectSuccess(answer: HttpAnswer): Buffer {
  const { status } = answer;
  if (isGood(status)) return answer.bytes;
  const words = shorten(errorText(answer.bytes));
  const said = words === '' ? '' : `: ${words}`;
  if (status === 429 || status === 503) {
    throw new UpstreamFailure('server_overloaded', `The model server answered ${status}${said}`);
  }
  if (status >= 500) throw new UpstreamFailure('server_failed', `The model server answered ${status}${said}`);
  throw new UpstreamFailure('server_refused', `The model server answered ${status}${said}`);
}

/** What `{"error": …}`, `{"message": …}`, `{"detail": …}` or plain text says. */
function errorText(bytes: Buffer): string {
  const text = bytes.toString('utf8', 0, LONGEST_WORDS);
  try {
    const parsed = JSON.parse(text) as Record<string, unknown>;
    for (const key of ['error', 'message', 'detail']) {
      const value = parsed[key];
      if (typeof value === 'string') return value;
      if (value !== undefined) return JSON.stringify(value);
    }
  } catch {
    // Not JSON: the text itself.
  }
  return text.startsWith('<') ? '' : text;
}
