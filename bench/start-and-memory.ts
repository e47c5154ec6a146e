import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configSchema, type PlatformStatus } from '@switchyard/contracts';
import { runExample } from '../apps/cli/src/examples.ts';
import { startPlatform } from '../apps/cli/src/platform.ts';
import { setUpFraudExample } from '../examples/fraud/setup.ts';
import { freePort } from './fixture.ts';

/** Start of an existing data directory to ready, and memory while the demo replays, of all processes together. */
export async function measureStartAndMemory(_fixture: unknown, print: (line: string) => void) {
  const dataDir = mkdtempSync(join(tmpdir(), 'switchyard-bench-start-'));
  const [port, gatewayPort, grpcPort] = [await freePort(), await freePort(), await freePort()];
  const config = configSchema.parse({ dataDir, port, gatewayPort, grpcPort });
  try {
    const first = await startPlatform({ config, print: () => {} });
    await setUpFraudExample(first.controlUrl, () => {});
    await first.stop();
    const startedAt = performance.now();
    const platform = await startPlatform({ config, print: () => {} });
    for (;;) {
      const response = await fetch(`${platform.gatewayUrl}/v2/models/fraud/ready`);
      await response.arrayBuffer();
      if (response.ok) break;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    const readyMs = performance.now() - startedAt;
    const abort = new AbortController();
    const replaying = runExample('fraud', platform, 40, abort.signal);
    let peak = 0;
    for (let second = 0; second < 30; second += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      peak = Math.max(peak, residentBytes(process.pid) - ownBytes(process.pid));
    }
    const status = (await (await fetch(`${platform.controlUrl}/api/v1/status`)).json()) as PlatformStatus;
    abort.abort();
    await replaying.catch(() => {});
    await platform.stop();
    const gatewayBytes = status.gateways[0]?.memoryBytes ?? Number.NaN;
    print(
      `start and memory           ready in ${(readyMs / 1_000).toFixed(1)} s, all processes at most ${(peak / 2 ** 30).toFixed(2)} GiB while the demo runs, gateway ${(gatewayBytes / 2 ** 20).toFixed(0)} MiB`,
    );
    return { readyMs, peakBytes: peak, gatewayBytes };
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function ownBytes(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) * 1_024;
}

/** Resident memory of a process and all its descendants. */
function residentBytes(root: number): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {}
  }
  let total = 0;
  for (const pid of parents.keys()) {
    let at: number | undefined = pid;
    while (at !== undefined && at !== root && at > 1) at = parents.get(at);
    if (at !== root) continue;
    try {
      total += ownBytes(pid);
    } catch {}
  }
  return total;
}
