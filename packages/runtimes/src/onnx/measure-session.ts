import { performance } from 'node:perf_hooks';
import type { Session, SessionTensor } from './session.ts';

const MAXIMUM_RUNS = 60;
const MINIMUM_RUNS = 5;
const BUDGET_MS = 150;

/** Median time of one run in microseconds, the first ones left out: they allocate. */
export async function measureRunMicros(
  session: Session,
  inputs: readonly SessionTensor[],
  outputNames: readonly string[],
): Promise<number> {
  await session.run(inputs, outputNames);
  const times: number[] = [];
  const startedAt = performance.now();
  while (times.length < MAXIMUM_RUNS) {
    const before = performance.now();
    const pending = session.run(inputs, outputNames);
    if (pending instanceof Promise) await pending;
    const after = performance.now();
    times.push((after - before) * 1000);
    if (times.length >= MINIMUM_RUNS && after - startedAt > BUDGET_MS) break;
  }
  const settled = times.slice(Math.floor(times.length / 3)).sort((left, right) => left - right);
  return settled[Math.floor(settled.length / 2)] ?? 0;
}
