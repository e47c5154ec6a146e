import type { Fixture } from './fixture.ts';
import { runLoad } from './load/run-load.ts';

const CONNECTIONS = 256;

/**
 * Half as much again as the gateway can do: what is still answered, as a share of what it can do,
 * and how long that takes. Requests that find no free connection within 50 ms are given up by the caller,
 * as a load balancer would; the latency of the others counts from when they were due.
 */
export async function measureOverload(fixture: Fixture, print: (line: string) => void) {
  const load = {
    host: '127.0.0.1',
    port: fixture.gatewayPort,
    path: `/v1/models/${fixture.endpoint}:predict`,
    bodiesFile: fixture.bodiesFile,
    connections: CONNECTIONS,
    seconds: 6,
    warmUpSeconds: 2,
  };
  const capacity = await runLoad({ ...load, connections: 64 });
  const offered = Math.round(capacity.perSecond * 1.5);
  const overloaded = await runLoad({ ...load, perSecond: offered, giveUpMs: 25 });
  const answered = (overloaded.statuses['200'] ?? 0) / load.seconds;
  const goodput = answered / capacity.perSecond;
  print(
    `1.5 × overload             goodput ${(goodput * 100).toFixed(0)} % of ${capacity.perSecond.toFixed(0)}/s, p99 of answered ${overloaded.latencyMs.p99.toFixed(1)} ms (offered ${offered}/s, ${CONNECTIONS} connections)`,
  );
  return {
    capacityPerSecond: capacity.perSecond,
    offered,
    goodput,
    latencyMs: overloaded.latencyMs,
    statuses: overloaded.statuses,
    givenUp: overloaded.givenUp,
  };
}
