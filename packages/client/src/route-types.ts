import type { controlRoutes, gatewayRoutes } from '@switchyard/contracts';
import type { z } from 'zod';

/**
 * What a call takes and gives, read off the route table of the contracts by the type checker.
 * Nothing here exists at run time: a changed schema is a compile error in the caller, not a stale file.
 */
export type ControlRouteName = keyof typeof controlRoutes;
export type GatewayRouteName = keyof typeof gatewayRoutes;

/** Optional where the caller may leave it out, with the type the server sees after coercion. */
type QueryOf<S extends z.ZodType> = {
  [K in keyof z.input<S>]: K extends keyof z.output<S> ? z.output<S>[K] : never;
};

type Part<R, Key extends string, Value> = Key extends keyof R ? Value : unknown;
type SchemaOf<R, Key extends string> = R extends Record<Key, infer S extends z.ZodType> ? S : never;

/** `params`, `query` and `body`: each there when the route has it. */
export type ArgumentsOf<R> = Part<R, 'params', { params: z.output<SchemaOf<R, 'params'>> }> &
  Part<
    R,
    'query',
    Record<never, unknown> extends QueryOf<SchemaOf<R, 'query'>>
      ? { query?: QueryOf<SchemaOf<R, 'query'>> }
      : { query: QueryOf<SchemaOf<R, 'query'>> }
  > &
  Part<R, 'multipart', { form: FormData }> &
  Part<R, 'body', { body: z.input<SchemaOf<R, 'body'>> }>;

/** What a successful answer holds; undefined where the route answers without a JSON body. */
export type AnswerOf<R> = R extends { response: { schema: infer S extends z.ZodType } } ? z.output<S> : undefined;

export type ControlArguments<N extends ControlRouteName> = ArgumentsOf<(typeof controlRoutes)[N]>;
export type ControlAnswer<N extends ControlRouteName> = AnswerOf<(typeof controlRoutes)[N]>;
export type GatewayArguments<N extends GatewayRouteName> = ArgumentsOf<(typeof gatewayRoutes)[N]>;
export type GatewayAnswer<N extends GatewayRouteName> = AnswerOf<(typeof gatewayRoutes)[N]>;
