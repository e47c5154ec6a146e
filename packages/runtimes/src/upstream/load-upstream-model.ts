import { setTimeout as sleep } from 'node:timers/promises';
import { type Signature, SwitchyardError, type TensorSpec, type Upstream } from '@switchyard/contracts';
import type { CallOptions, LoadedModel, PredictResult, RemoteState } from '../model-runtime.ts';
import { checkOutputNames, checkTensors } from '../onnx/check-tensors.ts';
import { layOutColumns, makeBuffers, makeRowEncoder } from '../onnx/encode-rows.ts';
import { makeAnswerReader } from '../onnx/read-answers.ts';
import { getTypeByDatatype } from '../onnx/tensor-types.ts';
import { readBearerToken } from './bearer-token.ts';
import { CallGate } from './call-gate.ts';
import { createCounters, observeLatency } from './counters.ts';
import { startDeadline } from './deadline.ts';
import { reasonOf, UpstreamFailure } from './failures.ts';
import { watchHealth } from './health-watch.ts';
import { makeTransport, type ReadSecret } from './make-transport.ts';
import { checkOutputs, type UpstreamTensor } from './tensors.ts';
import type { Transport } from './transport.ts';
import { findMismatch } from './verify-metadata.ts';

export interface UpstreamLoadOptions {
  readonly upstream: Upstream;
  /** As `inspectUpstream` found it. */
  readonly signature: Signature;
  /** Value of the environment variable that holds the bearer token. */
  readonly readSecret: ReadSecret;
}

/** A server that says nothing for so long is not ready, however long its calls may take. */
const PROBE_LIMIT_MS = 10_000;
/** Waiting for a server that hangs would keep everything else in a snapshot from being served. */
const FIRST_LOOK_MS = 2_000;

/**
 * Connects to a model that another server runs. A server that is down does not make this fail: the model is handed out,
 * watched, and answers `upstream_unreachable` until the server is back. A server whose model is not the one that was
 * registered is not asked: `model_unavailable`.
 */
export async function loadUpstreamModel(options: UpstreamLoadOptions): Promise<LoadedModel> {
  const { upstream, signature, readSecret } = options;
  const counters = createCounters();
  const transport = makeTransport(upstream, { signature, counters, readSecret });
  const token = readBearerToken(upstream, readSecret);
  const watch = watchHealth({
    kind: upstream.kind,
    url: upstream.url,
    everyMs: upstream.probeEveryMs,
    timeoutMs: Math.min(upstream.timeoutMs, PROBE_LIMIT_MS),
    counters,
    async probe(signal) {
      if (token.problem !== undefined) throw new UpstreamFailure('mismatched', token.problem);
      await transport.probe(signal);
    },
    verify: async (signal) => {
      const mismatch = findMismatch(signature, await transport.describe(signal));
      if (mismatch !== undefined) throw new UpstreamFailure('mismatched', mismatch);
    },
  });
  const remote: RemoteState = {
    health: watch.health,
    counters,
    pool: () => ({
      limit: gate.limit,
      open: transport.openConnections(),
      inUse: gate.inUse,
      waiting: gate.waiting,
    }),
  };
  const gate = new CallGate(upstream.maxConnections, upstream.maxQueuedCalls);
  const call = makeCall({ upstream, transport, gate, counters, watch });
  const columns = layOutColumns(signature);
  const encode = makeRowEncoder(columns, signature.features);
  const reader = makeAnswerReader(signature, undefined);
  const answerSpecs = specsOf(signature, reader.outputNames);
  const roleSpecs = new Set([signature.roles.probabilities, signature.roles.value]);

  const encodeRows = (rows: readonly (readonly (number | string | boolean)[])[]): UpstreamTensor[] => {
    const buffers = makeBuffers(columns, rows.length);
    for (const [index, row] of rows.entries()) encode(row, index, buffers, index);
    return columns.map((column, index) => ({
      name: column.name,
      datatype: column.type.datatype,
      shape: [rows.length, ...column.rowShape],
      values: buffers[index] as UpstreamTensor['values'],
    }));
  };

  await Promise.race([watch.check(), sleep(FIRST_LOOK_MS, undefined, { ref: false })]);
  let closing: Promise<void> | undefined;
  return {
    signature,
    execution: 'remote',
    runMicros: null,
    remote,
    async predict(rows, callOptions) {
      if (rows.length === 0) return emptyResult;
      const result = await call(
        () => encodeRows(rows),
        answerSpecs,
        rows.length,
        callOptions,
        (outputs) => {
          for (const output of outputs) if (roleSpecs.has(output.name)) assertUsable(output, signature);
          return readAnswers(reader, outputs, rows.length);
        },
      );
      return { ...result.times, answers: result.value };
    },
    async infer(inputs, outputNames, callOptions) {
      const checked = checkTensors(signature, inputs);
      const specs = specsOf(signature, checkOutputNames(signature, outputNames));
      const tensors = signature.inputs.map((spec, index) => ({
        name: spec.name,
        datatype: spec.datatype,
        shape: [checked.rowCount, ...spec.shape.slice(1)],
        values: checked.inputs[index] as UpstreamTensor['values'],
      }));
      const result = await call(
        () => tensors,
        specs,
        checked.rowCount,
        callOptions,
        (outputs) => outputs,
      );
      const outputs = result.value.map(({ values, ...output }) => ({ ...output, data: values }));
      return { ...result.times, outputs };
    },
    close() {
      watch.stop();
      closing ??= gate.whenIdle().then(() => transport.close());
      return closing;
    },
  };
}

