import { closeSync, openSync, readSync } from 'node:fs';
import type { Signature, Task, VersionSpec } from '@switchyard/contracts';
import { SwitchyardError } from '@switchyard/contracts/errors';
import type { FeatureRow } from '../model-runtime.ts';
import { findClassLabels } from './class-labels.ts';
import { discoverInputs } from './discover-inputs.ts';
import { discoverOutputs } from './discover-outputs.ts';
import { layOutColumns } from './encode-rows.ts';
import { FileBytes } from './file-bytes.ts';
import { measureRunMicros } from './measure-session.ts';
import { type OnnxOutline, readOutline } from './model-outline.ts';
import { plainMessage } from './plain-message.ts';
import { encodeRows, findKnownTexts, makeProbeRows } from './probe-rows.ts';
import { makeAnswerReader } from './read-answers.ts';
import { openSession, runRows, type Session, type SessionTensor } from './session.ts';
import { findZippedOutputs, hasMapOutputs } from './tensor-only-model.ts';
import { MalformedMessage } from './wire-reader.ts';

export type Inspection =
  | { readonly ok: true; readonly signature: Signature; readonly runMicros: number }
  | { readonly ok: false; readonly reason: string };

export interface InspectionRequest {
  readonly path: string;
  readonly spec: VersionSpec;
  readonly task: Task;
}

const refuse = (reason: string): { readonly ok: false; readonly reason: string } => ({ ok: false, reason });

/**
 * Finds out by reading and by running whether and how a file can be served.
 * Runs whatever is in the file: call it where a crash, a hang or a flood of memory hurts nobody.
 */
export async function inspectSession(request: InspectionRequest): Promise<Inspection> {
  const foreign = recognizeForeignFile(request.path);
  if (foreign !== undefined) return refuse(foreign);
  const file = new FileBytes(request.path);
  try {
    const outline = readOutline(file);
    return await inspectOutline(request, file, outline);
  } catch (error) {
    if (error instanceof MalformedMessage || error instanceof RangeError) {
      return refuse(`The file is not an ONNX model, or it is damaged: ${error.message}.`);
    }
    if (SwitchyardError.is(error)) return refuse(error.message);
    throw error;
  } finally {
    file.close();
  }
}

async function inspectOutline(request: InspectionRequest, file: FileBytes, outline: OnnxOutline): Promise<Inspection> {
  if (outline.nodes.length === 0 || outline.outputs.length === 0) {
    return refuse('The file is an ONNX model without operators or outputs.');
  }
  if (outline.usesExternalData) {
    return refuse('The model keeps weights in other files (external data); export it as one file.');
  }
  if (hasMapOutputs(outline) && findZippedOutputs(outline) === undefined) {
    return refuse(
      'An output is a sequence or map that does not come from ZipMap; export the model with tensor outputs.',
    );
  }
  const found = discoverInputs(outline, request.spec);
  if (!found.ok) return found;
  let session: Session;
  try {
    session = await openSession(request.path);
  } catch (error) {
    return refuse(explainLoadFailure(error));
  }
  try {
    return await inspectLoaded(request, { file, outline, session, found });
  } finally {
    await session.close();
  }
}

interface Loaded {
  readonly file: FileBytes;
  readonly outline: OnnxOutline;
  readonly session: Session;
  readonly found: Extract<ReturnType<typeof discoverInputs>, { ok: true }>;
}

async function inspectLoaded({ task, spec }: InspectionRequest, loaded: Loaded): Promise<Inspection> {
  const { file, outline, session, found } = loaded;
  const { layout, inputs, features } = found;
  const draft: Signature = { features: [...features], layout, inputs: [...inputs], outputs: [], roles: {} };
  const columns = layOutColumns(draft);
  const outputNames = outline.outputs.map((output) => output.name);
  const tried = await tryRows(session, outputNames, (row) => encodeRows(columns, features, row), {
    rows: makeProbeRows(features, findKnownTexts(outline, columns)),
  });
  if (!tried.ok) return tried;
  const { probes } = tried;
  for (const tensor of probes[0]?.outputs ?? []) {
    if (tensor.values.length === 0 || (tensor.dims.length > 0 && tensor.dims[0] !== 1)) {
      return refuse(
        `The output '${tensor.name}' has the shape [${tensor.dims.join(', ')}] for one row; its first dimension must be the rows.`,
      );
    }
  }
  const answers = discoverOutputs({
    outline,
    task,
    spec,
    probes: probes.map((probe) => probe.outputs),
    findLabels: (labelOutput) => findClassLabels(outline, file, labelOutput),
  });
  if (!answers.ok) return answers;
  const isBatched =
    inputs.every((input) => input.shape[0] === -1) &&
    (await answersRowsAlike(session, outputNames, probes, (rows) => encodeRows(columns, features, rows)));
  const signature: Signature = {
    ...draft,
    inputs: inputs.map((input) => ({ ...input, shape: [isBatched ? -1 : 1, ...input.shape.slice(1)] })),
    outputs: answers.outputs.map((output) => ({ ...output, shape: [isBatched ? -1 : 1, ...output.shape.slice(1)] })),
    roles: answers.roles,
    ...(answers.labels === undefined ? {} : { labels: [...answers.labels] }),
    ...(answers.positiveLabel === undefined ? {} : { positiveLabel: answers.positiveLabel }),
  };
  const first = probes[0] as Probe;
  const reader = makeAnswerReader(signature, findClassLabels(outline, file, answers.roles.label));
  const wanted = reader.outputNames.map(
    (name) => first.outputs.find((tensor) => tensor.name === name) as SessionTensor,
  );
  reader.read(wanted, 0, 1);
  const runMicros = await measureRunMicros(session, encodeRows(columns, features, [first.row]), reader.outputNames);
  return { ok: true, signature, runMicros };
}

