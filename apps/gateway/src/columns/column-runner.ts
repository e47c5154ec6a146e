import { BATCH_MAXIMUM_ROWS, SwitchyardError } from '@switchyard/contracts';
import type { AnswerColumns, PredictColumnsResult, Tensor } from '@switchyard/runtimes';
import { coveredMicros, type ModelTimes } from '../execution/model-times.ts';
import { codeOf } from '../execution/run-decision.ts';
import type { Outbox } from '../log/outbox.ts';
import { observeRun } from '../metrics/gateway-metrics.ts';
import type { Admission } from '../predict/admission.ts';
import type { EndpointPlan, LeafPlan } from '../predict/endpoint-plan.ts';
import type { Arrival } from '../predict/prediction-runner.ts';
import type { RecentRows } from '../rehearsal/recent-rows.ts';
import type { Lease } from '../snapshot/lease.ts';
import { type ColumnPlan, type Matrix, pickRows } from './column-plan.ts';
import { groupRows } from './group-rows.ts';
import { type RunRows, rowOf, writeColumnRecords } from './log-columns.ts';
import { logLines } from './log-lines.ts';
import type { RequestTags } from './record-members.ts';
import { newRowIds } from './row-lists.ts';

/** A request whose every row was found to be right. */
export interface ColumnRequest extends RequestTags {
  readonly matrix: Matrix;
}

/** Rows that were answered by one model. */
export interface AnsweredRows {
  /** Positions in the request; undefined: all. */
  readonly rows: Uint16Array | undefined;
  readonly answers: AnswerColumns;
  readonly servedJson: string;
}

export type ColumnResult =
  | {
      readonly ok: true;
      readonly idPrefix: string;
      readonly groups: readonly AnsweredRows[];
      readonly modelMicros: number;
    }
  | { readonly ok: false; readonly error: unknown };

export interface ColumnRunner {
  /**
   * Decides, runs, logs, then calls `done` once; the same as for rows one by one, without an object for each.
   * Returns false, and does nothing, where the rows go too many ways for that.
   * Throws overloaded or batch_too_large when the endpoint's queue is full.
   */
  submit(
    plan: EndpointPlan,
    columns: ColumnPlan,
    lease: Lease,
    request: ColumnRequest,
    arrival: Arrival,
    done: (result: ColumnResult) => void,
  ): boolean;
  /** Requests that wait for their answer. */
  inFlight(): number;
}

export interface ColumnRunnerOptions {
  readonly outbox: Outbox;
  readonly newId: () => string;
  readonly admission: Admission;
  /** Told of every accepted request. */
  readonly recent?: RecentRows | undefined;
}

interface Group extends RunRows {
  result: PredictColumnsResult | undefined;
  error: unknown;
}

interface Job {
  readonly plan: EndpointPlan;
  readonly lease: Lease;
  readonly request: ColumnRequest;
  readonly arrival: Arrival;
  readonly done: (result: ColumnResult) => void;
  readonly idPrefix: string;
  readonly groups: readonly Group[];
  readonly timeoutMs: number;
  readonly modelTimes: ModelTimes;
  waiting: number;
  isSettled: boolean;
  timer: NodeJS.Timeout | undefined;
}

