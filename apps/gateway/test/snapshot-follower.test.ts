import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServingSnapshot } from '@switchyard/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGatewayMetrics } from '../src/metrics/gateway-metrics.ts';
import type { EndpointPlan } from '../src/predict/endpoint-plan.ts';
import { readPredictRequest } from '../src/predict/prediction-request.ts';
import { createRecentRows, type RecentRows } from '../src/rehearsal/recent-rows.ts';
import { rehearse } from '../src/rehearsal/rehearse.ts';
import type { ControlClient } from '../src/snapshot/control-client.ts';
import { openDiskCache } from '../src/snapshot/disk-cache.ts';
import { createModelStore } from '../src/snapshot/model-store.ts';
import { buildServingState } from '../src/snapshot/serving-state.ts';
import { type FollowerOptions, followSnapshots, type SnapshotFollower } from '../src/snapshot/snapshot-follower.ts';
import { createFakeModel, type FakeModel } from './support/fake-model.ts';
import { servedEndpoint } from './support/fraud-models.ts';
import { model, served } from './support/shop.ts';

const FEATURES = [{ name: 'x', type: 'number' as const }];
const template = createFakeModel({ features: FEATURES });
const digest = (letter: string) => letter.repeat(64);

/** A snapshot whose endpoint `e` answers with version `version` of model `m`, with `versions` in it. */
function snapshotOf(number: number, live: string | undefined, versions: readonly string[]): ServingSnapshot {
  const entry = (version: string) => ({
    ...served('m', template).versions['1']!,
    version,
    artifact: { sha256: digest(version), sizeBytes: 3 },
  });
  return {
    formatVersion: 1,
    version: number,
    hash: digest(String(number)),
    createdAt: '2026-01-01T00:00:00Z',
    models: {
      m: {
        ...served('m', template),
        defaultVersion: versions.at(-1) ?? '1',
        versions: Object.fromEntries(versions.map((version) => [version, entry(version)])),
      },
    },
    endpoints: live === undefined ? {} : { e: servedEndpoint('e', { ...model('m'), version: live } as never, number) },
    keepWarm: [],
  };
}

const fakeOfX = (_version: string): FakeModel => createFakeModel({ features: FEATURES });

let directory: string;
let follower: SnapshotFollower | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'switchyard-follower-'));
});
afterEach(async () => {
  await follower?.stop();
  follower = undefined;
  rmSync(directory, { recursive: true, force: true });
});

interface World {
  readonly follower: SnapshotFollower;
  readonly loaded: Map<string, FakeModel>;
  readonly events: string[];
  readonly downloads: string[];
  /** The version that each state was built beside. */
  readonly beside: (number | undefined)[];
  readonly recent: RecentRows;
  publish(snapshot: ServingSnapshot): void;
  setDown(isDown: boolean): void;
  failToLoad: Set<string>;
}

async function startWorld(first?: ServingSnapshot, makeModel = fakeOfX): Promise<World> {
  let current = first;
  let isDown = first === undefined;
  let wake = () => {};
  const downloads: string[] = [];
  const control: ControlClient = {
    async getSnapshot(have, _waitSeconds, signal) {
      if (isDown) throw new Error('connection refused');
      if (current !== undefined && current.hash !== have) return current;
      await new Promise<void>((resolve) => {
        wake = resolve;
        signal.addEventListener('abort', () => resolve());
        setTimeout(resolve, 300);
      });
      if (isDown) throw new Error('connection lost');
      return current !== undefined && current.hash !== have ? current : null;
    },
    async downloadArtifact(sha256, path) {
      if (isDown) throw new Error('connection refused');
      downloads.push(sha256[0] as string);
      writeFileSync(path, 'abc');
    },
    putStatus: () => Promise.resolve(),
  };
  const loaded = new Map<string, FakeModel>();
  const events: string[] = [];
  const beside: (number | undefined)[] = [];
  const failToLoad = new Set<string>();
  const recent = createRecentRows();
  const models = createModelStore();
  const metrics = createGatewayMetrics();
  const options: FollowerOptions = {
    control,
    cache: await openDiskCache(directory),
    models,
    metrics,
    async loadModel(path, { version }) {
      expect(readFileSync(path, 'utf8')).toBe('abc');
      if (failToLoad.has(version)) throw new Error(`version ${version} is broken`);
      const fake = makeModel(version);
      loaded.set(version, fake);
      return fake;
    },
    buildState: (snapshot, previous) => {
      beside.push(previous?.version);
      return buildServingState(snapshot, {
        gateway: 'test',
        metrics,
        loads: new Map(),
        findLoaded: (name, version) => models.find(name, version, snapshot),
        previous,
      });
    },
    rehearse: (state, next, signal) => rehearse(state, next, { recent, newId: () => 'id', signal }),
    onChange: () => {},
    report: (event, { version }) => events.push(version === undefined ? event : `${event} ${version}`),
  };
  follower = followSnapshots(options);
  return {
    follower,
    loaded,
    events,
    downloads,
    beside,
    recent,
    failToLoad,
    publish(snapshot) {
      current = snapshot;
      wake();
    },
    setDown(value) {
      isDown = value;
      wake();
    },
  };
}

