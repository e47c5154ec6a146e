import type { Problem, ServingSnapshot } from '@switchyard/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveState } from '../src/routing-state/state-store.ts';
import { amountSignature, INTERNAL_TOKEN, type RunningControl, startControl } from './start-control.ts';

let running: RunningControl;
const arms = ['forest', 'network'].map((model) => ({ name: model, policy: { kind: 'model', model, version: '1' } }));
const bandit = { kind: 'bandit', algorithm: 'thompson', reward: { from: 'correct' }, arms };
const put = (endpoint: string, policy: unknown) => running.call('PUT', `/endpoints/${endpoint}`, { policy });
const snapshot = async () =>
  (
    await running.call<ServingSnapshot>('GET', '//internal/v1/snapshot', undefined, {
      authorization: `Bearer ${INTERNAL_TOKEN}`,
    })
  ).body;
const get = (endpoint: string, query = '') => running.call('GET', `/endpoints/${endpoint}/routing-states${query}`);

beforeAll(async () => {
  running = await startControl();
  for (const model of ['forest', 'network']) await running.addModel(model, amountSignature);
});
afterAll(() => running.stop());

describe('routing states', () => {
  it('are none of an endpoint that learns nothing, and of none that does not exist', async () => {
    await put('plain', arms[0]?.policy);
    const { version, hash, createdAt } = await snapshot();
    expect(await get('plain')).toMatchObject({
      status: 200,
      body: { snapshot: { version, hash, createdAt }, states: {} },
    });
    expect((await get('nobody')).body.code).toBe('endpoint_not_found');
  });

  it('are told as the newest snapshot has them, and as an earlier one had them', async () => {
    await put('fraud', bandit);
    const before = await snapshot();
    // What the learning loop does, here with a state made up; `basis` says what it was learnt about.
    const { findLearningNodes } = await import('../src/routing-state/learning-nodes.ts');
    const [node] = findLearningNodes(bandit as never, ({ model, version = '' }) => ({ model, version }));
    if (node === undefined) throw new Error('a node that learns');
    const state = {
      kind: 'bandit' as const,
      epoch: 1,
      computedAtMs: 1_800_000_000_000,
      arms: { forest: { count: 4, sum: 3, sumOfSquares: 3 }, network: { count: 0, sum: 0, sumOfSquares: 0 } },
    };
    await running.metadata.db.transaction().execute((transaction) => saveState(transaction, 'fraud', node, state));
    // Any change publishes what is stored.
    await put('other', arms[1]?.policy);
    const after = await snapshot();
    expect(after.routingStates).toEqual({ fraud: { '': state } });
    expect((await get('fraud')).body).toMatchObject({ snapshot: { hash: after.hash }, states: { '': state } });
    expect((await get('fraud', `?snapshot=${after.hash}`)).body.states).toEqual({ '': state });
    await running.call('DELETE', '/endpoints/fraud');
    expect((await snapshot()).routingStates).toBeUndefined();
    expect((await get('fraud', `?snapshot=${after.hash}`)).body).toMatchObject({
      snapshot: { version: after.version, createdAt: after.createdAt },
      states: { '': state },
    });
    expect((await get('fraud', `?snapshot=${before.hash}`)).body.states).toEqual({});
  });

  it('are not made up for a snapshot that is not on record', async () => {
    expect((await get('plain', `?snapshot=${'0'.repeat(64)}`)).body.code).toBe('snapshot_not_found');
    expect((await get('plain', '?snapshot=x')).body as unknown as Problem).toMatchObject({ code: 'invalid_request' });
  });
});
