export interface BreakerSettings {
  readonly failureShare: number;
  readonly minimumRequests: number;
  readonly windowSeconds: number;
  readonly openSeconds: number;
}

/** What a request was let pass with; its outcome counts only while what it was let pass for still holds. */
type BreakerPass = number;

/**
 * Stops asking a target that keeps failing. Closed: every request may pass. Open: none, for `openSeconds`.
 * Then half-open: one request may try; its outcome closes or opens it again. When nothing is heard of it for
 * `openSeconds`, another one may.
 * Counts are kept by second over the window. Times are in milliseconds on any monotonic clock.
 */
export class CircuitBreaker {
  readonly settings: BreakerSettings;
  #seconds: { second: number; total: number; failed: number }[] = [];
  #openUntilMs: number | undefined;
  /** Since when a request is trying. */
  #tryingSinceMs: number | undefined;
  /** Changes whenever outcomes of requests from before say nothing any more. */
  #pass: BreakerPass = 1;

  constructor(settings: BreakerSettings) {
    this.settings = settings;
  }

  state(nowMs: number): 'closed' | 'open' | 'half-open' {
    if (this.#openUntilMs === undefined) return 'closed';
    return nowMs < this.#openUntilMs ? 'open' : 'half-open';
  }

  /** Undefined: the request may not pass. One that may must be told of by `record` or `withdraw`. */
  allows(nowMs: number): BreakerPass | undefined {
    const state = this.state(nowMs);
    if (state === 'closed') return this.#pass;
    const openMs = this.settings.openSeconds * 1_000;
    if (state === 'open' || (this.#tryingSinceMs !== undefined && nowMs < this.#tryingSinceMs + openMs))
      return undefined;
    this.#tryingSinceMs = nowMs;
    this.#pass += 1;
    return this.#pass;
  }

  /** A request that was let pass came to an end without the target: that says nothing about it. */
  withdraw(pass: BreakerPass | undefined): void {
    if (pass === this.#pass) this.#tryingSinceMs = undefined;
  }

  record(succeeded: boolean, nowMs: number, pass: BreakerPass | undefined): void {
    // Answers to requests from before it opened say nothing about now.
    if (pass !== this.#pass) return;
    if (this.#openUntilMs !== undefined) {
      this.#begin(succeeded ? undefined : nowMs + this.settings.openSeconds * 1_000);
      return;
    }
    const second = Math.floor(nowMs / 1_000);
    let last = this.#seconds.at(-1);
    if (last?.second !== second) {
      last = { second, total: 0, failed: 0 };
      this.#seconds.push(last);
      while ((this.#seconds[0]?.second ?? second) <= second - this.settings.windowSeconds) this.#seconds.shift();
    }
    last.total += 1;
    if (succeeded) return;
    last.failed += 1;
    let total = 0;
    let failed = 0;
    for (const one of this.#seconds) {
      total += one.total;
      failed += one.failed;
    }
    if (total >= this.settings.minimumRequests && failed >= this.settings.failureShare * total) {
      this.#begin(nowMs + this.settings.openSeconds * 1_000);
    }
  }

  /** Opens, or closes when undefined. */
  #begin(openUntilMs: number | undefined): void {
    this.#openUntilMs = openUntilMs;
    this.#tryingSinceMs = undefined;
    this.#seconds = [];
    this.#pass += 1;
  }
}

/** Allows retries in proportion to requests, so that a target in trouble is not asked many times as often as usual. */
export class RetryBudget {
  readonly perRequest: number;
  #tokens: number;

  constructor(perRequest: number) {
    this.perRequest = perRequest;
    this.#tokens = perRequest > 0 ? RESERVE : 0;
  }

  earn(): void {
    this.#tokens = Math.min(RESERVE, this.#tokens + this.perRequest);
  }

  spend(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** Retries that may come at once after a quiet time. */
const RESERVE = 10;
