import { isDeepStrictEqual } from 'node:util';
import { parseOrThrow, type RouteSpec, SwitchyardError } from '@switchyard/contracts';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { assertPlainJson } from './assert-plain-json.ts';
import { type BinaryAnswer, type Handler, noContent } from './handler.ts';

export interface RegisterOptions {
  readonly prefix: string;
  /** Checks every answer against the contract: for tests. */
  readonly checkAnswers: boolean;
}

/** Puts a table of routes on the server: parse, handle, answer, the same way for all of them. */
export function registerRoutes<Table extends Record<string, RouteSpec>>(
  server: FastifyInstance,
  table: Table,
  handlers: { readonly [Name in keyof Table]: Handler<Table[Name]> },
  options: RegisterOptions,
): void {
  for (const name of Object.keys(table)) {
    const route = table[name] as RouteSpec;
    const handle = handlers[name] as unknown as Handler<RouteSpec>;
    server.route({
      method: route.method,
      url: options.prefix + route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      handler: async (request, reply) => {
        assertPlainJson(request.params, 'the address');
        assertPlainJson(request.query, 'the query');
        // Routes that take a file read it themselves; a JSON body in its place is read like every other.
        const bodySchema = route.multipart && request.body === undefined ? undefined : route.body;
        if (bodySchema) assertPlainJson(request.body, 'the body');
        const answer = await handle({
          params: (route.params && parseOrThrow(route.params, request.params, 'address')) as never,
          query: (route.query && parseOrThrow(route.query, request.query, 'query')) as never,
          body: (bodySchema && parseOrThrow(bodySchema, request.body ?? {}, 'body')) as never,
          raw: request,
          reply,
        });
        if (answer === noContent) return reply.code(204).send();
        if (route.response.schema === undefined) return sendBinary(reply, route, answer as unknown as BinaryAnswer);
        if (options.checkAnswers) assertAnswer(name, route.response.schema, answer);
        return reply.code(route.response.status).send(answer);
      },
    });
  }
}

function sendBinary(reply: FastifyReply, route: RouteSpec, answer: BinaryAnswer): FastifyReply {
  return reply
    .code(route.response.status)
    .type(route.response.produces ?? 'application/octet-stream')
    .header('content-length', answer.sizeBytes)
    .header('etag', `"${answer.sha256}"`)
    .header('content-disposition', `attachment; filename="${answer.fileName}"`)
    .send(answer.stream);
}

function assertAnswer(name: string, schema: NonNullable<RouteSpec['response']['schema']>, answer: unknown): void {
  const sent: unknown = JSON.parse(JSON.stringify(answer));
  const parsed = schema.safeParse(sent);
  if (!parsed.success) throw new Error(`${name} answers against its contract: ${parsed.error.message}`);
  // What the schema drops was sent without being documented.
  if (!isDeepStrictEqual(parsed.data, sent)) throw new Error(`${name} answers with more than its contract says`);
}

/** Where the route's path matches but no route has this method, the methods it has. */
export function allowedMethods(
  tables: readonly { readonly prefix: string; readonly table: Record<string, RouteSpec> }[],
  path: string,
): string[] {
  const methods = tables.flatMap(({ prefix, table }) =>
    Object.values(table)
      .filter((route) => new RegExp(`^${prefix}${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path))
      .map((route) => route.method),
  );
  return [...new Set(methods)].sort();
}

export const routeNotFound = (method: string, path: string) =>
  new SwitchyardError('route_not_found', `There is nothing at ${method} ${path.slice(0, 200)}.`);
