import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeAnalyticsStore } from './conformance.ts';
import { openChdbAnalytics } from './open-chdb.ts';

describeAnalyticsStore('chDB in this process', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'chdb-'));
  const store = await openChdbAnalytics({ directory });
  return {
    store,
    async dispose() {
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
