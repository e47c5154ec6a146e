import type { ServedVersion } from '@switchyard/contracts';
import {
  type Database,
  type RegistryView,
  type VersionIdentity,
  type VersionName,
  versionKey,
} from '../registry/registry-view.ts';
import { canonicalJson } from './canonical-json.ts';

/**
 * Versions as snapshots name them. A version never changes: each is read from the database, and written as canonical
 * JSON, once, and not again with every publication. The id of its row alone does not name it: a database that crashes
 * forgets how far a sequence was counted by what it had not yet on disk, and gives those ids to others.
 */
export interface VersionCache {
  /** The named versions, by `versionKey`. Names that do not exist are not in the answer; others are forgotten. */
  load(db: Database, view: RegistryView, names: readonly VersionName[]): Promise<Map<string, ServedVersion>>;
  /** Canonical JSON of those it handed out. */
  readonly texts: WeakMap<object, string>;
}

const identityKey = ({ id, artifact_sha256, created_at }: VersionIdentity): string =>
  `${id} ${artifact_sha256} ${created_at.toISOString()}`;

export function createVersionCache(): VersionCache {
  const texts = new WeakMap<object, string>();
  let known = new Map<string, ServedVersion>();

  const read = async (db: Database, ids: readonly number[]): Promise<Map<string, ServedVersion>> => {
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
        return [identityKey(row), served] as const;
      }),
    );
  };

  return {
    texts,
    async load(db, view, names) {
      const wanted = new Map<string, { readonly identity: string; readonly id: number }>();
      for (const name of names) {
        const row = view.models.get(name.model)?.versionRows.get(name.version);
        if (row !== undefined) wanted.set(versionKey(name), { identity: identityKey(row), id: row.id });
      }
      const before = known;
      const unknown = [...wanted.values()].filter(({ identity }) => !before.has(identity));
      const missing = await read(db, [...new Set(unknown.map(({ id }) => id))]);
      const found = [...wanted].flatMap(([key, { identity }]) => {
        const served = before.get(identity) ?? missing.get(identity);
        return served === undefined ? [] : [{ key, identity, served }];
      });
      known = new Map(found.map(({ identity, served }) => [identity, served]));
      return new Map(found.map(({ key, served }) => [key, served]));
    },
  };
}
