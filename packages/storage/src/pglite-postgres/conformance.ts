import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isUniqueViolation, lockForTransaction, type MetadataStore } from './metadata-store.ts';
import { migrate, migrations } from './migrations.ts';

export interface MetadataStoreSubject {
  store: MetadataStore;
  /** Another connection to the same data, as a second process would have; null where one process owns the data. */
  openSecond: (() => Promise<MetadataStore>) | null;
  dispose(): Promise<void>;
}

/** What every engine of the metadata port must do. */
export function describeMetadataStore(name: string, makeSubject: () => Promise<MetadataStoreSubject>): void {
  describe(`metadata store on ${name}`, () => {
    let subject: MetadataStoreSubject;
    let store: MetadataStore;
    beforeAll(async () => {
      subject = await makeSubject();
      store = subject.store;
    }, 60_000);
    afterAll(async () => {
      await subject?.dispose();
    });

    it('is migrated when it is handed out, and migrating again does nothing', async () => {
      expect(await migrate(store.db)).toEqual([]);
    });

    it('applies each new migration once when several start at the same time', async () => {
      const list = [
        ...migrations,
        { number: migrations.length + 1, name: 'probe', statements: ['create table probe (id serial)'] },
      ];
      const others = subject.openSecond ? await Promise.all([subject.openSecond(), subject.openSecond()]) : [];
      const applied = await Promise.all([store, ...others].map((each) => migrate(each.db, list)));
      expect(applied.flat()).toEqual([migrations.length + 1]);
      await Promise.all(others.map((each) => each.close()));
      await sql`drop table probe`.execute(store.db);
      await sql`delete from switchyard_migrations where name = 'probe'`.execute(store.db);
    });

    it('refuses a database that a newer program has migrated', async () => {
      await expect(migrate(store.db, [])).rejects.toThrow(/newer program/);
    });

    it('undoes the whole of a migration that fails', async () => {
      const broken = {
        number: migrations.length + 1,
        name: 'broken',
        statements: ['create table half (id serial)', 'select nonsense'],
      };
      await expect(migrate(store.db, [...migrations, broken])).rejects.toThrow();
      await expect(sql`select * from half`.execute(store.db)).rejects.toThrow();
      expect(await migrate(store.db)).toEqual([]);
    });

    it('gives back what was written: JSON with its order of keys, large sizes, instants, nulls', async () => {
      await store.db
        .insertInto('models')
        .values({ name: 'kept', task: 'binary', description: 'Ünï "quoted"' })
        .execute();
      const lineage = { metrics: { zeta: 0.1, alpha: 1e-9 }, notes: "it's 😀" };
      const createdAt = new Date('2026-03-01T12:34:56.789Z');
      const written = await store.db
        .insertInto('model_versions')
        .values({
          model: 'kept',
          version: 1,
          format: 'onnx',
          artifact_sha256: 'a'.repeat(64),
          artifact_size_bytes: 2_147_483_648,
          signature: JSON.stringify({}),
          lineage: JSON.stringify(lineage),
          created_at: createdAt,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      const read = await store.db
        .selectFrom('model_versions')
        .selectAll()
        .where('model', '=', 'kept')
        .executeTakeFirstOrThrow();
      expect(read).toEqual(written);
      expect(read.artifact_size_bytes).toBe(2_147_483_648);
      expect(JSON.stringify(read.lineage)).toBe(JSON.stringify(lineage));
      expect(read.created_at).toEqual(createdAt);
      await store.db
        .insertInto('aliases')
        .values({ model: 'kept', alias: 'a', target_version: 1, target_alias: null })
        .execute();
      const alias = await store.db.selectFrom('aliases').selectAll().executeTakeFirstOrThrow();
      expect(alias).toMatchObject({ target_version: 1, target_alias: null });
    });

    it('counts changed and deleted rows', async () => {
      const { numUpdatedRows } = await store.db
        .updateTable('models')
        .set({ description: 'changed' })
        .where('name', '=', 'kept')
        .executeTakeFirstOrThrow();
      const { numDeletedRows } = await store.db
        .deleteFrom('models')
        .where('name', '=', 'nobody')
        .executeTakeFirstOrThrow();
      expect([numUpdatedRows, numDeletedRows]).toEqual([1n, 0n]);
    });

    it('numbers rows in the order they were written, however fast', async () => {
      const names = Array.from({ length: 50 }, (_, index) => `ordered-${index}`);
      for (const each of names) {
        await store.db.insertInto('models').values({ name: each, task: 'binary', description: '' }).execute();
      }
      const rows = await store.db
        .selectFrom('models')
        .select('name')
        .where('name', 'like', 'ordered-%')
        .orderBy('id')
        .execute();
      expect(rows.map((row) => row.name)).toEqual(names);
    });

    it('refuses a second row with the same key, recognisably, and dangling references, also recognisably not that', async () => {
      const insert = () =>
        store.db.insertInto('models').values({ name: 'twice', task: 'binary', description: '' }).execute();
      await insert();
      const duplicate = await insert().catch((error: unknown) => error);
      expect(isUniqueViolation(duplicate)).toBe(true);
      const dangling = await store.db
        .insertInto('aliases')
        .values({ model: 'kept', alias: 'b', target_version: 99, target_alias: null })
        .execute()
        .catch((error: unknown) => error);
      expect(dangling).toBeInstanceOf(Error);
      expect(isUniqueViolation(dangling)).toBe(false);
    });

    it('keeps nothing of a transaction that fails, and works on after it', async () => {
      const failing = store.db.transaction().execute(async (transaction) => {
        await transaction.insertInto('models').values({ name: 'undone', task: 'binary', description: '' }).execute();
        throw new Error('changed my mind');
      });
      await expect(failing).rejects.toThrow('changed my mind');
      expect(await store.db.selectFrom('models').select('name').where('name', '=', 'undone').execute()).toEqual([]);
    });

    it('lets no statement of anybody else slip into a transaction', async () => {
      const transaction = store.db.transaction().execute(async (inside) => {
        await inside.insertInto('models').values({ name: 'invisible', task: 'binary', description: '' }).execute();
        await new Promise((resolve) => setTimeout(resolve, 30));
        throw new Error('undo');
      });
      const outside = store.db
        .insertInto('models')
        .values({ name: 'visible', task: 'binary', description: '' })
        .execute();
      await Promise.allSettled([transaction, outside]);
      const rows = await store.db.selectFrom('models').select('name').where('name', 'like', '%visible').execute();
      expect(rows).toEqual([{ name: 'visible' }]);
    });

    it('lets one transaction at a time hold a lock', async () => {
      const second = subject.openSecond ? await subject.openSecond() : store;
      let inside = 0;
      let most = 0;
      const critical = (each: MetadataStore) =>
        each.db.transaction().execute(async (transaction) => {
          await lockForTransaction(transaction, 'registry');
          inside += 1;
          most = Math.max(most, inside);
          await new Promise((resolve) => setTimeout(resolve, 5));
          inside -= 1;
        });
      await Promise.all(Array.from({ length: 10 }, (_, index) => critical(index % 2 ? store : second)));
      expect(most).toBe(1);
      if (second !== store) await second.close();
    });

    it('counts up without gaps or repeats under concurrency', async () => {
      await store.db.insertInto('models').values({ name: 'counted', task: 'binary', description: '' }).execute();
      const next = () =>
        store.db
          .updateTable('models')
          .set((expression) => ({ last_version: expression('last_version', '+', 1) }))
          .where('name', '=', 'counted')
          .returning('last_version')
          .executeTakeFirstOrThrow();
      const numbers = await Promise.all(Array.from({ length: 20 }, next));
      expect(numbers.map((row) => row.last_version).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, i) => i + 1),
      );
    });

    it('says that it is healthy, and after closing that it is not', async () => {
      expect(await store.health()).toEqual({ healthy: true, detail: '' });
      await store.close();
      await store.close();
      expect((await store.health()).healthy).toBe(false);
    });
  });
}
