import { readFileSync } from 'node:fs';
import type { PredictResponse } from '@switchyard/contracts';
import type { Fixture } from './fixture.ts';

const SAMPLES = 20;

/** Time from the answer of a prediction to the moment the API can show it. */
export async function measureLogToQueryable(fixture: Fixture, print: (line: string) => void) {
  const body = readFileSync(fixture.bodiesFile, 'utf8').split('\n')[0] ?? '';
  const delays: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const response = await fetch(`${fixture.platform.gatewayUrl}/v1/models/${fixture.endpoint}:predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const { ids } = (await response.json()) as PredictResponse;
    delays.push(await timeUntilQueryable(fixture, ids[0] ?? ''));
    await new Promise((resolve) => setTimeout(resolve, (sample * 137) % 500));
  }
  delays.sort((a, b) => a - b);
  const median = delays[Math.floor(SAMPLES / 2)] ?? Number.NaN;
  const longest = delays.at(-1) ?? Number.NaN;
  print(`log to queryable           median ${median.toFixed(0)} ms, longest of ${SAMPLES} ${longest.toFixed(0)} ms`);
  return { medianMs: median, longestMs: longest, samples: SAMPLES };
}

async function timeUntilQueryable(fixture: Fixture, id: string): Promise<number> {
  const startedAt = performance.now();
  while (performance.now() - startedAt < 30_000) {
    const response = await fetch(`${fixture.platform.controlUrl}/api/v1/predictions/${id}`);
    await response.arrayBuffer();
    if (response.ok) return performance.now() - startedAt;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return Number.POSITIVE_INFINITY;
}
