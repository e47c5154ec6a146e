import { type Answer, answerSchema } from '@switchyard/contracts';
import type { AnswerCache } from '@switchyard/storage/cache';
import { CircuitBreaker } from '../execution/circuit-breaker.ts';
import type { CacheMetrics } from '../metrics/gateway-metrics.ts';

/** Answers of models, as rows of one version find them. */
export interface KeptAnswers {
  /**
   * Calls `found` once, with the answer of each key or undefined; at once where answers are in this process.
   * A cache that is away, slow or holds something else is an answer that is not there. Never throws.
   * @param limitMs how long it may take; with nothing left it is not asked
   * @param lookups counts each key once
   */
  find(keys: readonly string[], limitMs: number, lookups: CacheMetrics, found: (answers: FoundAnswers) => void): void;
  /** Keeps answers under the keys of their rows, without waiting for it. Never throws. */
  keep(keys: readonly string[], answers: readonly Answer[], ttlMs: number): void;
}

export type FoundAnswers = readonly (Answer | undefined)[];

/** How an endpoint looks up and keeps the answers of one model version. */
export interface VersionCache {
  readonly kept: KeptAnswers;
  /** Of `keyPrefix`. */
  readonly prefix: string;
  readonly ttlMs: number;
  readonly lookups: CacheMetrics;
}

/** A cache elsewhere that keeps being late is left alone for a second, then tried with one request. */
const BREAKER = { failureShare: 0.5, minimumRequests: 5, windowSeconds: 2, openSeconds: 1 };
const REPORT_INTERVAL_MS = 60_000;

/** @param report told, at most once a minute, why answers cannot be kept */
export function createKeptAnswers(cache: AnswerCache, report: (reason: string) => void = () => {}): KeptAnswers {
  const isElsewhere = cache.engine !== 'memory';
  const breaker = new CircuitBreaker(BREAKER);
  let reportedAtMs = Number.NEGATIVE_INFINITY;

  const read = (values: readonly (string | undefined)[], lookups: CacheMetrics): FoundAnswers =>
    values.map((text) => {
      if (text === undefined) {
        lookups.miss += 1;
        return undefined;
      }
      // What is in this process was written by it; what is elsewhere may be anything.
      const answer = isElsewhere ? readAnswer(text) : (JSON.parse(text) as Answer);
      lookups[answer === undefined ? 'error' : 'hit'] += 1;
      return answer;
    });

  const unreadable = (keys: readonly string[], lookups: CacheMetrics): FoundAnswers => {
    lookups.error += keys.length;
    return keys.map(() => undefined);
  };

  return {
    find(keys, limitMs, lookups, found) {
      const pass = isElsewhere && limitMs > 0 ? breaker.allows(performance.now()) : undefined;
      if (isElsewhere && pass === undefined) {
        found(unreadable(keys, lookups));
        return;
      }
      const asked = cache.getMany(keys);
      if (!(asked instanceof Promise)) {
        found(read(asked, lookups));
        return;
      }
      let isOver = false;
      const end = (answers: FoundAnswers, isInTime: boolean): void => {
        isOver = true;
        clearTimeout(timer);
        breaker.record(isInTime, performance.now(), pass);
        found(answers);
      };
      const fail = (): void => {
        if (!isOver) end(unreadable(keys, lookups), false);
      };
      // When this process was busy for so long, the reply may have come meanwhile: it is read before this is called.
      const timer = setTimeout(() => setImmediate(fail), limitMs);
      asked.then((values) => {
        if (isOver) return;
        if (values.length === keys.length) end(read(values, lookups), true);
        else fail();
      }, fail);
    },

    keep(keys, answers, ttlMs) {
      if (isElsewhere && breaker.state(performance.now()) !== 'closed') return;
      const entries: [string, string][] = [];
      for (let index = 0; index < keys.length; index += 1) {
        const answer = answers[index] as Answer;
        if (isWhole(answer)) entries.push([keys[index] as string, JSON.stringify(answer)]);
      }
      if (entries.length === 0) return;
      Promise.resolve(cache.setMany(entries, ttlMs)).catch((error: unknown) => {
        const now = performance.now();
        if (now - reportedAtMs < REPORT_INTERVAL_MS) return;
        reportedAtMs = now;
        report(error instanceof Error ? error.message : String(error));
      });
    },
  };
}

function readAnswer(text: string): Answer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { data } = answerSchema.safeParse(value);
  return data === undefined || !isWhole(data) ? undefined : data;
}

/** It says something, and nothing that JSON would write differently. */
function isWhole({ label, score, value, probabilities }: Answer): boolean {
  if (label === undefined && score === undefined && value === undefined && probabilities === undefined) return false;
  if (!isExact(label) || !isExact(score) || !isExact(value)) return false;
  for (const name in probabilities) if (!isExact(probabilities[name])) return false;
  return true;
}

function isExact(value: unknown): boolean {
  return typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0));
}
