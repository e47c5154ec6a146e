/** What an address means. */
export type Route =
  | { readonly kind: 'predict'; readonly endpoint: string }
  | { readonly kind: 'feedback' }
  | { readonly kind: 'infer'; readonly name: string; readonly version: string | undefined }
  | { readonly kind: 'metadata'; readonly name: string; readonly version: string | undefined }
  | { readonly kind: 'ready'; readonly name: string; readonly version: string | undefined }
  | { readonly kind: 'config'; readonly name: string; readonly version: string | undefined }
  /** Without a name: of everything. */
  | { readonly kind: 'statistics'; readonly name: string | undefined; readonly version: string | undefined }
  | { readonly kind: 'repository-index' }
  | { readonly kind: 'repository-load' | 'repository-unload'; readonly name: string }
  | { readonly kind: 'server-metadata' | 'server-live' | 'server-ready' | 'healthz' | 'readyz' | 'metrics' }
  | { readonly kind: 'method-not-allowed'; readonly allow: string }
  | { readonly kind: 'not-found' };

const PREDICT_PREFIX = '/v1/models/';
const PREDICT_SUFFIX = ':predict';
const OPEN_INFERENCE_MODEL = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/(infer|ready|config|stats))?$/;
/** There is one repository, which may be named. */
const REPOSITORY = /^\/v2\/repository(?:\/[^/]+)?\/(?:index|models\/([^/]+)\/(load|unload))$/;
const STATISTICS_OF_ALL = '/v2/models/stats';
const PLAIN = new Map([
  ['/v2', 'server-metadata'],
  ['/v2/health/live', 'server-live'],
  ['/v2/health/ready', 'server-ready'],
  ['/healthz', 'healthz'],
  ['/readyz', 'readyz'],
  ['/metrics', 'metrics'],
] as const);

export function findRoute(method: string, url: string): Route {
  const path = withoutQuery(url);
  if (path.startsWith(PREDICT_PREFIX) && path.endsWith(PREDICT_SUFFIX)) {
    const endpoint = decode(path.slice(PREDICT_PREFIX.length, -PREDICT_SUFFIX.length));
    if (endpoint === undefined) return { kind: 'not-found' };
    return method === 'POST' ? { kind: 'predict', endpoint } : { kind: 'method-not-allowed', allow: 'POST' };
  }
  if (path === '/v1/feedback')
    return method === 'POST' ? { kind: 'feedback' } : { kind: 'method-not-allowed', allow: 'POST' };
  const isRead = method === 'GET' || method === 'HEAD';
  const plain = PLAIN.get(path as '/v2');
  if (plain !== undefined) return isRead ? { kind: plain } : { kind: 'method-not-allowed', allow: 'GET' };
  if (path === STATISTICS_OF_ALL && isRead) return { kind: 'statistics', name: undefined, version: undefined };
  const match = OPEN_INFERENCE_MODEL.exec(path);
  if (match === null) return findRepositoryRoute(method, path);
  const name = decode(match[1] as string);
  const version = match[2] === undefined ? undefined : decode(match[2]);
  if (name === undefined || (match[2] !== undefined && version === undefined)) return { kind: 'not-found' };
  if (match[3] === 'infer') {
    return method === 'POST' ? { kind: 'infer', name, version } : { kind: 'method-not-allowed', allow: 'POST' };
  }
  if (!isRead) return { kind: 'method-not-allowed', allow: 'GET' };
  return { kind: READS[match[3] as 'ready'] ?? 'metadata', name, version };
}

const READS = { ready: 'ready', config: 'config', stats: 'statistics' } as const;

function findRepositoryRoute(method: string, path: string): Route {
  const match = REPOSITORY.exec(path);
  if (match === null) return { kind: 'not-found' };
  if (method !== 'POST') return { kind: 'method-not-allowed', allow: 'POST' };
  if (match[1] === undefined) return { kind: 'repository-index' };
  const name = decode(match[1]);
  if (name === undefined) return { kind: 'not-found' };
  return { kind: match[2] === 'load' ? 'repository-load' : 'repository-unload', name };
}

function withoutQuery(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function decode(segment: string): string | undefined {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
