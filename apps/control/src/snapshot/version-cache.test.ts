import type { Signature } from '@switchyard/contracts';
import { type MetadataStore, openPgliteMetadata } from '@switchyard/storage/metadata';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Database, loadRegistry, versionKey } from '../registry/registry-view.ts';
import { canonicalJson } from './canonical-json.ts';
import { createSnapshotPublisher } from './snapshot-publisher.ts';
import { createVersionCache } from './version-cache.ts';

let metadata: MetadataStore;
beforeAll(async () => {
  metadata = await openPgliteMetadata({ directory: null });
  await metadata.db.insertInto('models').values({ name: 'forest', task: 'binary', description: '' }).execute();
}, 60_000);
afterAll(() => metadata.close());

const signature: Signature = {
  features: [{ name: 'amount', type: 'number' }],
  layout: 'single-tensor',
  inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 1] }],
  outputs: [{ name: 'probabilities', datatype: 'FP32', shape: [-1, 2] }],
  roles: { probabilities: 'probabilities' },
  labels: ['legit', 'fraud'],
};

function addVersion(
  db: Database,
  version: number,
  sha256: string,
  overrides: { id?: number; labels?: Signature['labels'] } = {},
) {
  const { labels, ...columns } = overrides;
  const row = { model: 'forest', version, format: 'onnx' as const, artifact_size_bytes: 1, lineage: '{}', ...columns };
  return db
    .insertInto('model_versions')
    .values({ ...row, artifact_sha256: sha256, signature: JSON.stringify({ ...signature, ...(labels && { labels }) }) })
    .execute();
}

it('reads a version once, knows its canonical text, and forgets what is asked for no more', async () => {
  await addVersion(metadata.db, 1, 'a'.repeat(64));
  await addVersion(metadata.db, 2, 'b'.repeat(64));
  let statements = 0;
  const counted = metadata.db.withPlugin({
    transformQuery: ({ node }) => {
      statements += 1;
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  const view = await loadRegistry(metadata.db);
  const cache = createVersionCache();
  const name = (version: string) => ({ model: 'forest', version });
  const first = await cache.load(counted, view, [name('1'), name('2'), name('9')]);
  expect([...first.keys()]).toEqual(['forest@1', 'forest@2']);
  expect(first.get('forest@1')).toEqual({
    version: '1',
    format: 'onnx',
    artifact: { sha256: 'a'.repeat(64), sizeBytes: 1 },
    signature,
  });
  for (const served of first.values()) expect(cache.texts.get(served)).toBe(canonicalJson(served));
  const second = await cache.load(counted, view, [name('2')]);
  expect(second.get('forest@2')).toBe(first.get('forest@2'));
  expect(statements).toBe(1);
  await cache.load(counted, view, [name('1'), name('2')]);
  expect(statements).toBe(2);
});

it('a version that was rolled back leaves nothing behind for the next one of that number', async () => {
  const snapshots = await createSnapshotPublisher({ metadata, now: () => new Date() });
  const digest = () => snapshots.current().models.forest?.versions['3']?.artifact.sha256;
  const breaking = { ...metadata, db: failingAtCommit(metadata.db) };
  const broken = await createSnapshotPublisher({ metadata: breaking, now: () => new Date() });
  for (const publisher of [broken, snapshots]) {
    const sha256 = publisher === broken ? 'c'.repeat(64) : 'd'.repeat(64);
    const changing = publisher.change((transaction) => addVersion(transaction, 3, sha256).then(() => {}));
    if (publisher === broken) await expect(changing).rejects.toThrow('the database went away');
    else await changing;
  }
  expect(digest()).toBe('d'.repeat(64));
  await broken.change(async () => {});
  expect(broken.current().hash).toBe(snapshots.current().hash);
});

it('a version is not taken for one that had its id in what a crash of the database has undone', async () => {
  const cache = createVersionCache();
  const name = { model: 'forest', version: '7' };
  const load = async () =>
    (await cache.load(metadata.db, await loadRegistry(metadata.db), [name])).get(versionKey(name));
  const [sha256, other] = ['e'.repeat(64), 'f'.repeat(64)];
  await addVersion(metadata.db, 7, sha256, { id: 7_000 });
  expect(await load()).toMatchObject({ artifact: { sha256 }, signature });
  for (const [digest, labels] of [
    [other, ['legit', 'fraud']],
    [other, ['no', 'yes']],
  ] satisfies [string, string[]][]) {
    await metadata.db.deleteFrom('model_versions').where('id', '=', 7_000).execute();
    await addVersion(metadata.db, 7, digest, { id: 7_000, labels });
    expect(await load()).toMatchObject({ artifact: { sha256: digest }, signature: { labels } });
  }
});

/** Its first change fails when everything has been read and written, as when the connection is lost. */
function failingAtCommit(db: MetadataStore['db']): MetadataStore['db'] {
  let left = 2;
  return new Proxy(db, {
    get(target, property) {
      if (property !== 'transaction')
        return Reflect.get(target, property).bind?.(target) ?? Reflect.get(target, property);
      return () => ({
        execute: <Result>(work: (transaction: Database) => Promise<Result>) =>
          target.transaction().execute(async (transaction) => {
            const result = await work(transaction);
            left -= 1;
            // The first one is that of starting.
            if (left === 0) throw new Error('the database went away');
            return result;
          }),
      });
    },
  });
}
