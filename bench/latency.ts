import type { Fixture } from './fixture.ts';
import { runLoad } from './load/run-load.ts';

/** Latency at 10,000 requests a second offered in an open loop, counted from when each was due. */
export async function measureLatency(fixture: Fixture, print: (line: string) => void) {
  const result = await runLoad({
    ...target(fixture),
    connections: 128,
    seconds: 10,
    warmUpSeconds: 3,
    perSecond: 10_000,
  });
  const { p50, p95, p99 } = result.latencyMs;
  print(
    `latency at 10,000/s        p50 ${p50.toFixed(2)} ms, p95 ${p95.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms (answered ${result.perSecond.toFixed(0)}/s, failed ${result.failed})`,
  );
  return result;
}

/** What the gateway itself adds (total less model time, as it says in a header) at 2,000 requests a second. */
export async function measureOverhead(fixture: Fixture, print: (line: string) => void) {
  const result = await runLoad({
    ...target(fixture),
    connections: 32,
    seconds: 10,
    warmUpSeconds: 3,
    perSecond: 2_000,
  });
  const overhead = result.overheadMs;
  print(
    `overhead at 2,000/s        p50 ${overhead?.p50.toFixed(2) ?? '?'} ms, p99 ${overhead?.p99.toFixed(2) ?? '?'} ms (failed ${result.failed})`,
  );
  return result;
}

function target(fixture: Fixture) {
  return {
    host: '127.0.0.1',
    port: fixture.gatewayPort,
    path: `/v1/models/${fixture.endpoint}:predict`,
    bodiesFile: fixture.bodiesFile,
  };
}