const until = async (what: () => boolean): Promise<void> => {
  for (let attempt = 0; attempt < 400 && !what(); attempt += 1) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(what()).toBe(true);
};

describe('a new snapshot', () => {
  it('takes over when its models are loaded, and what it does not name is closed', async () => {
    const world = await startWorld(snapshotOf(1, '1', ['1']));
    await world.follower.firstServed;
    world.publish(snapshotOf(2, '2', ['1', '2']));
    await until(() => world.follower.current()?.version === 2);
    world.publish(snapshotOf(3, '3', ['2', '3']));
    await until(() => world.follower.current()?.version === 3 && world.loaded.get('1')?.isClosed === true);
    expect([...world.loaded].map(([version, { isClosed }]) => [version, isClosed])).toEqual([
      ['1', true],
      ['2', false],
      ['3', false],
    ]);
    expect(world.downloads).toEqual(['1', '2', '3']);
    expect(world.events).toEqual(['reachable', 'served 1', 'served 2', 'served 3']);
    expect(world.beside).toEqual([undefined, 1, 2]);
  });

  it('closes nothing that a request still uses', async () => {
    const world = await startWorld(snapshotOf(1, '1', ['1']));
    await world.follower.firstServed;
    const { lease } = world.follower.current()!;
    lease.acquire();
    world.publish(snapshotOf(2, '2', ['2']));
    await until(() => world.follower.current()?.version === 2);
    world.publish(snapshotOf(3, '3', ['3']));
    await until(() => world.follower.current()?.version === 3);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(world.loaded.get('1')?.isClosed).toBe(false);
    lease.release();
    await until(() => world.loaded.get('1')?.isClosed === true && world.loaded.get('2')?.isClosed === true);
    expect(world.loaded.get('3')?.isClosed).toBe(false);
  });

  it('whose model cannot be loaded does not take over, and the next one does', async () => {
    const world = await startWorld(snapshotOf(1, '1', ['1']));
    await world.follower.firstServed;
    world.failToLoad.add('2');
    world.publish(snapshotOf(2, '2', ['1', '2']));
    await until(() => world.follower.error() !== null);
    expect(world.follower.error()).toBe("version 2 of model 'm': version 2 is broken");
    expect(world.follower.current()?.version).toBe(1);
    world.publish(snapshotOf(3, '1', ['1', '2', '3']));
    await until(() => world.follower.current()?.version === 3);
    // Version 2 still cannot be loaded, but nobody is answered with it.
    expect(world.follower.error()).toBeNull();
    expect([...(world.follower.current()?.models.get('m')?.versions.keys() ?? [])].sort()).toEqual(['1', '3']);
  });

  it('that failed is tried again', async () => {
    const world = await startWorld(snapshotOf(1, '1', ['1']));
    await world.follower.firstServed;
    world.failToLoad.add('2');
    world.publish(snapshotOf(2, '2', ['2']));
    await until(() => world.follower.error() !== null);
    world.failToLoad.clear();
    await until(() => world.follower.current()?.version === 2);
    expect(world.follower.error()).toBeNull();
  });
});

