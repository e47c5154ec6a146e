import { randomUUID } from 'node:crypto';
import fastifyMultipart from '@fastify/multipart';
import fastifyWebsocket from '@fastify/websocket';
import { controlRoutes, internalRoutes, SwitchyardError } from '@switchyard/contracts';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { serveDashboard } from '../dashboard/serve-dashboard.ts';
import { registerDocumentation } from '../documentation/register-documentation.ts';
import { createTokenCheck } from '../gateways/internal-handlers.ts';
import type { LiveFeed } from '../live/live-feed.ts';
import { answerError } from './answer-error.ts';
import { guardRequest } from './guard-request.ts';
import type { ControlHandlers, InternalHandlers } from './handler.ts';
import { allowedMethods, registerRoutes, routeNotFound } from './register-routes.ts';

export interface ServerOptions {
  readonly handlers: ControlHandlers;
  readonly internalHandlers: InternalHandlers;
  readonly live: LiveFeed;
  readonly logger: Logger;
  readonly internalToken: string;
  readonly version: string;
  readonly gatewayUrl: string;
  readonly dashboardDir: string | null;
  readonly bodyMaximumBytes: number;
  /** Resolves when every store that answers need is there; rejects or resolves false while not. */
  readonly isReady: () => Promise<boolean>;
  /** Routes and hooks that watch the others: must come before them. */
  readonly observe?: (server: FastifyInstance) => void;
  /** Checks every answer against the contract: for tests. */
  readonly checkAnswers: boolean;
}

const API = '/api/v1';
const INTERNAL = '/internal/v1';
const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** The HTTP server of control, not listening yet. */
export async function createControlServer(options: ServerOptions): Promise<FastifyInstance> {
  const { logger } = options;
  const server = Fastify({
    logger: false,
    bodyLimit: options.bodyMaximumBytes,
    forceCloseConnections: 'idle',
    requestIdHeader: false,
    genReqId: ({ headers }) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    routerOptions: { maxParamLength: 500 },
    frameworkErrors: (error, request, reply) => {
      setCommonHeaders(request.id, (name, value) => reply.header(name, value));
      answerError(error, request, reply, logger);
    },
  });
  // What a form of another site can send without asking first is never parsed.
  server.removeContentTypeParser('text/plain');

  await server.register(fastifyMultipart, { throwFileSizeLimit: false });
  // Before the guard: the socket of an upgrade that the guard refuses is closed by a hook of this plugin.
  await server.register(fastifyWebsocket, { options: { maxPayload: 1_024 } });
  server.addHook('onRequest', async (request, reply) => {
    setCommonHeaders(request.id, (name, value) => reply.header(name, value));
    guardRequest(request);
  });
  server.addHook('onResponse', async (request, reply) => {
    logger.debug(
      {
        requestId: request.id,
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        milliseconds: Math.round(reply.elapsedTime * 10) / 10,
      },
      'answered',
    );
  });
  server.setErrorHandler((error, request, reply) => answerError(error, request, reply, logger));

  options.observe?.(server);

  const register = { checkAnswers: options.checkAnswers };
  registerRoutes(server, controlRoutes, options.handlers, { ...register, prefix: API });
  await server.register(async (internal) => {
    const assertToken = createTokenCheck(options.internalToken);
    internal.addHook('onRequest', async ({ headers }) => assertToken(headers.authorization));
    registerRoutes(internal, internalRoutes, options.internalHandlers, { ...register, prefix: INTERNAL });
  });
  server.get(`${API}/live`, { websocket: true }, (socket) => {
    options.live.join(socket);
  });
  server.get('/healthz', async (_request, reply) => reply.send({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    if (await options.isReady().catch(() => false)) return reply.send({ status: 'ready' });
    throw new SwitchyardError('not_ready', 'A store does not answer.', { retryAfterSeconds: 1 });
  });
  registerDocumentation(server, { version: options.version, gatewayUrl: options.gatewayUrl });
  const servePage = await serveDashboard(server, options.dashboardDir);

  server.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const allowed = allowedMethods(
      [
        { prefix: API, table: controlRoutes },
        { prefix: INTERNAL, table: internalRoutes },
      ],
      path,
    );
    if (allowed.length > 0) {
      reply.header('allow', allowed.join(', '));
      throw new SwitchyardError(
        'method_not_allowed',
        `${request.method} is not possible here, ${allowed.join(', ')} is.`,
      );
    }
    if (servePage(request, reply)) return reply;
    throw routeNotFound(request.method, path);
  });
  return server;
}

/** On every answer. Pages bring a content security policy of their own. */
function setCommonHeaders(requestId: string, set: (name: string, value: string) => void): void {
  set('x-request-id', requestId);
  set('x-content-type-options', 'nosniff');
  set('x-frame-options', 'DENY');
  set('referrer-policy', 'no-referrer');
  set('cross-origin-opener-policy', 'same-origin');
  set('cross-origin-resource-policy', 'same-origin');
  set('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
  set('cache-control', 'no-store');
}
