import type { Endpoint, Model, ServingSnapshot } from '@switchyard/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INTERNAL_TOKEN, makeSignature, problemOf, type RunningControl, startControl } from './start-control.ts';

/** A meta-model is in no leaf of the policy, and as needed as the models that are. */
let running: RunningControl;
const memberSignature = makeSignature([{ name: 'amount', type: 'number' }], [0, 1]);
const metaSignature = makeSignature(
  [
    { name: 'left', type: 'number' },
    { name: 'right', type: 'number' },
  ],
  [0, 1],
);
const wideSignature = makeSignature([...metaSignature.features, { name: 'third', type: 'number' }], [0, 1]);

const stacking = (meta: object) => ({
  kind: 'ensemble',
  method: 'stacking',
  meta: { model: 'meta', ...meta },
  members: ['left', 'right'].map((model) => ({ name: model, policy: { kind: 'model', model, version: '1' } })),
});
const put = (endpoint: string, policy: unknown) => running.call('PUT', `/endpoints/${endpoint}`, { policy });
const snapshot = async () =>
  (
    await running.call<ServingSnapshot>('GET', '//internal/v1/snapshot', undefined, {
      authorization: `Bearer ${INTERNAL_TOKEN}`,
    })
  ).body;

beforeAll(async () => {
  running = await startControl();
  for (const model of ['left', 'right']) await running.addModel(model, memberSignature);
  await running.addModel('meta', metaSignature);
});
afterAll(() => running.stop());

describe('the meta-model of a stacking ensemble', () => {
  it('must exist, in the version named', async () => {
    expect(problemOf(await put('stacked', stacking({ version: '7' })))).toMatchObject({
      code: 'invalid_policy',
      errors: [{ field: 'policy.meta.model' }],
    });
    expect((await put('stacked', stacking({ version: '1' }))).status).toBe(200);
  });

  it('is named among the models of the endpoint, and the endpoint among those of the model', async () => {
    const endpoint = await running.call<Endpoint>('GET', '/endpoints/stacked');
    expect(endpoint.body.models).toContainEqual({ model: 'meta', version: '1', path: '' });
    expect(endpoint.body.features.map(({ name }) => name)).toEqual(['amount']);
    expect((await running.call<Model>('GET', '/models/meta')).body.endpoints).toEqual(['stacked']);
  });

  it('cannot be deleted while it is used', async () => {
    expect(problemOf(await running.call('DELETE', '/models/meta')).code).toBe('in_use');
  });

  it('is in the snapshot in the version used, also when a newer one exists, and kept warm for a rollback', async () => {
    for (const _version of ['2', '3']) await running.upload('meta', JSON.stringify(metaSignature));
    expect(Object.keys((await snapshot()).models.meta?.versions ?? {})).toEqual(['1', '3']);
    expect((await put('stacked', stacking({ version: '2' }))).status).toBe(200);
    const { models, keepWarm } = await snapshot();
    expect(Object.keys(models.meta?.versions ?? {}).sort()).toEqual(['1', '2', '3']);
    expect(keepWarm).toEqual([{ model: 'meta', version: '1' }]);
  });

  it('follows its alias: moving it publishes, to what cannot answer is refused, and it cannot be deleted', async () => {
    await running.call('PUT', '/models/meta/aliases/champion', { version: '2' });
    expect((await put('stacked', stacking({ alias: 'champion' }))).status).toBe(200);
    const before = await snapshot();
    expect((await running.call('PUT', '/models/meta/aliases/champion', { version: '3' })).status).toBe(200);
    const after = await snapshot();
    expect(after.hash).not.toBe(before.hash);
    expect(after.models.meta).toMatchObject({ aliases: { champion: '3' } });
    expect(problemOf(await running.call('DELETE', '/models/meta/aliases/champion')).code).toBe('in_use');
    await running.upload('meta', JSON.stringify(wideSignature));
    const moved = problemOf(await running.call('PUT', '/models/meta/aliases/champion', { version: '4' }));
    expect(moved).toMatchObject({ code: 'invalid_policy', detail: expect.stringContaining("endpoint 'stacked'") });
    expect((await snapshot()).models.meta?.aliases).toEqual({ champion: '3' });
  });
});