export function createColumnRunner({ outbox, newId, admission, recent }: ColumnRunnerOptions): ColumnRunner {
  let inFlight = 0;
  let noted = 0;

  const submit: ColumnRunner['submit'] = (plan, columns, lease, request, arrival, done) => {
    const { matrix, unit, segment, context } = request;
    const { rows } = matrix;
    if (rows > BATCH_MAXIMUM_ROWS) return false;
    const { settings } = plan;
    const timeoutMs = Math.min(settings.timeoutMs, arrival.timeoutMs ?? Number.POSITIVE_INFINITY);
    const nowMs = performance.now();
    const leftMs = timeoutMs - (nowMs - arrival.startedAtMs);
    admission.enter(plan.load, { rows, maximumQueuedRows: settings.maximumQueuedRows, timeoutMs: leftMs, nowMs });
    const idPrefix = newRowIds(newId);
    let groups: readonly Group[] | undefined;
    try {
      groups = groupsOf(plan, columns, request, idPrefix, arrival.atMs);
    } finally {
      if (groups === undefined) admission.leave(plan.load, rows, 0, nowMs);
    }
    if (groups === undefined) return false;
    // Another row each time, as of rows that are looked at one by one.
    recent?.note(plan, nowMs, () => {
      noted += 1;
      return { rows: [rowOf(matrix, noted % rows)], unit, units: undefined, segment, context };
    });
    const job: Job = {
      plan,
      lease,
      request,
      arrival,
      done,
      idPrefix,
      groups,
      timeoutMs,
      modelTimes: [],
      waiting: groups.length,
      isSettled: false,
      timer: undefined,
    };
    // From here on nothing throws: every job is settled.
    lease.acquire();
    inFlight += 1;
    // A row that runs inline is answered before any timer could fire; several may run in another thread.
    if (plan.isWatched || rows > 1)
      job.timer = setTimeout(() => settle(job, deadlineExceeded(job)), Math.max(leftMs, 0));
    for (const group of groups) start(job, group, columns);
    return true;
  };

  const start = (job: Job, group: Group, columns: ColumnPlan): void => {
    const { leaf, matrix, decision } = group;
    ask(leaf, columns.tensorMakers.get(decision.node)?.(matrix) ?? []).then(
      (result) => {
        observeRun(leaf.modelMetrics, matrix.rows, result);
        const now = performance.now();
        job.modelTimes.push([now - result.modelMicros / 1_000, now]);
        group.result = result;
        finish(job);
      },
      (error: unknown) => {
        leaf.modelMetrics.statistics.observeFailure();
        group.error = error;
        finish(job);
      },
    );
  };

  const finish = (job: Job): void => {
    job.waiting -= 1;
    if (job.waiting > 0) return;
    const isLate = performance.now() - job.arrival.startedAtMs > job.timeoutMs;
    settle(job, isLate ? deadlineExceeded(job) : undefined);
  };

  /** The one end of every job: its lines are handed to the log, and who asked is told once they are written. */
  const settle = (job: Job, late: unknown | undefined): void => {
    if (job.isSettled) return;
    job.isSettled = true;
    clearTimeout(job.timer);
    const { plan, groups, request, arrival, idPrefix } = job;
    // A request fails as a whole, with what its first failing row says.
    const failure = late ?? groups.find(({ error }) => error !== undefined)?.error;
    const { rows } = request.matrix;
    admission.leave(plan.load, rows, failure === undefined ? rows : 0, performance.now());
    const error = codeOf(failure);
    for (const { leaf, matrix } of groups) leaf.metrics[error === '' ? 'ok' : 'failed'] += matrix.rows;
    logLines(
      outbox,
      (writer) =>
        groups.reduce(
          (lines, group) => lines + writeColumnRecords(writer, plan, arrival, request, idPrefix, group, error),
          0,
        ),
      (logFailure) => {
        inFlight -= 1;
        try {
          job.done(resultOf(job, failure, logFailure));
        } finally {
          job.lease.release();
        }
      },
    );
  };

  return { submit, inFlight: () => inFlight };
}

function groupsOf(
  plan: EndpointPlan,
  columns: ColumnPlan,
  { matrix, unit, segment, context }: ColumnRequest,
  idPrefix: string,
  atMs: number,
): readonly Group[] | undefined {
  const decided = groupRows(plan, columns, { rows: matrix.rows, unit, segment, context, idPrefix, atMs });
  return decided?.map((group) => ({
    ...group,
    // What a plan of columns allows has no nodes but models at the end of its ways.
    leaf: plan.leaves.get(group.decision.node) as LeafPlan,
    matrix: group.rows === undefined ? matrix : pickRows(matrix, group.rows),
    result: undefined,
    error: undefined,
  }));
}

async function ask({ loaded, model }: LeafPlan, tensors: readonly Tensor[]): Promise<PredictColumnsResult> {
  if (loaded?.predictColumns === undefined) {
    throw new SwitchyardError('model_unavailable', `model '${model}' is not loaded`);
  }
  return loaded.predictColumns(tensors);
}

function resultOf(job: Job, failure: unknown | undefined, logFailure: unknown | undefined): ColumnResult {
  const { plan, groups, request, idPrefix, modelTimes } = job;
  if (failure !== undefined) return { ok: false, error: failure };
  if (logFailure !== undefined) {
    if (plan.settings.onLogFailure === 'refuse') return { ok: false, error: logFailure };
    plan.metrics.unlogged += request.matrix.rows;
  }
  const answered = groups.map(({ rows, leaf, result }) => ({
    rows,
    answers: (result as PredictColumnsResult).answers,
    servedJson: leaf.servedJson,
  }));
  return { ok: true, idPrefix, groups: answered, modelMicros: coveredMicros(modelTimes) };
}

function deadlineExceeded({ timeoutMs }: Job): SwitchyardError {
  return new SwitchyardError('deadline_exceeded', `no answer within ${timeoutMs} ms`);
}
