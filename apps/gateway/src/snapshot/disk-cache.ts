import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type ServingSnapshot, servingSnapshotSchema } from '@switchyard/contracts';

/** Snapshot and artifacts on disk, so that a gateway starts without control. Shared by all gateways of a data directory. */
export interface DiskCache {
  /** undefined when there is none that can be used. */
  readSnapshot(): Promise<ServingSnapshot | undefined>;
  writeSnapshot(snapshot: ServingSnapshot): Promise<void>;
  /** The path of an artifact; fetched by `download` into a new file first when it is not here. */
  ensureArtifact(sha256: string, sizeBytes: number, download: (path: string) => Promise<void>): Promise<string>;
  /** Removes artifacts that are not in use and have not been for an hour: another gateway may be a snapshot behind. */
  removeUnused(inUse: ReadonlySet<string>, now: number): Promise<void>;
}

const KEEP_UNUSED_MS = 3_600_000;
/** Every snapshot says again what is in use; files say it this often. */
const TOUCH_EVERY_MS = KEEP_UNUSED_MS / 6;

/** @param directory `<data dir>/gateway` */
export async function openDiskCache(directory: string): Promise<DiskCache> {
  const artifacts = join(directory, 'artifacts');
  const snapshotPath = join(directory, 'snapshot.json');
  await mkdir(artifacts, { recursive: true });
  let touchedAt = new Map<string, number>();
  const temporaryPath = (path: string) => `${path}.${process.pid}.${randomUUID()}.new`;

  return {
    async readSnapshot() {
      try {
        return servingSnapshotSchema.parse(JSON.parse(await readFile(snapshotPath, 'utf8')));
      } catch {
        // Absent, or of a version that wrote it otherwise: control has a newer one.
        return undefined;
      }
    },

    async writeSnapshot(snapshot) {
      const temporary = temporaryPath(snapshotPath);
      const file = await open(temporary, 'wx');
      try {
        await file.writeFile(JSON.stringify(snapshot));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, snapshotPath);
    },

    async ensureArtifact(sha256, sizeBytes, download) {
      const path = join(artifacts, sha256);
      const known = await stat(path).catch(() => undefined);
      if (known?.size === sizeBytes) return path;
      const temporary = temporaryPath(path);
      try {
        await download(temporary);
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      return path;
    },

    async removeUnused(inUse, now) {
      const touchedBefore = touchedAt;
      touchedAt = new Map();
      for (const name of await readdir(artifacts)) {
        const path = join(artifacts, name);
        if (inUse.has(name)) {
          const last = touchedBefore.get(name);
          const isFresh = last !== undefined && now - last < TOUCH_EVERY_MS;
          if (!isFresh) await utimes(path, now / 1_000, now / 1_000).catch(() => {});
          touchedAt.set(name, isFresh ? last : now);
          continue;
        }
        const known = await stat(path).catch(() => undefined);
        if (known !== undefined && now - known.mtimeMs > KEEP_UNUSED_MS) await rm(path, { force: true });
      }
    },
  };
}
