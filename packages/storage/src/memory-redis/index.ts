export type { AnswerCache } from './answer-cache.ts';
export { openAnswerCache } from './open-answer-cache.ts';
export { openMemoryCache } from './open-memory-cache.ts';
