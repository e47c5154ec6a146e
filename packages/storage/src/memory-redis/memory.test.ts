import { describe, expect, it } from 'vitest';
import { describeAnswerCache } from './conformance.ts';
import { openMemoryCache } from './open-memory-cache.ts';

describeAnswerCache('memory', async () => {
  const cache = openMemoryCache();
  return { cache, dispose: () => cache.close() };
});

describe('answers in memory', () => {
  it('are there without a promise', () => {
    const cache = openMemoryCache();
    expect(cache.getMany(['a'])).toEqual([undefined]);
    cache.setMany([['a', '1']], 1_000);
    expect(cache.getMany(['a'])).toEqual(['1']);
  });

  it('live as long as they were to, to the millisecond', () => {
    let nowMs = 1;
    const cache = openMemoryCache({ now: () => nowMs });
    cache.setMany([['a', '1']], 1_000);
    nowMs += 1_000;
    expect(cache.getMany(['a'])).toEqual(['1']);
    nowMs += 1;
    expect(cache.getMany(['a'])).toEqual([undefined]);
  });

  it('are no more than they may be: the least recently used goes', () => {
    const cache = openMemoryCache({ maximumEntries: 3 });
    cache.setMany(
      ['a', 'b', 'c'].map((key) => [key, key] as const),
      60_000,
    );
    cache.getMany(['a']);
    cache.setMany([['d', 'd']], 60_000);
    expect(cache.getMany(['a', 'b', 'c', 'd'])).toEqual(['a', undefined, 'c', 'd']);
  });

  it('take no more memory than they may', () => {
    const cache = openMemoryCache({ maximumBytes: 10_000 });
    const keys = Array.from({ length: 10 }, (_, index) => `${index}`);
    cache.setMany(
      keys.map((key) => [key, 'x'.repeat(1_000)] as const),
      60_000,
    );
    const kept = (cache.getMany(keys) as (string | undefined)[]).filter((value) => value !== undefined);
    expect(kept.length).toBe(4);
    // Larger than all of it: not kept, and nothing else is lost for it.
    cache.setMany([['large', 'x'.repeat(20_000)]], 60_000);
    expect(cache.getMany(['large', '9'])).toEqual([undefined, 'x'.repeat(1_000)]);
  });
});
