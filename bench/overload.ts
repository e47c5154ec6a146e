import type { Fixture } from './fixture.ts';
import { runLoad } from './load/run-load.ts';

const CONNECTIONS = 128;
/** A request that finds no free connection for so long is given up by the caller, as a load balancer would. */
const GIVE_UP_MS = 25;

/**
 * Half as much again as the gateway can do: what is still answered, as a share of what it can do, and how long that
 * takes: from when a request was due, waiting for a connection included, and from when it was sent.
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
  const overloaded = await runLoad({ ...load, perSecond: offered, giveUpMs: GIVE_UP_MS });
  const answered = (overloaded.statuses['200'] ?? 0) / load.seconds;
  const goodput = answered / capacity.perSecond;
  print(
    `1.5 × overload             goodput ${(goodput * 100).toFixed(0)} % of ${capacity.perSecond.toFixed(0)}/s, p99 of answered ${overloaded.latencyMs.p99.toFixed(1)} ms since due, ${overloaded.sinceSentMs.p99.toFixed(1)} ms since sent (offered ${offered}/s, ${CONNECTIONS} connections)`,
  );
  return {
    capacityPerSecond: capacity.perSecond,
    offered,
    goodput,
    latencyMs: overloaded.latencyMs,
    sinceSentMs: overloaded.sinceSentMs,
    statuses: overloaded.statuses,
    givenUp: overloaded.givenUp,
  };
}
