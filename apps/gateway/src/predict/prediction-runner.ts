import { type Answer, SwitchyardError } from '@switchyard/contracts';
import { type Decision, decide } from '@switchyard/routing';
import type { FeatureRow, LoadedModel, PredictResult } from '@switchyard/runtimes';
import type { Outbox } from '../log/outbox.ts';
import type { Lease } from '../snapshot/lease.ts';
import type { EndpointPlan, LeafPlan } from './endpoint-plan.ts';
import type { ReceivedRow } from './feature-plan.ts';
import type { PredictionRequest } from './prediction-request.ts';
import { predictionLine, type RowOutcome, type SharedRecordParts } from './record-lines.ts';

/** One row on its way. */
export interface RowState {
  readonly job: Job;
  readonly id: string;
  readonly unit: string;
  readonly received: ReceivedRow;
  readonly decision: Decision;
  readonly leaf: LeafPlan;
  answer: Answer | undefined;
  answerJson: string;
  queueMicros: number;
  modelMicros: number;
  batchRows: number;
}

/** Where a request came from and when; times in milliseconds. */
export interface Arrival {
  readonly requestId: string;
  /** Unix time. */
  readonly atMs: number;
  /** `performance.now()`. */
  readonly startedAtMs: number;
}

export type RunResult =
  | { readonly ok: true; readonly rows: readonly RowState[]; readonly modelMicros: number }
  | { readonly ok: false; readonly error: unknown };

