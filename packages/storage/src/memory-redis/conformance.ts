import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnswerCache } from './answer-cache.ts';

export interface AnswerCacheSubject {
  readonly cache: AnswerCache;
  dispose(): Promise<void>;
}

const MINUTE_MS = 60_000;

/** What every engine of the cache must do. */
export function describeAnswerCache(name: string, makeSubject: () => Promise<AnswerCacheSubject>): void {
  describe(`cache of answers in ${name}`, () => {
    let subject: AnswerCacheSubject;
    let cache: AnswerCache;
    beforeAll(async () => {
      subject = await makeSubject();
      cache = subject.cache;
    });
    afterAll(() => subject?.dispose());
    // Keys of their own, so that no test sees what another left.
    const own = (...names: string[]): string[] => {
      const scope = randomUUID();
      return names.map((each) => `${scope}:${each}`);
    };

    it('gives back what was kept, in the order of the question, and undefined for the rest', async () => {
      const [a = '', b = '', c = ''] = own('a', 'b', 'c');
      await cache.setMany(
        [
          [a, 'first'],
          [b, 'second'],
        ],
        MINUTE_MS,
      );
      expect(await cache.getMany([b, c, a, b])).toEqual(['second', undefined, 'first', 'second']);
    });

    it('takes no keys and no entries', async () => {
      expect(await cache.getMany([])).toEqual([]);
      await cache.setMany([], MINUTE_MS);
    });

    it('keeps the last value of a key', async () => {
      const [key = ''] = own('twice');
      await cache.setMany([[key, 'old']], MINUTE_MS);
      await cache.setMany(
        [
          [key, 'newer'],
          [key, 'newest'],
        ],
        MINUTE_MS,
      );
      expect(await cache.getMany([key])).toEqual(['newest']);
    });

    it('tells keys apart that differ in one character, whatever it is', async () => {
      const keys = own(
        '',
        ' ',
        '[1]',
        '["1"]',
        '[1 ]',
        'ä',
        'a\u0308',
        '😀',
        '\ud83d',
        '\ude00',
        '\0',
        '\n',
        'é'.repeat(5_000),
      );
      await cache.setMany(
        keys.map((key, index) => [key, String(index)] as const),
        MINUTE_MS,
      );
      expect(await cache.getMany(keys)).toEqual(keys.map((_, index) => String(index)));
    });

    it('gives values back as they were: empty, of any character, large', async () => {
      const values = [
        '',
        '{"label":"größer 😀","score":1e-300}',
        'line\r\nbreak\0',
        '*3\r\n$1\r\n',
        'x'.repeat(500_000),
      ];
      const keys = own(...values.map((_, index) => String(index)));
      await cache.setMany(
        keys.map((key, index) => [key, values[index] as string] as const),
        MINUTE_MS,
      );
      expect(await cache.getMany(keys)).toEqual(values);
    });

    it('answers thousands of keys at once', async () => {
      const keys = own(...Array.from({ length: 5_000 }, (_, index) => String(index)));
      await cache.setMany(
        keys.map((key, index) => [key, String(index)] as const),
        MINUTE_MS,
      );
      expect(await cache.getMany(keys)).toEqual(keys.map((_, index) => String(index)));
    });

    it('forgets an entry when its time is over, and not before; reading does not prolong it', async () => {
      const [short = '', long = ''] = own('short', 'long');
      await cache.setMany([[long, 'stays']], MINUTE_MS);
      await cache.setMany([[short, 'goes']], 1_000);
      expect(await cache.getMany([short, long])).toEqual(['goes', 'stays']);
      await sleep(600);
      await cache.getMany([short]);
      await sleep(600);
      expect(await cache.getMany([short, long])).toEqual([undefined, 'stays']);
    });

    it('counts the time anew when a key is written again', async () => {
      const [key = ''] = own('again');
      await cache.setMany([[key, 'old']], 100);
      await cache.setMany([[key, 'new']], MINUTE_MS);
      await sleep(150);
      expect(await cache.getMany([key])).toEqual(['new']);
    });

    it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
      'refuses to keep something for %d ms',
      async (ttlMs) => {
        const [key = ''] = own('refused');
        await expect((async () => cache.setMany([[key, 'x']], ttlMs))()).rejects.toThrow(RangeError);
        expect(await cache.getMany([key])).toEqual([undefined]);
      },
    );
  });
}
