import type { Upstream } from '@switchyard/contracts';
import { readBearerToken } from './bearer-token.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';
import type { TransportContext } from './make-transport.ts';

/** The HTTP client of a registered server, or of another address of it. */
export function createRestClient(upstream: Upstream, context: TransportContext, url = upstream.url): HttpClient {
  return createHttpClient({
    url,
    connections: upstream.maxConnections,
    connectTimeoutMs: upstream.timeoutMs,
    responseMaximumBytes: upstream.responseMaximumBytes,
    bearerToken: readBearerToken(upstream, context.readSecret).token,
    counters: context.counters,
  });
}
