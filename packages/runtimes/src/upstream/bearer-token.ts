import type { Upstream } from '@switchyard/contracts';
import type { ReadSecret } from './make-transport.ts';

export interface BearerToken {
  /** Undefined: none is to be sent, or there is none that could be. */
  readonly token: string | undefined;
  /** Why there is none although there should be. */
  readonly problem: string | undefined;
}

/** What a header may carry; the libraries refuse anything else, and say the token when they do. */
const SENDABLE = /^[\x21-\x7e]+$/;

/** The bearer token of a server. Files that variables are made of often end with a line break, which is no part of it. */
export function readBearerToken({ bearerTokenVariable: variable }: Upstream, readSecret: ReadSecret): BearerToken {
  if (variable === undefined) return { token: undefined, problem: undefined };
  const token = readSecret(variable)?.trim();
  const refuse = (why: string): BearerToken => ({
    token: undefined,
    problem: `The environment variable ${variable} ${why}.`,
  });
  if (token === undefined) return refuse('is not set');
  if (token === '') return refuse('is empty');
  return SENDABLE.test(token) ? { token, problem: undefined } : refuse('holds characters that no header can carry');
}

/** A server's words without the token, which some repeat when they refuse it. */
export function withoutToken(text: string, token: string | undefined): string {
  return token === undefined ? text : text.replaceAll(token, '(token)');
}