interface Probe {
  readonly row: FeatureRow;
  readonly outputs: SessionTensor[];
}
type Encode = (rows: readonly FeatureRow[]) => SessionTensor[];

/** Runs single rows; those that fail or answer with something that is not a number are put aside, unless all do. */
async function tryRows(
  session: Session,
  outputNames: readonly string[],
  encode: Encode,
  { rows }: { rows: readonly FeatureRow[] },
): Promise<{ ok: true; probes: Probe[] } | { ok: false; reason: string }> {
  const probes: Probe[] = [];
  let failure: unknown;
  let notFinite: string | undefined;
  for (const row of rows) {
    try {
      const outputs = await session.run(encode([row]), outputNames);
      const broken = outputs.find((tensor) => !isAllFinite(tensor));
      if (broken === undefined) probes.push({ row, outputs });
      else notFinite ??= broken.name;
    } catch (error) {
      failure ??= error;
    }
  }
  if (probes.length > 0) return { ok: true, probes };
  if (notFinite !== undefined) return refuse(`The output '${notFinite}' is not a number for any of the rows tried.`);
  return refuse(
    `The model fails on every row tried: ${plainMessage(failure)} If it only takes certain texts, give them as categories in the spec.`,
  );
}

function isAllFinite(tensor: SessionTensor): boolean {
  if (!(tensor.values instanceof Float32Array || tensor.values instanceof Float64Array)) return true;
  return tensor.values.every(Number.isFinite);
}

/** Whether two rows in one run are answered as they are alone; some graphs mix rows or fix their number inside. */
async function answersRowsAlike(
  session: Session,
  outputNames: readonly string[],
  probes: readonly Probe[],
  encode: Encode,
): Promise<boolean> {
  const first = probes[0] as Probe;
  const second = probes[1] ?? first;
  try {
    const together = await session.run(encode([first.row, second.row]), outputNames);
    return together.every((tensor, index) => {
      const values = Array.from(tensor.values as ArrayLike<unknown>);
      const alone = [first, second].flatMap((probe) =>
        Array.from((probe.outputs[index] as SessionTensor).values as ArrayLike<unknown>),
      );
      return values.length === alone.length && values.every((value, at) => isClose(value, alone[at]));
    });
  } catch {
    // Then it must at least answer the rows one by one.
    await runRows(session, encode([first.row, second.row]), outputNames, 2);
    return false;
  }
}

function isClose(left: unknown, right: unknown): boolean {
  if (typeof left !== 'number' || typeof right !== 'number') return left === right;
  return Math.abs(left - right) <= 1e-4 * Math.max(1, Math.abs(left), Math.abs(right));
}

function recognizeForeignFile(path: string): string | undefined {
  const head = Buffer.alloc(512);
  const descriptor = openSync(path, 'r');
  const count = readSync(descriptor, head, 0, head.length, 0);
  closeSync(descriptor);
  const bytes = head.subarray(0, count);
  if (count === 0) return 'The file is empty.';
  if (bytes.subarray(0, 4).toString('latin1') === 'PK\u0003\u0004') {
    return 'The file is a ZIP archive, not an ONNX model; upload the .onnx file itself.';
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    return 'The file is gzip-compressed, not an ONNX model; upload the .onnx file itself.';
  }
  if (bytes.subarray(0, 4).toString('latin1') === '\u0089HDF') {
    return 'The file is an HDF5 (Keras) model, not an ONNX model; convert it to ONNX first.';
  }
  if (bytes[0] === 0x80 && (bytes[1] ?? 0) <= 5 && (bytes[1] ?? 0) >= 2) {
    return 'The file is a Python pickle, not an ONNX model; convert it to ONNX first.';
  }
  if (bytes.every((byte) => byte === 9 || byte === 10 || byte === 13 || byte >= 32)) {
    return 'The file is text, not an ONNX model.';
  }
  return undefined;
}

/** What the runtime says about a model that it does not load, in words for the person who uploaded it. */
function explainLoadFailure(error: unknown): string {
  const message = plainMessage(error);
  const operator =
    /(?:Fatal error: )?([\w.]*):?([\w]+)\(-?\d+\) is not a registered function\/op/.exec(message) ??
    /No Op registered for ()(\w+)/.exec(message) ??
    /Could not find an implementation for ()(\w+)/.exec(message);
  if (operator !== null) {
    const domain = operator[1] ? ` of the domain '${operator[1]}'` : '';
    return `The model needs the operator '${operator[2]}'${domain}, which ONNX Runtime does not have in the version asked for.`;
  }
  const opset = /Opset (\d+) is under development/.exec(message);
  if (opset !== null) return `The model uses ONNX opset ${opset[1]}, which is newer than ONNX Runtime supports.`;
  return `ONNX Runtime cannot load the file: ${message}`;
}
