import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Answers `/` and every address that is a page of the dashboard; false where it is not. */
export type ServePage = (request: FastifyRequest, reply: FastifyReply) => boolean;

const RESERVED = /^\/(?:api|internal|assets|healthz|readyz|metrics)(?:\/|$)/;

/**
 * The built dashboard: files named after their contents are kept by browsers for ever, the page itself never.
 * Its addresses belong to its own router, so what asks for a page and is nothing else gets the page.
 */
export async function serveDashboard(server: FastifyInstance, directory: string | null): Promise<ServePage> {
  if (directory === null) return () => false;
  const page = await readFile(join(directory, 'index.html'), 'utf8');
  const policy = pageSecurityPolicy(page);
  const sendPage = (reply: FastifyReply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-cache')
      .header('content-security-policy', policy)
      .send(page);

  await server.register(fastifyStatic, {
    root: directory,
    index: false,
    cacheControl: false,
    // Other files may only be found, never guessed at: the wildcard route would swallow unknown addresses.
    wildcard: false,
    globIgnore: ['index.html'],
    setHeaders: (reply, path) => {
      const immutable = path.startsWith(join(directory, 'assets'));
      reply.header('cache-control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
      reply.header('content-security-policy', policy);
    },
  });
  server.get('/', async (_request, reply) => sendPage(reply));
  server.get('/index.html', async (_request, reply) => sendPage(reply));
  return (request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const wantsPage = request.method === 'GET' && (request.headers.accept ?? '').includes('text/html');
    if (!wantsPage || RESERVED.test(path)) return false;
    sendPage(reply);
    return true;
  };
}

/** Only what this server sends may run; inline scripts of the page itself by their digest. */
function pageSecurityPolicy(page: string): string {
  const inline = [...page.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, script]) =>
      `'sha256-${createHash('sha256')
        .update(script ?? '')
        .digest('base64')}'`,
  );
  return [
    "default-src 'self'",
    `script-src ${["'self'", ...inline].join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}
