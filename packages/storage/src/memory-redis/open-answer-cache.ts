import type { AnswerCache } from './answer-cache.ts';
import { openMemoryCache } from './open-memory-cache.ts';
import type { RedisCacheOptions } from './open-redis-cache.ts';

/** In Redis where there is an address, else in memory. Resolves whether or not the server can be reached. */
export async function openAnswerCache({
  url,
  ...options
}: Omit<RedisCacheOptions, 'url'> & { readonly url: string | undefined }): Promise<AnswerCache> {
  if (url === undefined) return openMemoryCache();
  // Hundreds of modules, which a process that keeps answers in memory need not read.
  const { openRedisCache } = await import('./open-redis-cache.ts');
  return openRedisCache({ url, ...options });
}
