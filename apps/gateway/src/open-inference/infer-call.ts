import type { TensorDatatype, TypedValues } from '@switchyard/contracts';
import type { ColumnData } from '@switchyard/prediction-log';
import type { RowList } from '../columns/row-lists.ts';
import type { EndpointMetrics } from '../metrics/gateway-metrics.ts';
import type { Context, Segment } from '../predict/prediction-request.ts';
import type { Arrival } from '../predict/prediction-runner.ts';

/** What an `infer` call says and what it is answered with, the same for HTTP and gRPC. */

/** A tensor as it was sent, flat and row-major. */
export interface ReceivedTensor {
  readonly name: string;
  readonly datatype: TensorDatatype;
  readonly shape: readonly number[];
  /**
   * A list holds values as JSON has them, which nobody has looked at. A typed array holds what came as bytes:
   * BOOL as 0 and 1, FP16 widened to 32 bits. It may be a view into the body of the request.
   */
  readonly data: readonly unknown[] | TypedValues;
}

export interface RequestedOutput {
  readonly name: string;
  /** Undefined: as the request asks for all of them. */
  readonly isBinary: boolean | undefined;
}

export interface ReceivedInfer {
  readonly id: string | undefined;
  readonly inputs: readonly ReceivedTensor[];
  /** The outputs that are wanted; undefined: all. */
  readonly outputs: readonly RequestedOutput[] | undefined;
  /** Whether outputs travel as bytes unless they say themselves. */
  readonly isBinaryOutput: boolean;
  /** From `parameters`: `unit`, `segment.…` and `context.…`; other parameters are left alone. */
  readonly unit: string;
  readonly segment: Segment;
  readonly context: Context;
  /** From `parameters.timeout`. */
  readonly timeoutMs: number | undefined;
}

/** A tensor of the answer. BOOL is boolean or 0 and 1. */
export interface OutputTensor {
  readonly name: string;
  readonly datatype: TensorDatatype;
  readonly shape: readonly number[];
  readonly data: ColumnData;
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface InferAnswer {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string | undefined;
  readonly parameters: Readonly<Record<string, string | RowList>>;
  readonly outputs: readonly OutputTensor[];
  readonly modelMicros: number;
  /** Undefined when a model is addressed directly. */
  readonly endpoint: { readonly revision: number; readonly metrics: EndpointMetrics } | undefined;
}

export type InferOutcome =
  | { readonly ok: true; readonly answer: InferAnswer }
  | { readonly ok: false; readonly endpoint: string; readonly error: unknown };

/** Where a call came from, when, and how long its caller waits. */
export interface InferArrival extends Arrival {
  /** Counted from `startedAtMs`; undefined: as long as the endpoint allows. */
  readonly timeoutMs: number | undefined;
}

/** The arrival with the shorter of two deadlines. */
export function withinTimeout(arrival: InferArrival, timeoutMs: number | undefined): InferArrival {
  if (timeoutMs === undefined) return arrival;
  const { requestId, atMs, startedAtMs } = arrival;
  return { requestId, atMs, startedAtMs, timeoutMs: Math.min(timeoutMs, arrival.timeoutMs ?? timeoutMs) };
}

/** Counts how long an answer took, and says how much of it was not the model. */
export function observeAnswer({ endpoint, modelMicros }: InferAnswer, arrival: Arrival): number {
  const totalMicros = (performance.now() - arrival.startedAtMs) * 1_000;
  const overheadMicros = Math.max(0, totalMicros - modelMicros);
  endpoint?.metrics.duration.observe(totalMicros);
  endpoint?.metrics.overhead.observe(overheadMicros);
  return overheadMicros;
}
