import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SwitchyardError } from '@switchyard/contracts';
import { type Claim, claimDirectory } from './claims.ts';
import { createOpenSegment, type OpenSegment } from './open-segment.ts';
import { sealLeftovers } from './recovery.ts';
import { parseSegmentName, QUARANTINE_DIRECTORY } from './segments.ts';
import { createUnshippedGauge } from './unshipped.ts';

/** How hard the writer tries to have lines on the disk, not only with the operating system. */
export type FsyncMode = 'every-second' | 'always' | 'off';

export interface PredictionLogOptions {
  /** `<data dir>/prediction-log`; the writer keeps to `<directory>/<writer>/`. */
  readonly directory: string;
  /** Name of this writer, such as `gateway-0`; one live process a name. */
  readonly writer: string;
  readonly fsync: FsyncMode;
  readonly segmentMaximumBytes: number;
  readonly segmentMaximumAgeMs: number;
  readonly maximumUnshippedBytes: number;
}

/** Whole lines as bytes, each with its line break, for who has written many at once. Not kept after the call. */
export interface LineBlock {
  readonly bytes: Uint8Array;
  readonly lines: number;
}

/** The append side of the prediction log. */
export interface PredictionLogWriter {
  /**
   * Hands whole lines (JSON without line breaks, no trailing newline) or blocks of them to the operating system in
   * one write.
   * When it returns, a killed process loses none of them.
   * Throws SwitchyardError('log_unavailable') when they could not be written; then none of them counts as logged.
   */
  write(lines: readonly (string | LineBlock)[]): void;
  status(): { readonly writable: boolean; readonly unshippedSegments: number; readonly unshippedBytes: number };
  /** Seals the open segment and lets go of the directory. */
  close(): Promise<void>;
}

const FSYNC_INTERVAL_MS = 1_000;
const PROBE_INTERVAL_MS = 500;
const PROBE_BYTES = 65_536;
/** How long a start waits for a recovery of the same directory, which takes milliseconds. */
const RECOVERY_WAIT_MS = 5_000;
/** With more sealed segments than this nobody is collecting them: then fewer, longer segments are kinder to the disk. */
const BACKLOG_SEGMENTS = 60;
const BACKLOG_AGE_MS = 60_000;

const unavailable = (detail: string, cause?: unknown) => new SwitchyardError('log_unavailable', detail, { cause });

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? 'unknown error';

function sleepSync(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function claimForWriting(directory: string, writer: string): Claim {
  const deadline = Date.now() + RECOVERY_WAIT_MS;
  for (;;) {
    const result = claimDirectory(directory, 'writer');
    if (result.ok) {
      return result.claim;
    }
    if (result.holder.kind === 'writer' || Date.now() > deadline) {
      throw unavailable(`the prediction log '${writer}' is in use by process ${result.holder.pid}`);
    }
    sleepSync(5);
  }
}

/**
 * The sequence goes on where it stopped, also when every earlier segment has been shipped and deleted:
 * the file remembers what the directory no longer shows.
 */
function readNextSequence(directory: string): number {
  let next = 1;
  try {
    next = Number(readFileSync(join(directory, 'next-sequence'), 'utf8')) || 1;
  } catch {
    // First start.
  }
  for (const name of readdirSync(directory)) {
    next = Math.max(next, (parseSegmentName(name)?.sequence ?? 0) + 1);
  }
  return next;
}

/** Segment numbers remembered with one write; a restart skips those that were not used. */
const RESERVED_SEQUENCES = 1_000;

/**
 * Opens the log for appending. Leftovers of an earlier life of the same writer are sealed first.
 * Throws SwitchyardError('log_unavailable') when another live process writes under this name,
 * or when the directory cannot be used.
 */
export function openPredictionLog(options: PredictionLogOptions): PredictionLogWriter {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(options.writer) || options.writer === QUARANTINE_DIRECTORY) {
    throw unavailable(`'${options.writer}' cannot be the name of a prediction log writer`);
  }
  const directory = join(options.directory, options.writer);
  let claim: Claim | undefined;
  try {
    mkdirSync(directory, { recursive: true });
    claim = claimForWriting(directory, options.writer);
    return startWriter(options, directory, claim);
  } catch (error) {
    claim?.release();
    throw SwitchyardError.is(error)
      ? error
      : unavailable(`the prediction log cannot be opened: ${codeOf(error)}`, error);
  }
}

function bytesOf(lines: readonly (string | LineBlock)[]): Uint8Array {
  const first = lines[0];
  if (lines.length === 1 && typeof first === 'object') {
    return first.bytes;
  }
  if (lines.every((line) => typeof line === 'string')) {
    return Buffer.from(`${lines.join('\n')}\n`);
  }
  return Buffer.concat(lines.map((line) => (typeof line === 'string' ? Buffer.from(`${line}\n`) : line.bytes)));
}

