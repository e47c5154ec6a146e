import {
  type ClientUnaryCall,
  credentials,
  type CallOptions as GrpcCallOptions,
  Metadata,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import type { Upstream } from '@switchyard/contracts';
import { readBearerToken, withoutToken } from './bearer-token.ts';
import { shorten, UpstreamFailure } from './failures.ts';
import type { TransportContext } from './make-transport.ts';

export interface GrpcClient {
  /** One unary call. The message comes back as the proto options write it. Rejects with an UpstreamFailure. */
  call<Reply>(method: string, request: object, signal: AbortSignal): Promise<Reply>;
  openConnections(): number;
  close(): Promise<void>;
}

type Method = (
  request: object,
  metadata: Metadata,
  options: GrpcCallOptions,
  done: (error: ServiceError | null, reply: unknown) => void,
) => ClientUnaryCall;

/** As long as this passes between tries to reach a server that is down; the library's own limit is two minutes. */
const MAXIMUM_BACKOFF_MS = 2_000;
const READY = 2;

/** One HTTP/2 connection, which carries all calls; how many at once is decided outside. */
export function createGrpcClient(
  service: ServiceClientConstructor,
  upstream: Upstream,
  context: TransportContext,
  url = upstream.url,
): GrpcClient {
  const { protocol, host } = new URL(url.replace(/^grpc/, 'http'));
  const security = protocol === 'https:' ? credentials.createSsl() : credentials.createInsecure();
  const client = new service(host, security, {
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.min_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': MAXIMUM_BACKOFF_MS,
    'grpc.max_receive_message_length': upstream.responseMaximumBytes,
    'grpc.max_send_message_length': -1,
    // Each registered model has its own connection: what one does to it is not felt by the others.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 5_000,
  });
  const metadata = new Metadata();
  const { token } = readBearerToken(upstream, context.readSecret);
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  const methods = client as unknown as Record<string, Method>;

  return {
    call<Reply>(method: string, request: object, signal: AbortSignal) {
      return new Promise<Reply>((resolve, reject) => {
        signal.throwIfAborted();
        const send = methods[method];
        if (send === undefined) throw new Error(`the service has no method ${method}`);
        const call = send.call(client, request, metadata, {}, (error, reply) => {
          signal.removeEventListener('abort', cancel);
          if (error === null) resolve(reply as Reply);
          else reject(signal.aborted ? signal.reason : explain(error, host, token));
        });
        const cancel = (): void => call.cancel();
        signal.addEventListener('abort', cancel, { once: true });
      });
    },
    openConnections: () => (client.getChannel().getConnectivityState(false) === READY ? 1 : 0),
    async close() {
      client.close();
    },
  };
}

const SAID_BY_SERVER = new Set<number>([
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.FAILED_PRECONDITION,
  status.OUT_OF_RANGE,
]);
/** The library makes these of HTTP statuses too. */
const REFUSED = new Set<number>([status.PERMISSION_DENIED, status.UNAUTHENTICATED, status.UNIMPLEMENTED]);
/** How the library words what did not come from the server, but from the way to it. */
const NO_CONNECTION =
  /No connection established|Failed to connect|Name resolution failed|ECONNREFUSED|ENOTFOUND|EAI_AGAIN/;
const BROKEN_CONNECTION =
  /ECONNRESET|EPIPE|Connection dropped|socket hang up|[Ss]tream (?:closed|removed)|GOAWAY|RST_STREAM|Call ended without/;
const TOO_LARGE = /larger than max|exceeds? (?:the )?max/i;
const UNPARSED = /pars(?:ing|e) (?:error|failure)|deserializ|Received unhandled|HTTP status code|content-type/i;

function explain(error: ServiceError, host: string, token: string | undefined): UpstreamFailure {
  const words = shorten(withoutToken(error.details || error.message, token));
  const of = (reason: UpstreamFailure['reason'], text: string) => new UpstreamFailure(reason, text, error);
  const name = status[error.code] ?? String(error.code);
  // The library itself gives none of these: whatever the words are like, they are the server's.
  if (SAID_BY_SERVER.has(error.code)) return of('server_refused', `The model server answered ${name}: ${words}`);
  if (error.code === status.UNAVAILABLE && NO_CONNECTION.test(words)) {
    return of('unreachable', `The model server at ${host} cannot be reached: ${words}`);
  }
  if (BROKEN_CONNECTION.test(words)) return of('disconnected', `The model server at ${host} broke the connection.`);
  if (error.code === status.RESOURCE_EXHAUSTED && TOO_LARGE.test(words)) {
    return of('too_large', `The answer of the model server is too large: ${words}`);
  }
  if (UNPARSED.test(words)) return of('unreadable', `The answer of the model server cannot be read: ${words}`);
  if (error.code === status.UNAVAILABLE || error.code === status.RESOURCE_EXHAUSTED) {
    return of('server_overloaded', `The model server has no capacity: ${words}`);
  }
  if (error.code === status.DEADLINE_EXCEEDED) return of('timeout', `The model server gave up: ${words}`);
  if (REFUSED.has(error.code)) return of('server_refused', `The model server answered ${name}: ${words}`);
  return of('server_failed', `The model server answered ${name}: ${words}`);
}
