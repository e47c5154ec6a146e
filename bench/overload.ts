import type { Fixture } from './fixture.ts';
import { runLoad } from './load/run-load.ts';

const ROUNDS = 3;
const CONNECTIONS = 128;
/** A request that finds no free connection for so long is given up by the caller, as a load balancer would. */
const GIVE_UP_MS = 25;

/**
 * Half as much again as the gateway can do: what is still answered, as a share of what it can do, and how long that
 * takes: from when a request was due, waiting for a connection included, and from when it was sent. What it can do and
 * what it does are measured in turn, several rounds, the round with the median share is told.
 */
export async function measureOverload(fixture: Fixture, print: (line: string) => void) {
  const load = {
    host: '127.0.0.1',
    port: fixture.gatewayPort,
    path: `/v1/models/${fixture.endpoint}:predict`,
    bodiesFile: fixture.bodiesFile,
    connections: CONNECTIONS,
    seconds: 5,
    warmUpSeconds: 1,
  };
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const capacity = await runLoad({ ...load, connections: 64 });
    const offered = Math.round(capacity.perSecond * 1.5);
    const { statuses, latencyMs, sinceSentMs, givenUp } = await runLoad({
      ...load,
      perSecond: offered,
      giveUpMs: GIVE_UP_MS,
    });
    const goodput = (statuses['200'] ?? 0) / load.seconds / capacity.perSecond;
    rounds.push({
      capacityPerSecond: capacity.perSecond,
      offered,
      goodput,
      latencyMs,
      sinceSentMs,
      statuses,
      givenUp,
    });
  }
  const median = [...rounds].sort((a, b) => a.goodput - b.goodput)[Math.floor(ROUNDS / 2)]!;
  print(
    `1.5 × overload             goodput ${(median.goodput * 100).toFixed(0)} % of ${median.capacityPerSecond.toFixed(0)}/s, p99 of answered ${median.latencyMs.p99.toFixed(1)} ms since due, ${median.sinceSentMs.p99.toFixed(1)} ms since sent (offered ${median.offered}/s, ${CONNECTIONS} connections)`,
  );
  return { median, rounds };
}
