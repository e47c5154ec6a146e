import { type Answer, SwitchyardError } from '@switchyard/contracts';
import { type Decision, decide } from '@switchyard/routing';
import { type ColumnRunner, createColumnRunner } from '../columns/column-runner.ts';
import { createModelCalls, type ModelCalls } from '../execution/model-calls.ts';
import { coveredMicros, type ModelTimes } from '../execution/model-times.ts';
import { codeOf, type Outcome, type RowRun, runDecision, type ShadowRun } from '../execution/run-decision.ts';
import type { Outbox } from '../log/outbox.ts';
import type { RecentRows } from '../rehearsal/recent-rows.ts';
import type { Lease } from '../snapshot/lease.ts';
import type { Admission } from './admission.ts';
import type { EndpointPlan, ServedPlan } from './endpoint-plan.ts';
import type { ReceivedRow } from './feature-plan.ts';
import type { PredictionRequest } from './prediction-request.ts';
import { predictionLine, type RowOutcome, type SharedRecordParts } from './record-lines.ts';
import { createShadowRunner } from './shadow-runner.ts';

/** One row that was answered. */
export interface AnsweredRow {
  readonly id: string;
  readonly answer: Answer;
  readonly answerJson: string;
  readonly servedJson: string;
}

/** Where a request came from and when; times in milliseconds. */
export interface Arrival {
  readonly requestId: string;
  /** Unix time. */
  readonly atMs: number;
  /** `performance.now()`. */
  readonly startedAtMs: number;
  /** How long the caller waits, where it said so. */
  readonly timeoutMs?: number | undefined;
}

export type RunResult =
  | { readonly ok: true; readonly rows: readonly AnsweredRow[]; readonly modelMicros: number }
  | { readonly ok: false; readonly error: unknown };

interface RowState {
  readonly id: string;
  readonly unit: string;
  readonly received: ReceivedRow;
  readonly decision: Decision;
  outcome: Outcome | undefined;
  run: RowRun | undefined;
}

interface Job {
  readonly plan: EndpointPlan;
  readonly lease: Lease;
  readonly arrival: Arrival;
  readonly request: PredictionRequest;
  readonly done: (result: RunResult) => void;
  readonly rows: RowState[];
  readonly calls: ModelCalls;
  readonly shadows: ShadowRun[][];
  readonly timeoutMs: number;
  readonly modelTimes: ModelTimes;
  waiting: number;
  isSettled: boolean;
  timer: NodeJS.Timeout | undefined;
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
  /** For rows that are numbers and need not be looked at one by one. */
  readonly columns: ColumnRunner;
  /** Requests that wait for their answer, and rows whose shadows are still asked. */
  inFlight(): number;
}

export interface RunnerOptions {
  readonly outbox: Outbox;
  readonly newId: () => string;
  readonly admission: Admission;
  /** Told of every accepted request. */
  readonly recent?: RecentRows;
}

const NO_FEATURES: Readonly<Record<string, never>> = Object.freeze({});

export function createPredictionRunner({ outbox, newId, admission, recent }: RunnerOptions): PredictionRunner {
  const shadowRunner = createShadowRunner(outbox);
  const columns = createColumnRunner({ outbox, newId, admission, recent });
  let jobsInFlight = 0;

  const submit: PredictionRunner['submit'] = (plan, lease, request, arrival, done) => {
    const count = request.rows.length;
    const timeoutMs = Math.min(plan.settings.timeoutMs, arrival.timeoutMs ?? Number.POSITIVE_INFINITY);
    const modelTimes: ModelTimes = [];
    const job: Job = {
      plan,
      lease,
      arrival,
      request,
      done,
      rows: [],
      calls: createModelCalls(({ modelMicros }) => {
        const now = performance.now();
        modelTimes.push([now - modelMicros / 1_000, now]);
      }, arrival.startedAtMs + timeoutMs),
      shadows: [],
      timeoutMs,
      modelTimes,
      waiting: count,
      isSettled: false,
      timer: undefined,
    };
    const nowMs = performance.now();
    admission.enter(plan.load, {
      rows: count,
      maximumQueuedRows: plan.settings.maximumQueuedRows,
      timeoutMs: timeoutMs - (nowMs - arrival.startedAtMs),
      nowMs,
    });
    try {
      for (let index = 0; index < count; index += 1) job.rows.push(route(job, index));
    } catch (error) {
      admission.leave(plan.load, count, 0, nowMs);
      throw error;
    }
    recent?.note(plan, nowMs, () => request);
    // A large batch would be held twice for as long as its models run.
    request.instances = undefined;
    // From here on nothing throws: every job is settled.
    lease.acquire();
    jobsInFlight += 1;
    // A row that runs inline is answered before any timer could fire; several may run in another thread.
    if (plan.isWatched || count > 1) watch(job);
    for (const row of job.rows) start(job, row);
    job.calls.flush();
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
      atMs: job.arrival.atMs,
    });
    return { id, unit, received, decision, outcome: undefined, run: undefined };
  };

  const start = (job: Job, row: RowState): void => {
    const { plan, calls, arrival, timeoutMs } = job;
    const shadows: ShadowRun[] = [];
    const deadlineAtMs = arrival.startedAtMs + timeoutMs;
    const { decision, received } = row;
    const progress = decision.node.kind === 'model' ? undefined : { nodes: [], branch: decision };
    const limit = { atMs: deadlineAtMs, isHurried: timeoutMs < plan.settings.timeoutMs };
    const run: RowRun = { plan, received, calls, deadlineAtMs, shadows, progress };
    row.run = run;
    runDecision(run, decision, limit, (outcome) => {
      row.outcome = outcome;
      job.waiting -= 1;
      if (job.waiting > 0 || job.isSettled) return;
      const isLate = performance.now() > deadlineAtMs;
      settle(job, isLate ? deadlineExceeded(job) : undefined);
    });
    job.shadows.push(shadows);
  };

  const watch = (job: Job): void => {
    const left = job.timeoutMs - (performance.now() - job.arrival.startedAtMs);
    job.timer = setTimeout(() => settle(job, deadlineExceeded(job)), Math.max(left, 0));
  };

  /** The one end of every job: its lines are handed to the log, and who asked is told once they are written. */
  const settle = (job: Job, late: unknown | undefined): void => {
    if (job.isSettled) return;
    job.isSettled = true;
    clearTimeout(job.timer);
    const { plan, rows } = job;
    // A request fails as a whole, with what its first failing row says.
    const failure = late ?? rows.find(({ outcome }) => outcome?.answer === undefined)?.outcome?.error;
    const answered = failure === undefined ? answersOf(job) : [];
    admission.leave(plan.load, rows.length, answered.length, performance.now());
    outbox.add(linesOf(job, failure, answered), (logFailure) => {
      jobsInFlight -= 1;
      try {
        job.done(resultOf(job, answered, failure, logFailure));
        if (logFailure === undefined) shadow(job);
      } finally {
        // Shadows hold it by now: without a gap, or the models they ask could be closed in it.
        job.lease.release();
      }
    });
  };

  const shadow = ({ plan, lease, rows, shadows, arrival: { atMs } }: Job): void => {
    const shadowed = rows.flatMap(({ id, received }, index) => {
      const own = shadows[index] ?? [];
      return own.length === 0 ? [] : [{ plan, lease, id, atMs, received, shadows: own }];
    });
    if (shadowed.length > 0) shadowRunner.enqueue(shadowed);
  };

  return { submit, columns, inFlight: () => jobsInFlight + columns.inFlight() + shadowRunner.inFlight() };
}

