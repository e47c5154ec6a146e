import { openClickhouseAnalytics } from '@switchyard/storage/analytics';
import { startChdbHttp } from '@switchyard/storage/analytics/testing';
import { describeStateSql } from './testing/state-sql-cases.ts';

describeStateSql('chDB behind the HTTP interface of ClickHouse', async () => {
  const server = await startChdbHttp();
  const store = await openClickhouseAnalytics({ url: server.url });
  return {
    store,
    async dispose() {
      await store.close();
      await server.stop();
    },
  };
});
