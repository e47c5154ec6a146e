import { LRUCache } from 'lru-cache';
import { type AnswerCache, assertTtl } from './answer-cache.ts';

export interface MemoryCacheOptions {
  readonly maximumEntries?: number;
  readonly maximumBytes?: number;
  /** A clock that never goes back, in milliseconds, and is never at 0. */
  readonly now?: () => number;
}

/** What an entry takes beside its two texts: 120 bytes measured with short ones, rounded up. */
const ENTRY_BYTES = 150;

/**
 * Answers in the memory of this process, the least recently used dropped first when there are too many or they take
 * too much memory. Costs nothing until the first is kept.
 */
export function openMemoryCache(options: MemoryCacheOptions = {}): AnswerCache {
  const { maximumEntries = 100_000, maximumBytes = 64 * 1_048_576, now = () => performance.now() } = options;
  let entries: LRUCache<string, string> | undefined;
  const create = (): LRUCache<string, string> =>
    new LRUCache({
      max: maximumEntries,
      maxSize: maximumBytes,
      // An upper bound: texts beyond Latin-1 take two bytes a character, others one.
      sizeCalculation: (value, key) => 2 * (key.length + value.length) + ENTRY_BYTES,
      // Otherwise reads would set timers to spare themselves the clock.
      ttlResolution: 0,
      perf: { now },
    });
  return {
    engine: 'memory',
    getMany(keys) {
      const known = entries;
      return known === undefined ? keys.map(() => undefined) : keys.map((key) => known.get(key));
    },
    setMany(added, ttlMs) {
      assertTtl(ttlMs);
      entries ??= create();
      for (const [key, value] of added) entries.set(key, value, { ttl: ttlMs });
    },
    async close() {
      entries = undefined;
    },
  };
}