interface CallParts {
  readonly upstream: Upstream;
  readonly transport: Transport;
  readonly gate: CallGate;
  readonly counters: ReturnType<typeof createCounters>;
  readonly watch: ReturnType<typeof watchHealth>;
}

/** One call with everything around it: deadline, waiting for a connection, checks, counters, health. */
function makeCall({ upstream, transport, gate, counters, watch }: CallParts) {
  return async <T>(
    encode: () => UpstreamTensor[],
    outputs: readonly TensorSpec[],
    rowCount: number,
    options: CallOptions | undefined,
    read: (outputs: readonly UpstreamTensor[]) => T,
  ): Promise<{ value: T; times: Omit<PredictResult, 'answers'> }> => {
    counters.calls += 1;
    counters.rows += rowCount;
    const deadline = startDeadline(Math.min(upstream.timeoutMs, options?.timeoutMs ?? Infinity), options?.signal);
    const arrivedAt = performance.now();
    try {
      const mismatch = watch.mismatch();
      if (mismatch !== undefined) throw new UpstreamFailure('mismatched', mismatch);
      const inputs = encode();
      await gate.enter(deadline.signal);
      const startedAt = performance.now();
      try {
        const received = await deadline.race(transport.call({ inputs, outputs, rowCount }, deadline.signal));
        const value = read(checkOutputs(received, outputs, rowCount));
        const modelMicros = (performance.now() - startedAt) * 1_000;
        observeLatency(counters.latency, modelMicros);
        return { value, times: { modelMicros, queueMicros: (startedAt - arrivedAt) * 1_000, batchRows: rowCount } };
      } finally {
        gate.leave();
      }
    } catch (error) {
      const reason = reasonOf(error);
      counters.failures[reason] += 1;
      if (reason === 'unreachable') watch.noteUnreachable(error);
      throw error;
    } finally {
      deadline.end();
    }
  };
}

function specsOf(signature: Signature, names: readonly string[] | undefined): readonly TensorSpec[] {
  if (names === undefined) return signature.outputs;
  return names.map((name) => signature.outputs.find((output) => output.name === name) as TensorSpec);
}

/** Rounding in 32 bits takes probabilities a little beyond their bounds. */
const PROBABILITY_TOLERANCE = 1e-5;

function assertUsable(output: UpstreamTensor, signature: Signature): void {
  const isProbability = output.name === signature.roles.probabilities;
  for (const value of output.values as Iterable<number | bigint>) {
    const number = Number(value);
    if (!Number.isFinite(number)) {
      throw new UpstreamFailure('wrong_types', `The output '${output.name}' is ${number} for a row, not a number.`);
    }
    if (isProbability && (number < -PROBABILITY_TOLERANCE || number > 1 + PROBABILITY_TOLERANCE)) {
      throw new UpstreamFailure('wrong_types', `The output '${output.name}' holds ${number}, which is no probability.`);
    }
  }
}

function readAnswers(
  reader: ReturnType<typeof makeAnswerReader>,
  outputs: readonly UpstreamTensor[],
  rowCount: number,
): PredictResult['answers'] {
  const tensors = outputs.map(({ name, datatype, shape, values }) => ({
    name,
    type: getTypeByDatatype(datatype).runtimeType,
    dims: shape,
    values,
  }));
  try {
    return reader.read(tensors, 0, rowCount);
  } catch (error) {
    // A class that is not among the labels.
    throw SwitchyardError.is(error) ? new UpstreamFailure('wrong_types', error.message, error) : error;
  }
}

const emptyResult: PredictResult = { answers: [], modelMicros: 0, queueMicros: 0, batchRows: 0 };
