import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayStatus } from '@switchyard/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeControl, type SnapshotContent, startFakeControl } from './support/fake-control.ts';
import {
  type FraudArtifact,
  inspectFraudModel,
  readTransactions,
  servedEndpoint,
  servedModel,
} from './support/fraud-models.ts';
import { type GatewayProcess, spawnGateway, startLoad } from './support/gateway-process.ts';

const SWAPS = 500;
/** Before, threads start, the allocator and the compiler take what they keep. */
const WARM_UP = 50;
const MEASURED_EVERY = 10;
/** Measurements compared on either side. */
const COMPARED = 7;
const rows = readTransactions(6_340, 200);
let versions: readonly [FraudArtifact, FraudArtifact];
let dataDir: string;
let control: FakeControl;
let gateway: GatewayProcess;

beforeAll(async () => {
  versions = [await inspectFraudModel('xgboost'), await inspectFraudModel('random-forest')];
  dataDir = mkdtempSync(join(tmpdir(), 'switchyard-swaps-'));
  control = await startFakeControl(new Map(versions.map(({ sha256, path }) => [sha256, path])));
}, 60_000);
afterAll(async () => {
  gateway.child.kill('SIGKILL');
  await gateway.ended;
  await control.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Only the live version is in it, so that every swap loads one model and closes the other. */
function snapshot(swap: number): SnapshotContent {
  const version = String(1 + (swap % 2));
  return {
    models: { fraud: servedModel('fraud', { [version]: versions[swap % 2] as FraudArtifact }, { champion: version }) },
    endpoints: { fraud: servedEndpoint('fraud', { kind: 'model', model: 'fraud', alias: 'champion' }, swap + 1) },
    keepWarm: [],
  };
}

interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  /** Of the process; 0 where the system does not tell. */
  readonly threads: number;
}

it(`${SWAPS} swaps under load fail no request and leave the process where it was`, async () => {
  control.publish(snapshot(0));
  const collector = new URL('./support/collect-garbage.ts', import.meta.url).href;
  gateway = spawnGateway({
    dataDir,
    controlUrl: control.url,
    nodeArguments: ['--expose-gc', '--import', collector],
  });
  const load = startLoad(`http://127.0.0.1:${await gateway.port()}`, 'fraud', rows, 2, 10);
  const measured: Memory[] = [];
  for (let swap = 1; swap <= SWAPS; swap += 1) {
    const { hash } = control.publish(snapshot(swap));
    await statusOf(hash, () => true);
    if (swap >= WARM_UP && swap % MEASURED_EVERY === 0) {
      // What was swapped out is closed, and what is loaded is always the same model.
      const { models } = await statusOf(hash, (status) => status.models.length === 1);
      expect(models).toMatchObject([{ model: 'fraud', version: '1', state: 'ready' }]);
      measured.push(await measure());
    }
    control.statuses.splice(0);
  }
  const { statuses, versions: answered } = await load.stop();
  expect([...statuses.keys()]).toEqual(['ok']);
  expect(answered.get('1')).toBeGreaterThan(SWAPS / 2);
  expect(answered.get('2')).toBeGreaterThan(SWAPS / 2);
  const late = measured.slice(-COMPARED);
  const threads = medianOf(late, 'threads');
  // The pool has a few threads, each started when a model first has to go there, which on a busy machine may be late.
  expect(threads).toBeLessThanOrEqual((measured[0]?.threads ?? 0) + 2);
  const early = measured.filter((one) => one.threads === threads).slice(0, COMPARED);
  for (const part of ['rss', 'heapUsed'] as const) {
    const growth = medianOf(late, part) / medianOf(early, part);
    expect(growth, `${part}: ${early.map((one) => one[part])} → ${late.map((one) => one[part])}`).toBeLessThan(1.1);
  }
}, 900_000);

async function statusOf(hash: string, holds: (status: GatewayStatus) => boolean): Promise<GatewayStatus> {
  for (let attempt = 0; attempt < 6_000; attempt += 1) {
    const status = control.statuses.findLast((one) => one.snapshot?.hash === hash && holds(one));
    if (status !== undefined) return status;
    await sleep(5);
  }
  throw new Error(`the snapshot was not served, or what it replaced not closed: ${gateway.stderr().slice(-2_000)}`);
}

async function measure(): Promise<Memory> {
  const answer = once(gateway.child, 'message');
  gateway.child.send('collect garbage');
  const [memory] = await answer;
  const tasks = `/proc/${gateway.pid}/task`;
  return { ...(memory as Memory), threads: existsSync(tasks) ? readdirSync(tasks).length : 0 };
}

function medianOf(measured: readonly Memory[], part: keyof Memory): number {
  const sorted = measured.map((one) => one[part]).sort((left, right) => left - right);
  return sorted[sorted.length >> 1] as number;
}
