import type { Readable } from 'node:stream';
import type { controlRoutes, internalRoutes, RouteSpec } from '@switchyard/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** A request whose parts have been checked against the route's schemas. */
export interface RouteRequest<Route extends RouteSpec> {
  readonly params: Parsed<Route['params']>;
  readonly query: Parsed<Route['query']>;
  readonly body: Parsed<Route['body']>;
  readonly raw: FastifyRequest;
  readonly reply: FastifyReply;
}

/** An answer that is not JSON. */
export interface BinaryAnswer {
  readonly stream: Readable;
  readonly sizeBytes: number;
  /** Strong validator: the contents' own digest. */
  readonly sha256: string;
  readonly fileName: string;
}

/** Answers 204 where the route usually answers with a body. */
export const noContent = Symbol('no content');

type Answer<Route extends RouteSpec> = Route['response'] extends { schema: infer Schema extends z.ZodType }
  ? z.input<Schema>
  : Route['response'] extends { produces: string }
    ? BinaryAnswer
    : typeof noContent;

export type Handler<Route extends RouteSpec> = (
  request: RouteRequest<Route>,
) => Promise<Answer<Route> | typeof noContent>;

/** One handler for each route of the table: a route without one, or one without a route, does not compile. */
export type ControlHandlers = { [Name in keyof typeof controlRoutes]: Handler<(typeof controlRoutes)[Name]> };
export type InternalHandlers = { [Name in keyof typeof internalRoutes]: Handler<(typeof internalRoutes)[Name]> };