function startWriter(options: PredictionLogOptions, directory: string, claim: Claim): PredictionLogWriter {
  sealLeftovers(directory);
  let sequence = readNextSequence(directory);
  let reservedUntil = sequence;
  const unshipped = createUnshippedGauge(directory);
  let segment: OpenSegment | undefined;
  let ageTimer: NodeJS.Timeout | undefined;
  let probeTimer: NodeJS.Timeout | undefined;
  let isClosed = false;
  /** fsyncs and file closes still under way on sealed segments. */
  const pending = new Set<Promise<void>>();

  const unshippedBytes = () => unshipped.bytes() + (segment?.sizeBytes() ?? 0);

  function openSegment(): OpenSegment {
    // Remembered before it is used: a number may be skipped, never used twice. Many are remembered at once, because
    // replacing a file can wait for the disk, and requests wait meanwhile.
    if (sequence >= reservedUntil) {
      const temporary = join(directory, 'next-sequence.new');
      writeFileSync(temporary, String(sequence + RESERVED_SEQUENCES));
      renameSync(temporary, join(directory, 'next-sequence'));
      reservedUntil = sequence + RESERVED_SEQUENCES;
    }
    const opened = createOpenSegment(directory, sequence, options.fsync);
    sequence += 1;
    armAgeTimer(opened);
    return opened;
  }

  function armAgeTimer(opened: OpenSegment): void {
    // Unreferenced: a log waiting to be sealed keeps no process alive; what stays open is recovered later.
    ageTimer = setTimeout(() => {
      if (segment !== opened) {
        return;
      }
      if (unshipped.segments() > BACKLOG_SEGMENTS && opened.ageMs() < BACKLOG_AGE_MS) {
        armAgeTimer(opened);
        return;
      }
      if (!trySeal()) {
        armAgeTimer(opened);
      }
    }, options.segmentMaximumAgeMs).unref();
  }

  /** Returns false when the disk does not let us: the segment then stays open and is tried again. */
  function trySeal(): boolean {
    const current = segment;
    if (current === undefined) {
      return true;
    }
    try {
      const sealed = current.seal();
      if (sealed !== undefined) {
        unshipped.add(sealed.name, sealed.sizeBytes);
      }
    } catch {
      reportFailure();
      return false;
    }
    segment = undefined;
    clearTimeout(ageTimer);
    const finishing: Promise<void> = current
      .finish()
      .catch(reportFailure)
      .finally(() => pending.delete(finishing));
    pending.add(finishing);
    return true;
  }

  /** While the disk refuses, keep trying on our own: callers may have stopped writing because of `writable`. */
  function reportFailure(): void {
    if (probeTimer !== undefined || isClosed) {
      return;
    }
    let isProbing = false;
    probeTimer = setInterval(() => {
      if (isProbing) {
        return;
      }
      isProbing = true;
      probe(directory)
        .then(reportSuccess, () => {})
        .finally(() => {
          isProbing = false;
        });
    }, PROBE_INTERVAL_MS).unref();
  }

  function reportSuccess(): void {
    if (probeTimer !== undefined) {
      clearInterval(probeTimer);
      probeTimer = undefined;
    }
  }

  const fsyncTimer =
    options.fsync === 'every-second'
      ? setInterval(() => {
          segment?.syncInBackground().catch(reportFailure);
        }, FSYNC_INTERVAL_MS).unref()
      : undefined;

  return {
    write(lines) {
      if (isClosed) {
        throw unavailable('the prediction log is closed');
      }
      if (lines.length === 0) {
        return;
      }
      const bytes = bytesOf(lines);
      if (unshippedBytes() + bytes.length > options.maximumUnshippedBytes) {
        throw unavailable(
          `${unshippedBytes()} bytes of predictions wait to be shipped, the limit is ${options.maximumUnshippedBytes}`,
        );
      }
      try {
        segment ??= openSegment();
        segment.append(bytes);
      } catch (error) {
        reportFailure();
        throw unavailable(`the prediction log cannot be written: ${codeOf(error)}`, error);
      }
      reportSuccess();
      if (segment.sizeBytes() >= options.segmentMaximumBytes) {
        trySeal();
      }
    },

    status() {
      const openBytes = segment?.sizeBytes() ?? 0;
      return {
        writable: !isClosed && probeTimer === undefined && unshippedBytes() < options.maximumUnshippedBytes,
        unshippedSegments: unshipped.segments() + (openBytes > 0 ? 1 : 0),
        unshippedBytes: unshippedBytes(),
      };
    },

    async close() {
      if (isClosed) {
        return;
      }
      trySeal();
      isClosed = true;
      clearTimeout(ageTimer);
      clearInterval(fsyncTimer);
      reportSuccess();
      unshipped.close();
      await Promise.allSettled([...pending]);
      if (segment !== undefined) {
        // Could not be sealed: its whole lines are safe in the file, and the next start seals it.
        await segment.finish().catch(() => {});
      }
      claim.release();
    },
  };
}

/** Finds out whether the disk takes data again, without touching a segment. */
async function probe(directory: string): Promise<void> {
  const path = join(directory, 'probe');
  const file = await open(path, 'w');
  try {
    await file.writeFile(Buffer.alloc(PROBE_BYTES));
    await file.datasync();
  } finally {
    await file.close();
    await unlink(path);
  }
}
