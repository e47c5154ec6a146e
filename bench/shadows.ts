import type { Policy } from '@switchyard/contracts';
import { type Fixture, publish } from './fixture.ts';
import { runLoad } from './load/run-load.ts';

const ROUNDS = 7;

/**
 * What a shadow costs the answer at 2,000 requests a second: the same endpoint without, with a shadow on another
 * model, in turn; p99 and p50 of the requests, medians over the rounds.
 */
export async function measureShadows(fixture: Fixture, print: (line: string) => void) {
  const primary: Policy = { kind: 'model', model: 'neural-network', alias: 'champion' };
  await publish(fixture.platform, 'bench-plain', primary);
  await publish(fixture.platform, 'bench-shadowed', {
    kind: 'shadow',
    primary,
    shadows: [{ name: 'candidate', policy: { kind: 'model', model: 'xgboost', alias: 'champion' } }],
  });
  const load = {
    host: '127.0.0.1',
    port: fixture.gatewayPort,
    bodiesFile: fixture.bodiesFile,
    connections: 32,
    seconds: 5,
    warmUpSeconds: 1,
    perSecond: 2_000,
  };
  const rounds: { plain: number; shadowed: number; p50: number; failed: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const plain = await runLoad({ ...load, path: '/v1/models/bench-plain:predict' });
    const shadowed = await runLoad({ ...load, path: '/v1/models/bench-shadowed:predict' });
    rounds.push({
      plain: plain.latencyMs.p99,
      shadowed: shadowed.latencyMs.p99,
      p50: shadowed.latencyMs.p50 / plain.latencyMs.p50,
      failed: shadowed.failed,
    });
  }
  const median = [...rounds].sort((a, b) => a.shadowed / a.plain - b.shadowed / b.plain)[Math.floor(ROUNDS / 2)]!;
  print(
    `a shadow at 2,000/s        p99 ${(median.shadowed / median.plain).toFixed(2)} × that without (${median.shadowed.toFixed(2)} against ${median.plain.toFixed(2)} ms), failed ${median.failed}`,
  );
  return { median, rounds };
}
