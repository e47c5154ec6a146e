import type { Readable } from 'node:stream';
import { lockForTransaction, type MetadataStore, type MetadataTransaction } from '@switchyard/storage/metadata';
import type { ObjectStore } from '@switchyard/storage/objects';

/** Artifacts by their contents: the same file uploaded twice is kept once. */
export interface ArtifactStore {
  /** Keeps the file under its digest. Inside the transaction that makes a version point at it. */
  keep(transaction: MetadataTransaction, sha256: string, path: string): Promise<void>;
  openRead(sha256: string): Promise<{ stream: Readable; sizeBytes: number } | undefined>;
  /** Removes those that no version points at any more. */
  deleteUnused(digests: readonly string[]): Promise<void>;
}

const keyOf = (sha256: string) => `artifacts/${sha256}`;

export function createArtifactStore(metadata: MetadataStore, objects: ObjectStore): ArtifactStore {
  return {
    // The lock keeps an upload from finding an artifact in place that a deletion is about to remove.
    keep: async (transaction, sha256, path) => {
      await lockForTransaction(transaction, 'artifacts');
      await objects.putFile(keyOf(sha256), path);
    },
    openRead: (sha256) => objects.openRead(keyOf(sha256)),
    deleteUnused: async (digests) => {
      for (const sha256 of new Set(digests)) {
        // Not in the transaction that deleted the versions: should that one fail to commit, they still need the file.
        await metadata.db.transaction().execute(async (transaction) => {
          await lockForTransaction(transaction, 'artifacts');
          const user = await transaction
            .selectFrom('model_versions')
            .select('id')
            .where('artifact_sha256', '=', sha256)
            .limit(1)
            .executeTakeFirst();
          if (!user) await objects.delete(keyOf(sha256));
        });
      }
    },
  };
}
