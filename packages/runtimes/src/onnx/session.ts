import { createRequire } from 'node:module';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { FileBytes } from './file-bytes.ts';
import { readOutline } from './model-outline.ts';
import { findZippedOutputs, hasMapOutputs, makeTensorOnlyModel } from './tensor-only-model.ts';
import { getTypeByRuntimeType, type TensorValues } from './tensor-types.ts';

/** A tensor on its way into or out of the runtime. */
export interface SessionTensor {
  readonly name: string;
  /** What onnxruntime calls the type. */
  readonly type: string;
  readonly dims: readonly number[];
  readonly values: TensorValues;
}

/** A model loaded in this thread. It answers at once where the native binding can be reached, else by promise. */
export interface Session {
  readonly outputNames: readonly string[];
  run(inputs: readonly SessionTensor[], outputNames: readonly string[]): SessionTensor[] | Promise<SessionTensor[]>;
  close(): Promise<void>;
}

interface NativeTensor {
  readonly location: 'cpu';
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: TensorValues;
}
type Feeds = Record<string, NativeTensor>;
type Fetches = Record<string, null>;

interface NativeSession {
  loadModel(path: string, options: object): void;
  loadModel(buffer: ArrayBufferLike, byteOffset: number, byteLength: number, options: object): void;
  readonly outputMetadata: readonly { readonly name: string }[];
  run(feeds: Feeds, fetches: Fetches, options: object): Record<string, NativeTensor>;
  dispose(): void;
}
interface NativeBinding {
  readonly binding: { readonly InferenceSession: new () => NativeSession };
  readonly initOrt: () => void;
}

// One thread a run: the processors are shared by every model and by the HTTP side.
const sessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  // 4 = fatal. Failures arrive as exceptions; the native logger would write plain text into our logs.
  logSeverityLevel: 4,
  extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
} as const;

env.logLevel = 'fatal';

/**
 * The public API runs models synchronously too, behind one `setImmediate` a call. Going below it saves that turn
 * (the version is pinned for this reason); undefined when a version lays its files out differently.
 */
function findNativeBinding(): NativeBinding | undefined {
  try {
    const native = createRequire(import.meta.url)('onnxruntime-node/dist/binding') as NativeBinding;
    if (typeof native.binding.InferenceSession !== 'function' || typeof native.initOrt !== 'function') return undefined;
    native.initOrt();
    return native;
  } catch {
    return undefined;
  }
}
let nativeBinding: NativeBinding | undefined | null = null;

/** Loads the native library into this thread, which takes longer than loading a small model. */
export function prepareRuntime(): void {
  if (nativeBinding === null) nativeBinding = findNativeBinding();
}

/** What to give to the runtime for a file: its path, or its bytes where they had to be changed. */
function readModel(path: string): string | Uint8Array {
  const file = new FileBytes(path);
  try {
    const outline = readOutline(file);
    if (!hasMapOutputs(outline)) return path;
    const zippedOutputs = findZippedOutputs(outline);
    return zippedOutputs === undefined ? path : makeTensorOnlyModel(file, zippedOutputs);
  } finally {
    file.close();
  }
}

/**
 * Loads a file and blocks the calling thread while it does. `api: 'public'` is the fallback, chosen by itself
 * when the binding cannot be reached.
 */
export async function openSession(path: string, options: { api?: 'native' | 'public' } = {}): Promise<Session> {
  prepareRuntime();
  const model = readModel(path);
  if (nativeBinding === undefined || nativeBinding === null || options.api === 'public')
    return openPublicSession(model);
  return openNativeSession(nativeBinding, model);
}

function openNativeSession(native: NativeBinding, model: string | Uint8Array): Session {
  const session = new native.binding.InferenceSession();
  if (typeof model === 'string') session.loadModel(model, sessionOptions);
  else session.loadModel(model.buffer, model.byteOffset, model.byteLength, sessionOptions);
  return {
    outputNames: session.outputMetadata.map((output) => output.name),
    run(inputs, outputNames) {
      const feeds: Feeds = {};
      for (const { name, type, dims, values } of inputs) feeds[name] = { location: 'cpu', type, dims, data: values };
      const results = session.run(feeds, makeFetches(outputNames), {});
      return outputNames.map((name) => fromNative(name, results[name]));
    },
    close: async () => session.dispose(),
  };
}

async function openPublicSession(model: string | Uint8Array): Promise<Session> {
  const options: InferenceSession.SessionOptions = sessionOptions;
  const session =
    typeof model === 'string'
      ? await InferenceSession.create(model, options)
      : await InferenceSession.create(model, options);
  return {
    outputNames: session.outputNames,
    async run(inputs, outputNames) {
      const feeds: Record<string, Tensor> = {};
      for (const { name, type, dims, values } of inputs) {
        feeds[name] = new Tensor(type as 'float32', values as Float32Array, dims);
      }
      const results = await session.run(feeds, [...outputNames]);
      return outputNames.map((name) => fromNative(name, results[name] as unknown as NativeTensor));
    },
    close: () => session.release(),
  };
}

const fetchesByNames = new WeakMap<readonly string[], Fetches>();

/** Callers pass the same array for every run, so the record is made once. */
function makeFetches(outputNames: readonly string[]): Fetches {
  let fetches = fetchesByNames.get(outputNames);
  if (fetches === undefined) {
    fetches = Object.fromEntries(outputNames.map((name) => [name, null]));
    fetchesByNames.set(outputNames, fetches);
  }
  return fetches;
}

function fromNative(name: string, tensor: NativeTensor | undefined): SessionTensor {
  if (tensor === undefined) throw new Error(`the output '${name}' did not come back`);
  return { name, type: tensor.type, dims: tensor.dims, values: tensor.data };
}

/**
 * Runs `rowCount` rows. `rowsPerRun` is 1 for models whose batch dimension is fixed: they get their rows one by one
 * and the answers are put together again.
 */
export async function runRows(
  session: Session,
  inputs: readonly SessionTensor[],
  outputNames: readonly string[],
  rowCount: number,
): Promise<SessionTensor[]> {
  const runs: SessionTensor[][] = [];
  for (let row = 0; row < rowCount; row += 1) {
    runs.push(
      await session.run(
        inputs.map((input) => sliceRow(input, row, rowCount)),
        outputNames,
      ),
    );
  }
  return outputNames.map((name, position) =>
    joinRows(
      name,
      runs.map((run) => run[position] as SessionTensor),
    ),
  );
}

function sliceRow(tensor: SessionTensor, row: number, rowCount: number): SessionTensor {
  const width = tensor.values.length / rowCount;
  return {
    ...tensor,
    dims: [1, ...tensor.dims.slice(1)],
    values: tensor.values.slice(row * width, (row + 1) * width) as TensorValues,
  };
}

function joinRows(name: string, rows: readonly SessionTensor[]): SessionTensor {
  const first = rows[0] as SessionTensor;
  const width = first.values.length;
  const values = getTypeByRuntimeType(first.type).make(rows.length * width);
  for (const [index, row] of rows.entries()) {
    if (row.values.length !== width) throw new Error(`the output '${name}' changes its size from row to row`);
    if (Array.isArray(values))
      for (let at = 0; at < width; at += 1) values[index * width + at] = row.values[at] as string;
    else (values as Float32Array).set(row.values as Float32Array, index * width);
  }
  return {
    name,
    type: first.type,
    dims: [rows.length, ...(first.dims[0] === 1 ? first.dims.slice(1) : first.dims)],
    values,
  };
}
