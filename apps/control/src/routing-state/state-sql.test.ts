import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openChdbAnalytics } from '@switchyard/storage/analytics';
import { describeStateSql } from './testing/state-sql-cases.ts';

describeStateSql('chDB in this process', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'state-sql-'));
  const store = await openChdbAnalytics({ directory });
  return {
    store,
    async dispose() {
      await store.close();
      rmSync(directory, { recursive: true });
    },
  };
});
