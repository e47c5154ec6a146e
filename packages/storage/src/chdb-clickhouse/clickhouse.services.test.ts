import { describe, expect, it } from 'vitest';
import { describeAnalyticsStore } from './conformance.ts';
import { openClickhouseAnalytics } from './open-clickhouse.ts';
import { startChdbHttp } from './testing/start-chdb-http.ts';

describeAnalyticsStore('over HTTP, chDB behind the interface of ClickHouse', async () => {
  const server = await startChdbHttp();
  const store = await openClickhouseAnalytics({ url: server.url });
  return {
    store,
    openAnother: () => openClickhouseAnalytics({ url: server.url }),
    async dispose() {
      await store.close();
      await server.stop();
    },
  };
});

const url = process.env.CLICKHOUSE_URL;
if (url === undefined) {
  console.warn('left out: the analytics conformance suite on a ClickHouse server, because CLICKHOUSE_URL is not set');
} else {
  describeAnalyticsStore('over HTTP, a ClickHouse server', async () => {
    const database = `switchyard_test_${process.pid}`;
    const store = await openClickhouseAnalytics({ url, database });
    return {
      store,
      openAnother: () => openClickhouseAnalytics({ url, database }),
      async dispose() {
        await store.command(`DROP DATABASE ${database}`);
        await store.close();
      },
    };
  });
}

describe('a store that goes away', () => {
  it('is said to be unhealthy, and its queries fail as storage_unavailable', async () => {
    const server = await startChdbHttp();
    const store = await openClickhouseAnalytics({ url: server.url });
    await server.stop();
    expect(await store.health()).toMatchObject({ healthy: false });
    await expect(store.query('SELECT 1')).rejects.toMatchObject({ code: 'storage_unavailable' });
    await expect(store.insertSegments([import.meta.filename])).rejects.toMatchObject({ code: 'storage_unavailable' });
    await store.close();
    await expect(openClickhouseAnalytics({ url: server.url })).rejects.toMatchObject({ code: 'storage_unavailable' });
  });

  it('two processes cannot open one chDB directory: the second is told who has it', async () => {
    const server = await startChdbHttp();
    const store = await openClickhouseAnalytics({ url: server.url });
    const { openChdbAnalytics } = await import('./open-chdb.ts');
    await expect(openChdbAnalytics({ directory: server.directory })).rejects.toMatchObject({
      code: 'storage_unavailable',
      message: expect.stringMatching(/another process|process \d+ has it open/),
    });
    await store.close();
    await server.stop();
  });
});
