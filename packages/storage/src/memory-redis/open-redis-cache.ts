import { hash } from 'node:crypto';
import { createClient } from '@redis/client';
import { type AnswerCache, assertTtl } from './answer-cache.ts';

export interface RedisCacheOptions {
  /** `redis[s]://[[user][:password]@]host[:port][/database]`; it is never part of an error or a report. */
  readonly url: string;
  /** Told when the server stops answering, with the reason, and when it answers again. */
  readonly report?: (event: 'reachable' | 'unreachable', reason: string) => void;
}

const PREFIX = 'switchyard:answer:';
const CONNECT_TIMEOUT_MS = 2_000;
const MAXIMUM_RECONNECT_MS = 2_000;
/** A server that says nothing for this long, pings included, is connected to anew. */
const SILENCE_MS = 5_000;
const PING_INTERVAL_MS = 1_000;
/** Commands that wait for a server that is slow; more are refused. */
const MAXIMUM_WAITING = 50_000;

/**
 * Answers in Redis (or a server that speaks its protocol), shared by all who use the same one. Returns at once: it connects, and connects
 * again, on its own, and refuses everything meanwhile. Keys are hashed, so that they say nothing about the rows they
 * stand for. One server, or one in front of others: keys of one question are not on one slot of a cluster.
 */
export function openRedisCache({ url, report = () => {} }: RedisCacheOptions): AnswerCache {
  // What the library throws for a wrong address carries the address.
  if (!URL.canParse(url)) throw new TypeError('The address of the cache is not a URL.');
  const client = createClient({
    url,
    RESP: 2,
    // Waiting for a connection takes longer than doing without the cache.
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAXIMUM_WAITING,
    pingInterval: PING_INTERVAL_MS,
    maintNotifications: 'disabled',
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_MS,
      reconnectStrategy: (retries) => Math.min(MAXIMUM_RECONNECT_MS, 50 * 2 ** Math.min(retries, 6)),
    },
  });
  let isReachable: boolean | undefined;
  const note = (isNow: boolean, reason: string): void => {
    if (isReachable === isNow) return;
    isReachable = isNow;
    report(isNow ? 'reachable' : 'unreachable', reason);
  };
  client.on('ready', () => note(true, ''));
  client.on('error', (error: unknown) => note(false, error instanceof Error ? error.message : String(error)));
  // It goes on trying; that it was closed meanwhile is no news.
  client.connect().catch(() => {});

  return {
    engine: 'redis',
    async getMany(keys) {
      if (keys.length === 0) return [];
      const values = await client.mGet(keys.map(nameOf));
      return values.map((value) => value ?? undefined);
    },
    async setMany(entries, ttlMs) {
      assertTtl(ttlMs);
      if (entries.length === 0) return;
      const pipeline = client.multi();
      for (const [key, value] of entries)
        pipeline.set(nameOf(key), value, { expiration: { type: 'PX', value: ttlMs } });
      await pipeline.execAsPipeline();
    },
    async close() {
      // What is under way is not worth waiting for.
      if (client.isOpen) client.destroy();
    },
  };
}

/** As UTF-16, because UTF-8 has one and the same replacement for every half of a pair. */
function nameOf(key: string): string {
  return PREFIX + hash('sha256', Buffer.from(key, 'utf16le'), 'base64url');
}
