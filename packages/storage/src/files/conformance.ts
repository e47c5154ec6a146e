import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from './object-store.ts';

export interface ObjectStoreSubject {
  store: ObjectStore;
  /** Opens the same data again, as after a restart. */
  reopen(): Promise<ObjectStore>;
  dispose(): Promise<void>;
}

const keyOf = (content: Buffer) => `artifacts/${createHash('sha256').update(content).digest('hex')}`;

/** What every engine of the object port must do. */
export function describeObjectStore(name: string, makeSubject: () => Promise<ObjectStoreSubject>): void {
  describe(`object store on ${name}`, () => {
    let subject: ObjectStoreSubject;
    let store: ObjectStore;
    let scratch: string;
    const source = async (content: Buffer) => {
      const path = join(scratch, randomBytes(8).toString('hex'));
      await writeFile(path, content);
      return path;
    };
    const read = async (from: ObjectStore, key: string) => {
      const object = await from.openRead(key);
      return object && { bytes: await buffer(object.stream), sizeBytes: object.sizeBytes };
    };
    beforeAll(async () => {
      subject = await makeSubject();
      store = subject.store;
      scratch = await mkdtemp(join(tmpdir(), 'switchyard-objects-source-'));
    });
    afterAll(async () => {
      await subject.dispose();
      await rm(scratch, { recursive: true, force: true });
    });

    it('gives back the bytes and their number, also after a restart, and takes the source away', async () => {
      const content = randomBytes(300_000);
      const path = await source(content);
      await store.putFile(keyOf(content), path);
      expect(await read(store, keyOf(content))).toEqual({ bytes: content, sizeBytes: 300_000 });
      expect(await read(await subject.reopen(), keyOf(content))).toEqual({ bytes: content, sizeBytes: 300_000 });
      await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it('keeps empty objects', async () => {
      await store.putFile('empty', await source(Buffer.alloc(0)));
      expect(await read(store, 'empty')).toEqual({ bytes: Buffer.alloc(0), sizeBytes: 0 });
    });

    it('knows what is there and what is not', async () => {
      await store.putFile('here', await source(Buffer.from('x')));
      expect([await store.exists('here'), await store.exists('not-here')]).toEqual([true, false]);
      expect(await store.openRead('not-here')).toBeUndefined();
      expect(await store.openRead('here/below')).toBeUndefined();
    });

    it('leaves an object that exists as it is', async () => {
      await store.putFile('fixed', await source(Buffer.from('first')));
      await store.putFile('fixed', await source(Buffer.from('second')));
      expect((await read(store, 'fixed'))?.bytes.toString()).toBe('first');
    });

    it('takes the same object from many at once', async () => {
      const content = randomBytes(50_000);
      const paths = await Promise.all(Array.from({ length: 8 }, () => source(content)));
      await Promise.all(paths.map((path) => store.putFile(keyOf(content), path)));
      expect((await read(store, keyOf(content)))?.bytes).toEqual(content);
    });

    it('deletes, also twice; a reader that has it open reads to the end', async () => {
      const content = randomBytes(2_000_000);
      await store.putFile('gone', await source(content));
      const open = await store.openRead('gone');
      await store.delete('gone');
      await store.delete('gone');
      expect(await store.exists('gone')).toBe(false);
      expect(open && (await buffer(open.stream))).toEqual(content);
    });

    it.each([
      '',
      '/etc/passwd',
      '../outside',
      'artifacts/../../outside',
      'artifacts/..',
      '.partial/x',
      'a//b',
      'a/',
      'a\0b',
      'a\\b',
      'UPPER',
      'a b',
      `a/${'x'.repeat(300)}`,
    ])('refuses the key %j everywhere', async (key) => {
      const path = await source(Buffer.from('kept'));
      await expect(store.putFile(key, path)).rejects.toThrow(RangeError);
      await expect(store.openRead(key)).rejects.toThrow(RangeError);
      await expect(store.exists(key)).rejects.toThrow(RangeError);
      await expect(store.delete(key)).rejects.toThrow(RangeError);
      expect((await readFile(path)).toString()).toBe('kept');
    });

    it('refuses a source that is not there and keeps nothing', async () => {
      await expect(store.putFile('nothing', join(scratch, 'missing'))).rejects.toThrow();
      expect(await store.exists('nothing')).toBe(false);
    });

    it('says that it is healthy', async () => {
      expect(await store.health()).toEqual({ healthy: true, detail: '' });
    });
  });
}
