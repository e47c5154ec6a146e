import type { Readable } from 'node:stream';

/**
 * Large immutable things under a key such as `artifacts/<sha256>`.
 * A key is one to ten segments of `a-z 0-9 . _ -`, joined by '/', none of which starts with a dot.
 */
export interface ObjectStore {
  readonly engine: 'files';
  /**
   * Moves the file at `sourcePath` here; the source is gone afterwards. Readers see the whole object or none,
   * and it outlives a power cut once this resolves. An object that exists already is left as it is.
   * Rejects with storage_full when there is no space.
   */
  putFile(key: string, sourcePath: string): Promise<void>;
  /** Undefined when there is no such object. The reader must consume or destroy the stream. */
  openRead(key: string): Promise<{ stream: Readable; sizeBytes: number } | undefined>;
  exists(key: string): Promise<boolean>;
  /** Nothing happens when there is no such object. */
  delete(key: string): Promise<void>;
  health(): Promise<{ healthy: boolean; detail: string }>;
}

const SEGMENT = '[a-z0-9_-][a-z0-9._-]{0,199}';
const KEY_PATTERN = new RegExp(`^${SEGMENT}(?:/${SEGMENT}){0,9}$`);

/** Keys are made by this program, so a bad one is a bug and not a caller's mistake. */
export function assertObjectKey(key: string): void {
  if (!KEY_PATTERN.test(key)) throw new RangeError(`Not a key of an object: ${JSON.stringify(key.slice(0, 200))}`);
}
