import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { describe, it } from 'vitest';
import { describeMetadataStore } from './conformance.ts';
import { openPostgresMetadata } from './open-postgres-metadata.ts';

const serverUrl = process.env.SWITCHYARD_TEST_POSTGRES_URL;

if (serverUrl === undefined || serverUrl === '') {
  console.info('left out: metadata store on PostgreSQL (SWITCHYARD_TEST_POSTGRES_URL names no server)');
  describe.skip('metadata store on PostgreSQL (left out: SWITCHYARD_TEST_POSTGRES_URL names no server)', () => {
    it('is left out', () => {});
  });
} else {
  describeMetadataStore('PostgreSQL', async () => {
    // A database of its own, so that the suite starts from nothing and leaves nothing.
    const name = `switchyard_test_${randomUUID().replaceAll('-', '')}`;
    const administrator = new pg.Client({ connectionString: serverUrl });
    await administrator.connect();
    await administrator.query(`create database ${name}`);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    const open = () => openPostgresMetadata({ url: url.href });
    // Opened by three at once: the first migration of all must happen once.
    const [store, ...others] = await Promise.all([open(), open(), open()]);
    await Promise.all(others.map((each) => each.close()));
    if (!store) throw new Error('unreachable');
    return {
      store,
      openSecond: open,
      dispose: async () => {
        await store.close();
        await administrator.query(`drop database ${name} with (force)`);
        await administrator.end();
      },
    };
  });
}
