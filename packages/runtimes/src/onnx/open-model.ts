import type { ClassLabel, Signature } from '@switchyard/contracts';
import type { FeatureRow } from '../model-runtime.ts';
import { findClassLabels } from './class-labels.ts';
import { type InputColumns, layOutColumns } from './encode-rows.ts';
import { FileBytes } from './file-bytes.ts';
import { isBatchable } from './jobs.ts';
import { measureRunMicros } from './measure-session.ts';
import { readOutline } from './model-outline.ts';
import { encodeRows, findKnownTexts, makeProbeRows } from './probe-rows.ts';
import { makeAnswerReader } from './read-answers.ts';
import { openSession, runRows, type SessionTensor } from './session.ts';
import type { LoadMeasurements } from './thread-messages.ts';

const MEASURED_BATCH_ROWS = 64;
const MEASURED_BATCH_UP_TO_MICROS = 500;
const WARM_UP_RUNS = 3;

/** A model loaded in this thread, and what is known about it. */
export interface OpenModel {
  readonly loadMs: number;
  run(
    inputs: readonly SessionTensor[],
    outputNames: readonly string[],
    rowCount: number,
  ): SessionTensor[] | Promise<SessionTensor[]>;
  /** A few runs, so that the first caller does not pay for what is allocated once. */
  warmUp(): Promise<void>;
  /** Warms up by running, and says how long it took. */
  measure(): Promise<LoadMeasurements>;
  close(): Promise<void>;
}

/** Blocks the thread for as long as loading takes. Rejects when the file does not fit the signature. */
export async function openModel(path: string, signature: Signature): Promise<OpenModel> {
  // Processor time of this thread: on a busy machine the time on the clock says little about the model.
  const before = process.threadCpuUsage();
  const session = await openSession(path);
  const { user, system } = process.threadCpuUsage(before);
  const loadMs = (user + system) / 1000;
  const columns = layOutColumns(signature);
  const { fileLabels, texts } = readKnowledge(path, signature, columns);
  const canBatch = isBatchable(signature);
  const [row = []] = makeProbeRows(signature.features, texts);
  const { outputNames } = makeAnswerReader(signature, fileLabels);
  const encodeProbe = (count: number): SessionTensor[] =>
    encodeRows(columns, signature.features, new Array<FeatureRow>(count).fill(row));
  return {
    loadMs,
    run(inputs, outputNames, rowCount) {
      return canBatch || rowCount === 1
        ? session.run(inputs, outputNames)
        : runRows(session, inputs, outputNames, rowCount);
    },
    async warmUp() {
      for (let run = 0; run < WARM_UP_RUNS; run += 1) await session.run(encodeProbe(1), outputNames);
    },
    async measure() {
      const runMicros = await measureRunMicros(session, encodeProbe(1), outputNames);
      let furtherRowMicros = runMicros;
      // Rows per run only matter to models that may run inline; for slow ones finding out would take long.
      if (canBatch && runMicros < MEASURED_BATCH_UP_TO_MICROS) {
        const batchMicros = await measureRunMicros(session, encodeProbe(MEASURED_BATCH_ROWS), outputNames);
        furtherRowMicros = Math.max(0, batchMicros - runMicros) / (MEASURED_BATCH_ROWS - 1);
      }
      return { loadMs, runMicros, furtherRowMicros, fileLabels };
    },
    close: () => session.close(),
  };
}

function readKnowledge(
  path: string,
  signature: Signature,
  columns: readonly InputColumns[],
): { fileLabels: readonly ClassLabel[] | undefined; texts: readonly (string | undefined)[] } {
  const file = new FileBytes(path);
  try {
    const outline = readOutline(file);
    return {
      fileLabels:
        signature.roles.label === undefined ? undefined : findClassLabels(outline, file, signature.roles.label),
      texts: findKnownTexts(outline, columns),
    };
  } finally {
    file.close();
  }
}
