import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openRedisCache } from './open-redis-cache.ts';

describe('a cache whose server is not there', () => {
  it('refuses at once, says why without the password, and closes', async () => {
    const reports: string[] = [];
    const cache = openRedisCache({
      url: 'redis://reader:top-secret@127.0.0.1:1/0',
      report: (event, reason) => reports.push(`${event}: ${reason}`),
    });
    const failure = await Promise.resolve(cache.getMany(['a'])).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    for (let attempt = 0; attempt < 300 && reports.length === 0; attempt += 1) await sleep(10);
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatch(/^unreachable: .*ECONNREFUSED/);
    expect(`${reports[0]} ${String(failure)}`).not.toContain('top-secret');
    await cache.close();
  });

  it('does not repeat an address that is none', () => {
    const failure = (() => {
      try {
        openRedisCache({ url: 'redis://u:top-secret@:x' });
      } catch (error) {
        return error as Error;
      }
      return undefined;
    })();
    expect(failure).toBeInstanceOf(TypeError);
    expect(JSON.stringify({ ...failure, message: failure?.message })).not.toContain('top-secret');
  });
});
