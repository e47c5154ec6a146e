import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** How long slow callers may take; none of them holds more than its connection. */
const LIMITS = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  keepAliveTimeoutMs: 65_000,
  checkEveryMs: 2_000,
  maximumHeaderBytes: 16_384,
  maximumHeaders: 100,
} as const;

/** @param limits shorter times, for tests */
export function createHttpServer(
  handle: RequestHandler,
  limits: Partial<Record<keyof typeof LIMITS, number>> = {},
): Server {
  const chosen = { ...LIMITS, ...limits };
  const server = createServer(
    {
      keepAlive: true,
      noDelay: true,
      maxHeaderSize: chosen.maximumHeaderBytes,
      headersTimeout: chosen.headersTimeoutMs,
      requestTimeout: chosen.requestTimeoutMs,
      keepAliveTimeout: chosen.keepAliveTimeoutMs,
      connectionsCheckingInterval: chosen.checkEveryMs,
    },
    handle,
  );
  server.maxHeadersCount = chosen.maximumHeaders;
  // A caller that asks first is told at once when the body will be refused, before it sends it.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response);
    if (response.headersSent) return;
    response.writeContinue();
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    socket.end(`HTTP/1.1 ${statusOf(error.code)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  return server;
}

function statusOf(code: string | undefined): string {
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout';
  return '400 Bad Request';
}
