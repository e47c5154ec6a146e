export type { AnswerCache } from './answer-cache.ts';
export { openMemoryCache } from './open-memory-cache.ts';
export { openRedisCache } from './open-redis-cache.ts';
