import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { describe, expect, it } from 'vitest';
import type { AnswerCache } from './answer-cache.ts';
import { describeAnswerCache } from './conformance.ts';
import { openRedisCache } from './open-redis-cache.ts';

const url = process.env.SWITCHYARD_TEST_REDIS_URL;

/** Resolves when the server was reached. */
async function opened(address: string): Promise<AnswerCache> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cache = openRedisCache({ url: address, report: (event) => event === 'reachable' && resolve() });
  await promise;
  return cache;
}

if (url === undefined || url === '') {
  console.info('left out: cache of answers in Redis (SWITCHYARD_TEST_REDIS_URL names no server)');
  describe.skip('cache of answers in Redis (left out: SWITCHYARD_TEST_REDIS_URL names no server)', () => {
    it('is left out', () => {});
  });
} else {
  describeAnswerCache('Redis', async () => {
    const cache = await opened(url);
    return { cache, dispose: () => cache.close() };
  });

  describe('answers in Redis', () => {
    it('are seen by others, under names that say nothing about the key', async () => {
      const [mine, theirs] = [await opened(url), await opened(url)];
      const client = await createClient({ url }).connect();
      try {
        await mine.setMany([['age=47,income=12', '{"score":0.5}']], 60_000);
        expect(await theirs.getMany(['age=47,income=12'])).toEqual(['{"score":0.5}']);
        const names = await client.keys('switchyard:answer:*');
        expect(names.length).toBeGreaterThan(0);
        for (const name of names) expect(name).toMatch(/^switchyard:answer:[\w-]{43}$/);
        expect(await client.keys('*income*')).toEqual([]);
      } finally {
        client.destroy();
        await mine.close();
        await theirs.close();
      }
    });

    it('come back after the connection was lost, and are refused at once until then', async () => {
      const target = new URL(url);
      const sockets = new Set<Socket>();
      const proxy = createServer((socket) => {
        const upstream = connect(Number(target.port), target.hostname);
        sockets.add(socket);
        socket.pipe(upstream).pipe(socket);
        for (const each of [socket, upstream]) each.on('error', () => each.destroy());
      });
      const listen = (port: number) => new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve));
      await listen(0);
      const { port } = proxy.address() as AddressInfo;
      const events: string[] = [];
      const cache = openRedisCache({
        url: `redis://127.0.0.1:${port}`,
        report: (event, reason) => events.push(`${event} ${reason}`.trim()),
      });
      const until = async (event: string) => {
        for (let attempt = 0; attempt < 400 && !events.at(-1)?.startsWith(event); attempt += 1) await sleep(10);
        expect(events.at(-1)).toMatch(new RegExp(`^${event}`));
      };
      try {
        await until('reachable');
        await cache.setMany([['kept', 'yes']], 60_000);
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => proxy.close(resolve));
        await until('unreachable');
        await expect(cache.getMany(['kept'])).rejects.toThrow();
        await expect(cache.setMany([['kept', 'no']], 1_000)).rejects.toThrow();
        await listen(port);
        await until('reachable');
        expect(await cache.getMany(['kept'])).toEqual(['yes']);
      } finally {
        await cache.close();
        for (const socket of sockets) socket.destroy();
        proxy.close();
      }
    });
  });
}
