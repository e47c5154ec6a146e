import { type ServingSnapshot, servingSnapshotSchema } from '@switchyard/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson, sha256Hex } from '../src/snapshot/canonical-json.ts';
import {
  amountSignature,
  eventually,
  INTERNAL_TOKEN,
  makeSignature,
  type RunningControl,
  startControl,
} from './start-control.ts';

let running: RunningControl;
beforeAll(async () => {
  running = await startControl();
});
afterAll(() => running.stop());

const authorization = { authorization: `Bearer ${INTERNAL_TOKEN}` };
const get = (query = '') =>
  running.call<ServingSnapshot>('GET', `//internal/v1/snapshot${query}`, undefined, authorization);
const leaf = (model: string, at: object) => ({ kind: 'model', model, ...at });
const put = (endpoint: string, policy: unknown) => running.call('PUT', `/endpoints/${endpoint}`, { policy });

describe('the serving snapshot', () => {
  it('is empty, versioned and hashed on a fresh install', async () => {
    const { status, body } = await get();
    expect(status).toBe(200);
    expect(body).toMatchObject({ formatVersion: 1, version: 0, models: {}, endpoints: {}, keepWarm: [] });
    const { hash, version: _version, createdAt: _createdAt, ...content } = body;
    expect(hash).toBe(sha256Hex(canonicalJson(content)));
  });

  it('holds what can be asked for: versions in use, aliased, newest, and those a rollback needs', async () => {
    await running.addModel('forest', makeSignature([{ name: 'amount', type: 'number' }]));
    for (let version = 2; version <= 6; version += 1) {
      await running.upload('forest', JSON.stringify(amountSignature));
    }
    await running.call('POST', '/models', { name: 'without-version', task: 'binary' });
    await running.call('PUT', '/models/forest/aliases/champion', { version: '4' });
    await put('fraud', leaf('forest', { version: '1' }));
    await put('fraud', leaf('forest', { version: '2' }));
    await put('fraud', leaf('forest', { version: '3' }));
    await put('other', leaf('forest', { alias: 'champion' }));
    // What a rollback of this one needs is in use already, so it needs no keeping warm.
    await put('other', leaf('forest', { alias: 'champion' }));
    const { body } = await get();
    expect(servingSnapshotSchema.parse(body)).toEqual(body);
    expect(Object.keys(body.models)).toEqual(['forest']);
    expect(Object.keys(body.models.forest!.versions)).toEqual(['2', '3', '4', '6']);
    expect(body.models.forest).toMatchObject({ defaultVersion: '4', aliases: { champion: '4' } });
    expect(body.keepWarm).toEqual([{ model: 'forest', version: '2' }]);
    expect(body.endpoints).toMatchObject({ fraud: { revision: 3 }, other: { revision: 2 } });
  });

  it('has a new version and hash after each change of what is served, and neither when nothing changed', async () => {
    const before = (await get()).body;
    await running.call('POST', '/models', { name: 'unserved', task: 'binary' });
    await running.call('PUT', '/models/forest/aliases/champion', { version: '4' });
    expect((await get()).body).toEqual(before);
    await put('fraud', leaf('forest', { version: '3' }));
    const after = (await get()).body;
    expect(after.version).toBe(before.version + 1);
    expect(after.hash).not.toBe(before.hash);
  });

  it('is the same, version included, for a control that starts on the same registry', async () => {
    const before = (await get()).body;
    const restarted = await startControl({ metadata: running.metadata });
    const again = await restarted.call<ServingSnapshot>('GET', '//internal/v1/snapshot', undefined, authorization);
    await restarted.stop();
    expect(again.body).toEqual(before);
  });

  it('is told to those who wait as soon as it is published, within 50 ms', async () => {
    const { hash } = (await get()).body;
    const arrivals: number[] = [];
    const waiting = [1, 2, 3].map(() =>
      get(`?have=${hash}&waitSeconds=20`).then((answer) => {
        arrivals.push(performance.now());
        return answer;
      }),
    );
    await eventually('three wait', async () =>
      (await running.call<string>('GET', '//metrics')).body.includes('switchyard_snapshot_waiters 3'),
    );
    const started = performance.now();
    const published = await put('fraud', leaf('forest', { version: '2' }));
    expect(published.status).toBe(200);
    const answers = await Promise.all(waiting);
    for (const answer of answers) expect(answer.body.endpoints.fraud?.revision).toBe(published.body.revision);
    console.info(`publish to snapshot: ${(Math.max(...arrivals) - started).toFixed(1)} ms`);
  });

  it('answers 204 to those who have it, after the time they wait, and at once without one', async () => {
    const { hash } = (await get()).body;
    expect((await get(`?have=${hash}`)).status).toBe(204);
    const started = performance.now();
    expect((await get(`?have=${hash}&waitSeconds=0.2`)).status).toBe(204);
    expect(performance.now() - started).toBeGreaterThan(150);
  });

  it('forgets those who hang up', async () => {
    const { hash } = (await get()).body;
    const controller = new AbortController();
    const waiters = async () =>
      /switchyard_snapshot_waiters (\d+)/.exec((await running.call<string>('GET', '//metrics')).body)?.[1];
    fetch(`${running.url}/internal/v1/snapshot?have=${hash}&waitSeconds=20`, {
      headers: authorization,
      signal: controller.signal,
    }).catch(() => {});
    await eventually('one waits', async () => (await waiters()) === '1');
    controller.abort();
    await eventually('nobody waits', async () => (await waiters()) === '0');
  });

  it('lets everybody go when control stops', async () => {
    const other = await startControl({ metadata: running.metadata });
    const { hash } = (await get()).body;
    const waiting = other.call('GET', `//internal/v1/snapshot?have=${hash}&waitSeconds=20`, undefined, authorization);
    await eventually('one waits', async () =>
      (await other.call<string>('GET', '//metrics')).body.includes('waiters 1'),
    );
    await other.stop();
    expect((await waiting).status).toBe(204);
  });

  it('and its artifacts are for holders of the internal token only', async () => {
    const { artifact } = (await get()).body.models.forest!.versions['2']!;
    const path = `//internal/v1/artifacts/${artifact.sha256}`;
    for (const headers of [undefined, { authorization: 'Bearer wrong' }, { authorization: INTERNAL_TOKEN }]) {
      expect((await running.call('GET', '//internal/v1/snapshot', undefined, headers)).status).toBe(401);
      expect((await running.call('GET', path, undefined, headers)).status).toBe(401);
    }
    const download = await fetch(`${running.url}${path.slice(1)}`, { headers: authorization });
    expect(sha256Hex(await download.text())).toBe(artifact.sha256);
    expect(
      (await running.call('GET', `//internal/v1/artifacts/${'0'.repeat(64)}`, undefined, authorization)).body.code,
    ).toBe('artifact_not_found');
    expect(
      (await running.call('GET', '//internal/v1/artifacts/..%2f..%2fetc%2fpasswd', undefined, authorization)).status,
    ).toBe(400);
  });
});

describe('canonical JSON', () => {
  it('is one text for equal values, whatever the order of keys', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'é' }], a: undefined, A: 1e-9 })).toBe(
      '{"A":1e-9,"b":[1,{"c":"é","d":null}]}',
    );
    expect(canonicalJson({ x: 1, y: 2 })).toBe(canonicalJson({ y: 2, x: 1 }));
  });
});