describe('a new snapshot that cannot answer what clients send', () => {
  const failing = (version: string): FakeModel =>
    version === '2'
      ? Object.assign(fakeOfX(version), { predict: () => Promise.reject(new Error('wrong shape')) })
      : fakeOfX(version);
  const send = ({ follower, recent }: World, x: number): void => {
    const plan = follower.current()?.endpoints.get('e') as EndpointPlan;
    recent.note(plan, x * 1_000, () => readPredictRequest({ instances: [{ x }] }, plan.features, 10));
  };
  const refusal = "endpoint 'e' revision 2 cannot answer 3 of 3 recent requests: internal_error: wrong shape (3)";

  it('does not take over, is tried again, and keeps no models once another takes its place', async () => {
    const world = await startWorld(snapshotOf(1, '1', ['1']), failing);
    await world.follower.firstServed;
    for (const x of [1, 2, 3]) send(world, x);
    world.publish(snapshotOf(2, '2', ['1', '2']));
    await until(() => world.events.filter((event) => event === 'failed 2').length > 1);
    expect(world.follower.error()).toBe(refusal);
    expect(world.follower.current()?.version).toBe(1);
    expect(world.follower.rehearsal()?.endpoints).toMatchObject([{ endpoint: 'e', rows: 3, refused: 3 }]);
    world.publish(snapshotOf(3, '2', ['1', '2', '3']));
    await until(() => world.events.includes('failed 3'));
    world.publish(snapshotOf(4, '1', ['1']));
    await until(() => world.follower.current()?.version === 4 && world.loaded.get('2')?.isClosed === true);
    expect(world.loaded.get('3')?.isClosed).toBe(true);
    expect(world.loaded.get('1')?.isClosed).toBe(false);
    expect(world.follower.error()).toBeNull();
  });

  it('keeps models only of the newest of several that are refused', async () => {
    const world = await startWorld(snapshotOf(1, '1', ['1']), failing);
    await world.follower.firstServed;
    for (const x of [1, 2, 3]) send(world, x);
    world.publish(snapshotOf(2, '2', ['1', '2', '4']));
    await until(() => world.follower.error() === refusal);
    world.publish(snapshotOf(3, '2', ['1', '2', '5']));
    await until(() => world.events.includes('failed 3') && world.loaded.get('4')?.isClosed === true);
    expect(['1', '2', '5'].map((version) => world.loaded.get(version)?.isClosed)).toEqual([false, false, false]);
  });

  it('takes over all the same when it was forced', async () => {
    const world = await startWorld(snapshotOf(1, '1', ['1']), failing);
    await world.follower.firstServed;
    for (const x of [1, 2, 3]) send(world, x);
    const forced = snapshotOf(2, '2', ['1', '2']);
    world.publish({ ...forced, endpoints: { e: { ...forced.endpoints.e!, rehearse: false } } });
    await until(() => world.follower.current()?.version === 2);
    expect(world.events).not.toContain('failed 2');
  });

  it('is not looked for when only what nodes have learnt changed', async () => {
    const world = await startWorld(snapshotOf(1, '1', ['1']));
    await world.follower.firstServed;
    for (const x of [1, 2, 3]) send(world, x);
    world.publish({
      ...snapshotOf(2, '1', ['1']),
      routingStates: { e: { '': { kind: 'best', computedAtMs: 1, segments: {} } } },
    });
    await until(() => world.follower.current()?.version === 2);
    expect(world.loaded.get('1')?.batches).toEqual([]);
    expect(world.follower.rehearsal()).toBeUndefined();
  });
});

describe('without control', () => {
  it('the cached snapshot and artifacts are enough to start', async () => {
    const before = await startWorld(snapshotOf(1, '1', ['1']));
    await before.follower.firstServed;
    await before.follower.stop();
    const after = await startWorld();
    await after.follower.firstServed;
    expect(after.follower.current()).toMatchObject({ version: 1, hash: digest('1') });
    expect(after.downloads).toEqual([]);
    expect(after.follower.isControlReachable()).toBe(false);
    after.publish(snapshotOf(2, '1', ['1']));
    after.setDown(false);
    await until(() => after.follower.current()?.version === 2);
    expect(after.follower.isControlReachable()).toBe(true);
  });

  it('and without a cache it waits until control is there', async () => {
    const world = await startWorld();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(world.follower.current()).toBeUndefined();
    world.publish(snapshotOf(1, undefined, []));
    world.setDown(false);
    await world.follower.firstServed;
    expect(world.follower.current()?.endpoints.size).toBe(0);
  });

  it('a snapshot that is served stays served', async () => {
    const world = await startWorld(snapshotOf(1, '1', ['1']));
    await world.follower.firstServed;
    world.setDown(true);
    await until(() => !world.follower.isControlReachable());
    expect(world.follower.current()?.version).toBe(1);
    world.publish(snapshotOf(2, '1', ['1']));
    world.setDown(false);
    await until(() => world.follower.current()?.version === 2);
  });
});

it('a cache that is damaged is as good as none, and is replaced', async () => {
  writeFileSync(join(directory, 'snapshot.json'), '{"formatVersion":1,"endpo');
  const world = await startWorld(snapshotOf(1, '1', ['1']));
  await world.follower.firstServed;
  expect(JSON.parse(readFileSync(join(directory, 'snapshot.json'), 'utf8'))).toMatchObject({ version: 1 });
  expect(readdirSync(directory).sort()).toEqual(['artifacts', 'snapshot.json']);
  expect(readdirSync(join(directory, 'artifacts'))).toEqual([digest('1')]);
});
