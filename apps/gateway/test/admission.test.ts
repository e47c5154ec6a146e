import { SwitchyardError } from '@switchyard/contracts';
import { describe, expect, it } from 'vitest';
import { createAdmission, newEndpointLoad } from '../src/predict/admission.ts';

const ask = (rows: number, over: object = {}) => ({
  rows,
  maximumQueuedRows: 10_000,
  timeoutMs: 1_000,
  nowMs: 0,
  ...over,
});

function refusal(run: () => void): SwitchyardError {
  try {
    run();
  } catch (error) {
    if (SwitchyardError.is(error)) return error;
    throw error;
  }
  throw new Error('it was let in');
}

describe('admission', () => {
  it('keeps an endpoint within its own limit', () => {
    const admission = createAdmission();
    const load = newEndpointLoad();
    admission.enter(load, ask(9_999));
    expect(refusal(() => admission.enter(load, ask(2)))).toMatchObject({ code: 'overloaded', retryAfterSeconds: 1 });
    expect(refusal(() => admission.enter(load, ask(10_001))).code).toBe('batch_too_large');
    admission.leave(load, 9_999, 9_999, 1);
    expect(load.queuedRows).toBe(0);
    admission.enter(load, ask(10_000, { nowMs: 1 }));
  });

  /** An endpoint that has answered `perSecond` rows a second for so long. */
  function steady(perSecond: number, seconds: number) {
    const admission = createAdmission();
    const load = newEndpointLoad();
    for (let ms = 0; ms < seconds * 1_000; ms += 10) {
      admission.enter(load, ask(perSecond / 100, { nowMs: ms }));
      admission.leave(load, perSecond / 100, perSecond / 100, ms + 10);
    }
    return { admission, load };
  }

  it.each([1, 3, 20])('after %i s, refuses at once whoever would wait longer than they will', (seconds) => {
    const { admission, load } = steady(1_000, seconds);
    const nowMs = seconds * 1_000;
    admission.enter(load, ask(600, { nowMs }));
    const late = refusal(() => admission.enter(load, ask(1, { nowMs, timeoutMs: 500 })));
    expect(late.code).toBe('overloaded');
    // 600 rows at 1,000 a second, give or take a tenth.
    expect(Number(/about (\d+) ms/.exec(late.message)?.[1])).toBeGreaterThan(540);
    expect(Number(/about (\d+) ms/.exec(late.message)?.[1])).toBeLessThan(660);
    admission.enter(load, ask(1, { nowMs, timeoutMs: 700 }));
  });

  it('tells how long to stay away', () => {
    const { admission, load } = steady(1_000, 10);
    admission.enter(load, ask(4_500, { nowMs: 10_000, timeoutMs: 60_000 }));
    expect(refusal(() => admission.enter(load, ask(1, { nowMs: 10_000 }))).retryAfterSeconds).toBe(5);
  });

  it('does not guess while it knows little', () => {
    const admission = createAdmission();
    const load = newEndpointLoad();
    for (let n = 0; n < 50; n += 1) admission.enter(load, ask(10, { timeoutMs: 1 }));
    expect(load.queuedRows).toBe(500);
  });

  it('gives every busy endpoint the same share when the gateway is full, and always lets it in within its share', () => {
    const admission = createAdmission(1_000);
    const flooded = newEndpointLoad();
    const calm = newEndpointLoad();
    let refused = 0;
    for (let n = 0; n < 2_000; n += 1) {
      try {
        admission.enter(flooded, ask(1));
      } catch {
        refused += 1;
      }
    }
    expect({ queued: flooded.queuedRows, refused }).toEqual({ queued: 1_000, refused: 1_000 });
    for (let n = 0; n < 500; n += 1) admission.enter(calm, ask(1));
    expect(refusal(() => admission.enter(calm, ask(1))).message).toContain("500 rows are this endpoint's fair share");
    expect(refusal(() => admission.enter(flooded, ask(1))).code).toBe('overloaded');
    admission.leave(flooded, 600, 600, 100);
    admission.enter(flooded, ask(1, { nowMs: 100 }));
  });
});
