import { setTimeout as sleep } from 'node:timers/promises';
import type { Fixture } from './fixture.ts';
import type { LoadResult } from './load/generator.ts';
import { runLoad } from './load/run-load.ts';

const SECONDS = 8;

/**
 * Deploys and rollbacks under 5,000 requests a second, in turn every second, against the same load without them:
 * failed requests, p99 during and before. The flip itself is what the gateway logs (`flipMs`).
 */
export async function measureDeploy(fixture: Fixture, print: (line: string) => void) {
  const load = {
    host: '127.0.0.1',
    port: fixture.gatewayPort,
    path: `/v1/models/${fixture.endpoint}:predict`,
    bodiesFile: fixture.bodiesFile,
    connections: 64,
    seconds: SECONDS,
    warmUpSeconds: 2,
    perSecond: 5_000,
  };
  const before = await runLoad(load);
  const flipsBefore = fixture.flipsMs.length;
  const during: Promise<LoadResult> = runLoad(load);
  await sleep(2_500);
  let changes = 0;
  for (; changes < SECONDS - 1; changes += 1) {
    const response = await fetch(`${fixture.platform.controlUrl}/api/v1/endpoints/${fixture.endpoint}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ policy: changes % 2 === 0 ? fixture.otherPolicy : fixture.policy }),
    });
    if (!response.ok) throw new Error(`publishing failed: ${await response.text()}`);
    await response.arrayBuffer();
    await sleep(1_000);
  }
  const after = await during;
  const flips = fixture.flipsMs.slice(flipsBefore);
  const longestFlip = Math.max(...flips);
  const ratio = after.latencyMs.p99 / before.latencyMs.p99;
  print(
    `deploy under 5,000/s       ${after.failed} failed of ${after.requests}, p99 ${ratio.toFixed(2)} × that without (${after.latencyMs.p99.toFixed(2)} ms), ${changes} deploys, longest flip ${longestFlip.toFixed(3)} ms`,
  );
  return {
    before: before.latencyMs,
    during: after.latencyMs,
    failed: after.failed,
    changes,
    longestFlipMs: longestFlip,
    flips: flips.length,
  };
}