/** What conditions may look at, by name. */
export function conditionFeatures(plan: EndpointPlan, row: ReceivedRow): Readonly<Record<string, unknown>> {
  if (plan.conditionPositions.length === 0) return NO_FEATURES;
  const features: Record<string, unknown> = Object.create(null);
  for (const position of plan.conditionPositions) {
    const feature = plan.features.features[position];
    if (feature !== undefined) features[feature.name] = row[position] ?? feature.fallback;
  }
  return features;
}

function answersOf({ rows }: Job): AnsweredRow[] {
  return rows.map(({ id, outcome }) => {
    const { answer, served } = outcome as Outcome & { answer: Answer };
    return { id, answer, answerJson: JSON.stringify(answer), servedJson: served.servedJson };
  });
}

function linesOf(job: Job, failure: unknown | undefined, answered: readonly AnsweredRow[]): string[] {
  const { arrival, request, plan } = job;
  const shared: SharedRecordParts = {
    at: arrival.atMs,
    requestIdJson: JSON.stringify(arrival.requestId),
    segmentJson: textOf(request.segment),
    contextJson: textOf(request.context),
  };
  const totalMicros = (performance.now() - arrival.startedAtMs) * 1_000;
  const error = codeOf(failure);
  const lines: string[] = [];
  for (let index = 0; index < job.rows.length; index += 1) {
    const { id, unit, received, decision, outcome, run } = job.rows[index] as RowState;
    const served = outcome?.served ?? expectedServed(plan, run?.progress?.branch ?? decision);
    if (error === '') served.metrics.ok += 1;
    else served.metrics.failed += 1;
    const row: RowOutcome = {
      // Nobody was given the answer of a failed request, so it is not one.
      answerJson: error === '' ? (answered[index] as AnsweredRow).answerJson : '{}',
      error,
      totalMicros,
      queueMicros: outcome?.queueMicros ?? 0,
      modelMicros: outcome?.modelMicros ?? 0,
      batchRows: outcome?.batchRows ?? 0,
      members: outcome?.members ?? run?.progress?.nodes.flatMap(({ attempts }) => attempts) ?? [],
      cached: error === '' && outcome?.cached === true,
    };
    const { steps, propensity } = outcome ?? decision;
    const features = request.featuresJson ?? plan.writeFeatures(received);
    lines.push(predictionLine(served, shared, id, unit, features, steps, propensity, row));
  }
  return lines;
}

/** Who would have answered a row that nothing came of in time: who was asked last, and first of what is below that. */
function expectedServed(plan: EndpointPlan, decision: Decision): ServedPlan {
  let at = decision;
  for (;;) {
    const { node } = at;
    const known = node.kind === 'model' ? plan.leaves.get(node) : plan.ensembles.get(node)?.served;
    if (known !== undefined) return known;
    at = (at.branches[0] as { decision: Decision }).decision;
  }
}

function textOf(record: Readonly<Record<string, unknown>>): string {
  for (const _name in record) return JSON.stringify(record);
  return '{}';
}

function resultOf(
  job: Job,
  rows: readonly AnsweredRow[],
  failure: unknown | undefined,
  logFailure: unknown | undefined,
): RunResult {
  if (failure !== undefined) return { ok: false, error: failure };
  if (logFailure !== undefined) {
    if (job.plan.settings.onLogFailure === 'refuse') return { ok: false, error: logFailure };
    job.plan.metrics.unlogged += job.rows.length;
  }
  return { ok: true, rows, modelMicros: coveredMicros(job.modelTimes) };
}

function deadlineExceeded({ timeoutMs }: Job): SwitchyardError {
  return new SwitchyardError('deadline_exceeded', `no answer within ${timeoutMs} ms`);
}
