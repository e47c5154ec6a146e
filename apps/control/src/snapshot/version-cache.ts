import type { ServedVersion } from '@switchyard/contracts';
import { type Database, type RegistryView, type VersionName, versionKey } from '../registry/registry-view.ts';
import { canonicalJson } from './canonical-json.ts';

/**
 * Versions as snapshots name them. A version never changes and the id of its row is never given to another one, not
 * even when the transaction that wrote it is rolled back: each is read from the database, and written as canonical
 * JSON, once, and not again with every publication.
 */
export interface VersionCache {
  /** The named versions, by `versionKey`. Names that do not exist are not in the answer; others are forgotten. */
  load(db: Database, view: RegistryView, names: readonly VersionName[]): Promise<Map<string, ServedVersion>>;
  /** Canonical JSON of those it handed out. */
  readonly texts: WeakMap<object, string>;
}

export function createVersionCache(): VersionCache {
  const texts = new WeakMap<object, string>();
  let known = new Map<number, ServedVersion>();

  const read = async (db: Database, ids: readonly number[]): Promise<Map<number, ServedVersion>> => {
    if (ids.length === 0) return new Map();
    const rows = await db.selectFrom('model_versions').selectAll().where('id', 'in', ids).execute();
    return new Map(
      rows.map((row) => {
        const served: ServedVersion = {
          version: String(row.version),
          format: row.format,
          artifact: { sha256: row.artifact_sha256, sizeBytes: row.artifact_size_bytes },
          signature: row.signature,
          ...(row.upstream === null ? {} : { upstream: row.upstream }),
        };
        texts.set(served, canonicalJson(served));
        return [row.id, served] as const;
      }),
    );
  };

  return {
    texts,
    async load(db, view, names) {
      const idsByKey = new Map<string, number>();
      for (const name of names) {
        const id = view.models.get(name.model)?.versionIds.get(name.version);
        if (id !== undefined) idsByKey.set(versionKey(name), id);
      }
      const before = known;
      const missing = await read(
        db,
        [...new Set(idsByKey.values())].filter((id) => !before.has(id)),
      );
      const found = [...idsByKey].flatMap(([key, id]) => {
        const served = before.get(id) ?? missing.get(id);
        return served === undefined ? [] : [{ key, id, served }];
      });
      known = new Map(found.map(({ id, served }) => [id, served]));
      return new Map(found.map(({ key, served }) => [key, served]));
    },
  };
}
