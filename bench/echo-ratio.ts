import type { Fixture } from './fixture.ts';
import { runLoad } from './load/run-load.ts';

const ROUNDS = 3;
const CONNECTIONS = 64;

/**
 * Single-row JSON predictions a second of one gateway process, everything switched on,
 * against a bare node:http JSON echo: both in turn, several rounds, the median of the ratios.
 */
export async function measureEchoRatio(fixture: Fixture, print: (line: string) => void) {
  const rounds: { echo: number; gateway: number; ratio: number; failed: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const load = {
      host: '127.0.0.1',
      bodiesFile: fixture.bodiesFile,
      connections: CONNECTIONS,
      seconds: 5,
      warmUpSeconds: round === 0 ? 3 : 1,
    };
    const echo = await runLoad({ ...load, port: fixture.echoPort, path: '/' });
    const gateway = await runLoad({
      ...load,
      port: fixture.gatewayPort,
      path: `/v1/models/${fixture.endpoint}:predict`,
    });
    rounds.push({
      echo: echo.perSecond,
      gateway: gateway.perSecond,
      ratio: gateway.perSecond / echo.perSecond,
      failed: gateway.failed,
    });
  }
  const median = [...rounds].sort((a, b) => a.ratio - b.ratio)[Math.floor(ROUNDS / 2)]!;
  print(
    `echo ratio                 ${median.ratio.toFixed(2)} (gateway ${median.gateway.toFixed(0)}/s, echo ${median.echo.toFixed(0)}/s, ${CONNECTIONS} connections)`,
  );
  return { median, rounds, connections: CONNECTIONS };
}
