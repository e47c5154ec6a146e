/**
 * Short texts under keys, for a while: what models answered, so that the same question need not be asked again.
 * Nothing in it is needed: whoever asks must be able to do without an entry, without the store, and at once.
 * Keys are any text, values well-formed text.
 */
export interface AnswerCache {
  readonly engine: 'memory' | 'redis';
  /**
   * The value of each key, in their order; undefined where there is none, or where it is too old.
   * An engine in this process answers at once, without a promise. Rejects when the store cannot be asked now.
   */
  getMany(keys: readonly string[]): Values | Promise<Values>;
  /**
   * Keeps values for `ttlMs` milliseconds at most; an engine that is full drops what was not used for longest.
   * Throws RangeError for a time that is no whole number from 1 on. Rejects when the store cannot be asked now.
   */
  setMany(entries: readonly CacheEntry[], ttlMs: number): void | Promise<void>;
  close(): Promise<void>;
}

export type Values = readonly (string | undefined)[];
export type CacheEntry = readonly [key: string, value: string];

/** Times come from checked settings, so a wrong one is a bug and not a caller's mistake. */
export function assertTtl(ttlMs: number): void {
  if (!Number.isSafeInteger(ttlMs) || ttlMs < 1) throw new RangeError(`Not a time to keep something: ${ttlMs} ms`);
}