interface Job {
  readonly plan: EndpointPlan;
  readonly lease: Lease;
  readonly arrival: Arrival;
  readonly request: PredictionRequest;
  readonly done: (result: RunResult) => void;
  readonly rows: RowState[];
  waiting: number;
  modelMicros: number;
  isSettled: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** The rows of one request that one model answers. */
interface Group {
  readonly loaded: LoadedModel;
  readonly rows: FeatureRow[];
  readonly states: RowState[];
}

export interface PredictionRunner {
  /**
   * Decides, runs, logs, then calls `done`, which always happens, once.
   * Throws overloaded or batch_too_large instead when the endpoint's queue is full.
   */
  submit(
    plan: EndpointPlan,
    lease: Lease,
    request: PredictionRequest,
    arrival: Arrival,
    done: (result: RunResult) => void,
  ): void;
  inFlight(): number;
}

export interface RunnerOptions {
  readonly outbox: Outbox;
  readonly newId: () => string;
}

const NO_FEATURES: Readonly<Record<string, never>> = Object.freeze({});

export function createPredictionRunner({ outbox, newId }: RunnerOptions): PredictionRunner {
  let jobsInFlight = 0;

  const submit: PredictionRunner['submit'] = (plan, lease, request, arrival, done) => {
    const count = request.rows.length;
    admit(plan, count);
    const job: Job = {
      plan,
      lease,
      arrival,
      request,
      done,
      rows: [],
      waiting: count,
      modelMicros: 0,
      isSettled: false,
      timer: undefined,
    };
    for (let index = 0; index < count; index += 1) job.rows.push(route(job, index));
    // Nothing above may leave traces: it can throw.
    plan.load.queuedRows += count;
    lease.acquire();
    jobsInFlight += 1;
    for (const group of groupByModel(job.rows)) run(job, group);
    // A model that runs inline answers before any timer could fire, so only others are watched.
    if (job.rows.some(({ leaf }) => leaf.loaded.execution === 'worker')) watch(job);
  };

  const route = (job: Job, index: number): RowState => {
    const { plan, request } = job;
    const received = request.rows[index] as ReceivedRow;
    const id = newId();
    const unit = request.units === undefined ? request.unit : (request.units[index] as string);
    const decision = decide(plan.policy, {
      features: conditionFeatures(plan, received),
      segment: request.segment,
      unit,
      context: request.context,
      requestId: id,
    });
    const leaf = plan.leaves.get(decision.leaf) as LeafPlan;
    return {
      job,
      id,
      unit,
      received,
      decision,
      leaf,
      answer: undefined,
      answerJson: '{}',
      queueMicros: 0,
      modelMicros: 0,
      batchRows: 0,
    };
  };

  /** The runtime makes one batch of all calls that come in one turn of the event loop, other requests' included. */
  const run = (job: Job, group: Group): void => {
    group.loaded.predict(group.rows).then(
      (result) => deliver(job, group, result),
      (error) => settle(job, error),
    );
  };

  const watch = (job: Job): void => {
    const left = job.plan.settings.timeoutMs - (performance.now() - job.arrival.startedAtMs);
    job.timer = setTimeout(() => settle(job, deadlineExceeded(job)), Math.max(left, 0));
  };

  const deliver = (job: Job, { states }: Group, result: PredictResult): void => {
    if (job.isSettled) return;
    if (result.answers.length !== states.length) {
      settle(
        job,
        new SwitchyardError('model_failed', `${states.length} rows were answered with ${result.answers.length}`),
      );
      return;
    }
    const { modelMetrics } = (states[0] as RowState).leaf;
    modelMetrics.run.observe(result.modelMicros);
    modelMetrics.batchRows.observe(result.batchRows);
    for (let index = 0; index < states.length; index += 1) {
      const state = states[index] as RowState;
      state.answer = result.answers[index];
      state.answerJson = JSON.stringify(state.answer);
      state.queueMicros = result.queueMicros;
      state.modelMicros = result.modelMicros;
      state.batchRows = result.batchRows;
    }
    job.modelMicros += result.modelMicros;
    job.waiting -= states.length;
    if (job.waiting > 0) return;
    const isLate = performance.now() - job.arrival.startedAtMs > job.plan.settings.timeoutMs;
    settle(job, isLate ? deadlineExceeded(job) : undefined);
  };

  /** The one end of every job: its lines are handed to the log, and who asked is told once they are written. */
  const settle = (job: Job, failure: unknown | undefined): void => {
    if (job.isSettled) return;
    job.isSettled = true;
    clearTimeout(job.timer);
    const { plan, rows } = job;
    plan.load.queuedRows -= rows.length;
    outbox.add(linesOf(job, failure), (logFailure) => {
      jobsInFlight -= 1;
      job.lease.release();
      job.done(resultOf(job, failure, logFailure));
    });
  };

  return { submit, inFlight: () => jobsInFlight };
}

function groupByModel(states: readonly RowState[]): Iterable<Group> {
  const groups = new Map<LoadedModel, Group>();
  for (const state of states) {
    const { loaded, gather } = state.leaf;
    let group = groups.get(loaded);
    if (group === undefined) {
      group = { loaded, rows: [], states: [] };
      groups.set(loaded, group);
    }
    group.rows.push(gather(state.received));
    group.states.push(state);
  }
  return groups.values();
}

function admit(plan: EndpointPlan, count: number): void {
  const { maximumQueuedRows } = plan.settings;
  if (plan.load.queuedRows + count <= maximumQueuedRows) return;
  if (count > maximumQueuedRows) {
    throw new SwitchyardError(
      'batch_too_large',
      `${count} rows are more than the queue of ${maximumQueuedRows} can ever hold`,
    );
  }
  throw new SwitchyardError('overloaded', `${plan.load.queuedRows} rows of this endpoint wait already`, {
    retryAfterSeconds: 1,
  });
}

function conditionFeatures(plan: EndpointPlan, row: ReceivedRow): Readonly<Record<string, unknown>> {
  if (plan.conditionPositions.length === 0) return NO_FEATURES;
  const features: Record<string, unknown> = Object.create(null);
  for (const position of plan.conditionPositions) {
    const feature = plan.features.features[position];
    if (feature !== undefined) features[feature.name] = row[position] ?? feature.fallback;
  }
  return features;
}

function linesOf(job: Job, failure: unknown | undefined): string[] {
  const { arrival, request, plan } = job;
  const shared: SharedRecordParts = {
    at: arrival.atMs,
    requestIdJson: JSON.stringify(arrival.requestId),
    segmentJson: textOf(request.segment),
    contextJson: textOf(request.context),
  };
  const totalMicros = (performance.now() - arrival.startedAtMs) * 1_000;
  const error = failure === undefined ? '' : codeOf(failure);
  const lines: string[] = [];
  for (const state of job.rows) {
    const { leaf } = state;
    if (error === '') leaf.metrics.ok += 1;
    else leaf.metrics.failed += 1;
    const outcome: RowOutcome = {
      // Nobody was given the answer of a failed request, so it is not one.
      answerJson: error === '' ? state.answerJson : '{}',
      error,
      totalMicros,
      queueMicros: state.queueMicros,
      modelMicros: state.modelMicros,
      batchRows: state.batchRows,
    };
    lines.push(predictionLine(plan, leaf, shared, state.id, state.unit, state.received, state.decision, outcome));
  }
  return lines;
}

function textOf(record: Readonly<Record<string, unknown>>): string {
  for (const _name in record) return JSON.stringify(record);
  return '{}';
}

function resultOf(job: Job, failure: unknown | undefined, logFailure: unknown | undefined): RunResult {
  if (failure !== undefined) return { ok: false, error: failure };
  if (logFailure !== undefined) {
    if (job.plan.settings.onLogFailure === 'refuse') return { ok: false, error: logFailure };
    job.plan.metrics.unlogged += job.rows.length;
  }
  return { ok: true, rows: job.rows, modelMicros: job.modelMicros };
}

function codeOf(failure: unknown): string {
  return SwitchyardError.is(failure) ? failure.code : 'internal_error';
}

function deadlineExceeded(job: Job): SwitchyardError {
  return new SwitchyardError('deadline_exceeded', `no answer within ${job.plan.settings.timeoutMs} ms`);
}
