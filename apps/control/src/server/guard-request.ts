import { SwitchyardError } from '@switchyard/contracts';
import type { FastifyRequest } from 'fastify';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * As long as nobody has to log in, being reachable only from this machine is the whole protection,
 * and any web page open in a browser of this machine is on the inside of it. So:
 * - the Host must be a loopback name, because a page can point its own domain at 127.0.0.1 (DNS rebinding);
 * - what changes something, and every WebSocket, must come from a page of this server or from no page at all.
 *   Browsers always send Origin with those; programs do not send it.
 */
export function guardRequest(request: Pick<FastifyRequest, 'method' | 'headers'>): void {
  const host = request.headers.host ?? '';
  if (!isLoopbackHost(hostName(host))) {
    throw new SwitchyardError(
      'origin_not_allowed',
      'This server answers to localhost, 127.0.0.1 and [::1] only until authentication is set up.',
    );
  }
  const isUpgrade = request.headers.upgrade !== undefined;
  if (SAFE_METHODS.has(request.method) && !isUpgrade) return;
  const { origin } = request.headers;
  if (origin === undefined) {
    // A few browsers leave Origin out but say this.
    const site = request.headers['sec-fetch-site'];
    if (site === undefined || site === 'same-origin' || site === 'none') return;
  } else if (origin === `http://${host}`) {
    return;
  }
  throw new SwitchyardError('origin_not_allowed', 'The request comes from a page of another site.');
}

function hostName(host: string): string {
  return host
    .replace(/:\d{1,5}$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
}

export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
