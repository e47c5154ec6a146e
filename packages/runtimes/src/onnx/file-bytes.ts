import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const WINDOW_BYTES = 65_536;

/** Bytes by position, whether they are in memory or on disk. */
export interface ByteSource {
  readonly length: number;
  /** The bytes from `start` up to `end`; they stay valid after the next call. */
  bytes(start: number, end: number): Buffer;
}

/**
 * A file read through a small window, so that skipping over gigabytes of weights costs no memory.
 * Reads are synchronous: use it only where blocking is allowed (a worker thread, a child process).
 */
export class FileBytes implements ByteSource {
  readonly length: number;
  readonly #descriptor: number;
  #window = Buffer.alloc(0);
  #windowStart = 0;

  constructor(path: string) {
    this.#descriptor = openSync(path, 'r');
    this.length = fstatSync(this.#descriptor).size;
  }

  bytes(start: number, end: number): Buffer {
    if (start < 0 || end > this.length || start > end) throw new RangeError('read beyond the end of the file');
    const offset = start - this.#windowStart;
    if (offset >= 0 && end - this.#windowStart <= this.#window.length) {
      return this.#window.subarray(offset, offset + end - start);
    }
    const wanted = Math.min(Math.max(end - start, WINDOW_BYTES), this.length - start);
    const window = Buffer.allocUnsafeSlow(wanted);
    this.readInto(window, start);
    if (wanted > WINDOW_BYTES) return window.subarray(0, end - start);
    this.#window = window;
    this.#windowStart = start;
    return window.subarray(0, end - start);
  }

  /** Fills `target` with the bytes that begin at `start`. */
  readInto(target: Uint8Array, start: number): void {
    let filled = 0;
    while (filled < target.length) {
      const count = readSync(this.#descriptor, target, filled, target.length - filled, start + filled);
      if (count === 0) throw new RangeError('the file ended early');
      filled += count;
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
