import { type Answer, SwitchyardError } from '@switchyard/contracts';
import type { CallOptions, FeatureRow, LoadedModel, PredictResult } from '@switchyard/runtimes';
import type { VersionCache } from '../cache/kept-answers.ts';
import { rowKey } from '../cache/row-key.ts';
import { type ModelMetrics, observeRun } from '../metrics/gateway-metrics.ts';

/** What waits for one row's answer of one model. Exactly one of the two is called, once. */
export interface CallTarget {
  /** @param isCached the model was not asked: it had answered the same row before */
  answered(answer: Answer, result: PredictResult, isCached: boolean): void;
  failed(error: unknown): void;
}

/** The rows that one model answers in one call. */
interface Group {
  readonly loaded: LoadedModel;
  readonly metrics: ModelMetrics;
  readonly deadlineAtMs: number;
  readonly rows: FeatureRow[];
  readonly targets: CallTarget[];
  readonly cache: VersionCache | undefined;
  /** Of the rows, once they have been looked up in the cache. */
  keys: readonly string[] | undefined;
  isSettled: boolean;
  timer: NodeJS.Timeout | undefined;
}

export interface ModelCalls {
  /**
   * Asks a model about a row, together with all others that ask it in this turn and for the same deadline.
   * @param deadlineAtMs on the clock of `performance.now()`; Infinity where somebody else watches the time
   * @param cache where its answers are looked up first, one and the same for all calls of a model
   */
  call(
    loaded: LoadedModel,
    metrics: ModelMetrics,
    row: FeatureRow,
    deadlineAtMs: number,
    target: CallTarget,
    cache?: VersionCache,
  ): void;
  /** Sends what has gathered, now; what is asked later in a turn is sent at its end. */
  flush(): void;
  /**
   * The time on the clock of `performance.now()`, the same for everything in a turn: deadlines are counted from it, so
   * that rows that have equally long are asked together.
   */
  nowMs(): number;
}

/** What a cache may take, and at most half of what is left: a model is to have time for what is not found. */
const LOOKUP_LIMIT_MS = 20;
/** How much later than its caller a call is given up, so that it is the caller's own deadline that is told. */
const AFTER_THE_CALLER_MS = 2;
const NOT_RUN: PredictResult = Object.freeze({ answers: [], modelMicros: 0, queueMicros: 0, batchRows: 0 });

/**
 * A server elsewhere is to hold no connection for longer than the caller waits. Undefined for other models.
 * @param endsAtMs when the caller is told that it took too long, on the clock of `performance.now()`
 */
export function limitElsewhere({ execution }: LoadedModel, endsAtMs: number): CallOptions | undefined {
  if (execution !== 'remote' || endsAtMs === Number.POSITIVE_INFINITY) return undefined;
  return { timeoutMs: Math.max(0, Math.ceil(endsAtMs - performance.now())) + AFTER_THE_CALLER_MS };
}

/**
 * One batch for each model and request, so that a request of many rows costs one promise for each model.
 * @param endsAtMs when nobody waits for answers any more, on the clock of `performance.now()`
 */
export function createModelCalls(
  onRun: (result: PredictResult) => void,
  endsAtMs: number = Number.POSITIVE_INFINITY,
): ModelCalls {
  let groups: Group[] = [];
  let isScheduled = false;
  let turnMs: number | undefined;

  const flush = (): void => {
    isScheduled = false;
    const sent = groups;
    groups = [];
    for (const group of sent) {
      if (group.cache === undefined) ask(group);
      else lookUp(group, group.cache, endsAtMs, ask);
    }
  };

  const ask = (group: Group): void => {
    const { loaded, rows, deadlineAtMs } = group;
    let call: Promise<PredictResult>;
    if (loaded.execution === 'inline' && rows.length === 1) {
      // It answers before any timer could fire; calls with more rows may run in another thread.
      call = loaded.predict(rows);
    } else if (deadlineAtMs === Number.POSITIVE_INFINITY) {
      // Somebody else tells the caller.
      call = loaded.predict(rows, limitElsewhere(loaded, endsAtMs));
    } else {
      const timeoutMs = Math.max(1, Math.ceil(deadlineAtMs - performance.now()));
      // The timer here is what counts: a model in this process cannot be interrupted.
      group.timer = setTimeout(() => {
        fail(group, new SwitchyardError('deadline_exceeded', `the model gave no answer within ${timeoutMs} ms`));
      }, timeoutMs);
      call = loaded.predict(rows, { timeoutMs });
    }
    call.then(
      (result) => deliver(group, result),
      (error) => fail(group, error),
    );
  };

  const deliver = (group: Group, result: PredictResult): void => {
    observeRun(group.metrics, group.rows.length, result);
    if (group.isSettled) return;
    const { targets } = group;
    if (result.answers.length !== targets.length) {
      fail(
        group,
        new SwitchyardError('model_failed', `${targets.length} rows were answered with ${result.answers.length}`),
      );
      return;
    }
    settle(group);
    onRun(result);
    for (let index = 0; index < targets.length; index += 1) {
      (targets[index] as CallTarget).answered(result.answers[index] as Answer, result, false);
    }
    // Those who wait come first.
    if (group.keys !== undefined) group.cache?.kept.keep(group.keys, result.answers, group.cache.ttlMs);
  };

  const fail = (group: Group, error: unknown): void => {
    if (group.isSettled) return;
    settle(group);
    group.metrics.statistics.observeFailure();
    for (const target of group.targets) target.failed(error);
  };

  return {
    call(loaded, metrics, row, deadlineAtMs, target, cache) {
      let group = groups.find((one) => one.loaded === loaded && one.deadlineAtMs === deadlineAtMs);
      if (group === undefined) {
        group = {
          loaded,
          metrics,
          deadlineAtMs,
          rows: [],
          targets: [],
          cache,
          keys: undefined,
          isSettled: false,
          timer: undefined,
        };
        groups.push(group);
        if (!isScheduled) {
          isScheduled = true;
          queueMicrotask(() => {
            if (isScheduled) flush();
          });
        }
      }
      group.rows.push(row);
      group.targets.push(target);
    },
    flush,
    nowMs() {
      if (turnMs === undefined) {
        turnMs = performance.now();
        queueMicrotask(() => {
          turnMs = undefined;
        });
      }
      return turnMs;
    },
  };
}

/** Asks the model about the rows that are not in the cache, and passes on what is. */
function lookUp(group: Group, cache: VersionCache, endsAtMs: number, ask: (missing: Group) => void): void {
  const { rows, targets, deadlineAtMs } = group;
  const keys = rows.map((row) => rowKey(cache.prefix, row));
  const leftMs = Math.min(deadlineAtMs, endsAtMs) - performance.now();
  cache.kept.find(keys, Math.min(LOOKUP_LIMIT_MS, leftMs / 2), cache.lookups, (answers) => {
    const missing = keys.flatMap((_, index) => (answers[index] === undefined ? [index] : []));
    // Models first: they can run while what was found is passed on.
    if (missing.length > 0) {
      ask({
        ...group,
        rows: missing.map((index) => rows[index] as FeatureRow),
        targets: missing.map((index) => targets[index] as CallTarget),
        keys: missing.map((index) => keys[index] as string),
      });
    }
    answers.forEach((answer, index) => {
      if (answer !== undefined) (targets[index] as CallTarget).answered(answer, NOT_RUN, true);
    });
  });
}

function settle(group: Group): void {
  group.isSettled = true;
  clearTimeout(group.timer);
}
