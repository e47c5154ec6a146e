import type { Alias, ClientCheck, EndpointRevision, Signature } from '@switchyard/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRecentRequests } from '../src/endpoints/client-check.ts';
import { makeSignature, noAnalytics, problemOf, type RunningControl, startControl } from './start-control.ts';

type Rows = Record<string, unknown>[];
let running: RunningControl;
let recent: () => Promise<Rows>;
const asked: { endpoint: string; since: number; limit: number }[] = [];
const now = new Date('2026-03-01T12:00:00Z');

beforeAll(async () => {
  running = await startControl({
    readModels: {
      ...noAnalytics,
      listRecentFeatures: (query) => {
        asked.push(query);
        return recent();
      },
    },
  });
  const amount = { name: 'amount', type: 'number' as const };
  const versions: [string, Signature['features']][] = [
    ['plain', [amount]],
    ['wanting', [amount, { name: 'country', type: 'string' }]],
    ['choosy', [amount, { name: 'country', type: 'string', categories: ['ch', 'de'] }]],
    ['whole', [{ name: 'amount', type: 'integer' }]],
  ];
  for (const [name, features] of versions) await running.addModel(name, makeSignature(features, [0, 1]));
  await running.call('POST', '/models', { name: 'moving', task: 'binary' });
  for (const [, features] of versions) await running.upload('moving', JSON.stringify(makeSignature(features, [0, 1])));
});
afterAll(() => running.stop());
beforeEach(() => {
  asked.length = 0;
  recent = async () => [];
});

const only = (model: string) => ({ kind: 'model', model, version: '1' });
let endpoints = 0;
/** A new endpoint that answers with this model, and what clients sent to it. */
async function live(model: string, rows: Rows): Promise<string> {
  const endpoint = `endpoint-${endpoints++}`;
  await running.call('PUT', `/endpoints/${endpoint}`, { policy: only(model) });
  recent = async () => rows;
  return endpoint;
}
const publish = (endpoint: string, model: string, rest: object = {}) =>
  running.call<EndpointRevision>('PUT', `/endpoints/${endpoint}`, { policy: only(model), ...rest });
const served = async (endpoint: string) => {
  const snapshot = await running.call<{ endpoints: Record<string, { revision: number; rehearse?: boolean }> }>(
    'GET',
    '//internal/v1/snapshot',
    undefined,
    { authorization: 'Bearer internal-token-of-the-tests' },
  );
  return snapshot.body.endpoints[endpoint];
};

describe('publishing what cannot answer what clients send', () => {
  it('is refused, with how many requests, which features and why', async () => {
    const endpoint = await live('plain', [{ amount: 1 }, { amount: 2 }, { amount: 3.5 }]);
    const refused = await publish(endpoint, 'wanting');
    expect(refused.status).toBe(409);
    expect(problemOf(refused)).toMatchObject({
      code: 'clients_refused',
      detail:
        `3 of 3 recent requests to endpoint '${endpoint}' would be refused: feature 'country': it is required. ` +
        'Publish with "force": true to do it all the same.',
      errors: [
        {
          field: 'policy',
          code: 'missing_feature',
          detail: "feature 'country': it is required; 3 of 3 recent requests",
        },
      ],
    });
    expect((await served(endpoint))?.revision).toBe(1);
    expect(asked.at(-1)).toMatchObject({ endpoint, limit: 200 });
  });

  it('counts for each feature and reason the requests it concerns', async () => {
    const rows = [
      { amount: 1, country: 'ch' },
      { amount: 2, country: 'fr' },
      { amount: 2.5, country: 'it' },
      { amount: 4, country: 'de' },
    ];
    const endpoint = await live('wanting', rows);
    const refused = problemOf(await publish(endpoint, 'choosy'));
    expect(refused.errors).toEqual([
      {
        field: 'policy',
        code: 'unknown_category',
        detail: "feature 'country': it is none of the 2 known categories; 2 of 4 recent requests",
      },
    ]);
    const both = problemOf(await publish(endpoint, 'whole'));
    expect(both.errors?.map((error) => [error.code, error.detail])).toEqual([
      ['unknown_feature', "feature 'country': no model and no rule knows it; 4 of 4 recent requests"],
      ['wrong_type', "feature 'amount': a whole number is needed; 1 of 4 recent requests"],
    ]);
    expect(both.detail).toContain('(and 1 more)');
  });

  it('can be forced, which the revision tells and gateways are told', async () => {
    const endpoint = await live('plain', [{ amount: 1 }]);
    const forced = await publish(endpoint, 'wanting', { force: true });
    expect(forced).toMatchObject({
      status: 200,
      body: { revision: 2, clients: { requests: 1, refused: 1, skipped: null, forced: true } },
    });
    expect(await served(endpoint)).toMatchObject({ revision: 2, rehearse: false });
    recent = async () => [{ amount: 1, country: 'ch' }];
    const after = await publish(endpoint, 'choosy');
    expect(after.body.clients).toEqual({ requests: 1, refused: 0, skipped: null, forced: false });
    expect(await served(endpoint)).not.toHaveProperty('rehearse');
  });

  it('goes for what settings change, too', async () => {
    const endpoint = await live('wanting', []);
    await publish(endpoint, 'plain', { settings: { unknownFeatures: 'ignore' } });
    recent = async () => [{ amount: 1, extra: 'x' }];
    expect((await publish(endpoint, 'plain', { settings: { unknownFeatures: 'reject' } })).status).toBe(409);
  });

  it('goes for rollbacks', async () => {
    const endpoint = await live('wanting', []);
    await publish(endpoint, 'plain');
    recent = async () => [{ amount: 1 }];
    const back = (body: object) => running.call<EndpointRevision>('POST', `/endpoints/${endpoint}/rollback`, body);
    expect(problemOf(await back({ revision: 1 })).code).toBe('clients_refused');
    expect((await back({ revision: 1, force: true })).body).toMatchObject({
      revision: 3,
      rollbackOf: 1,
      clients: { refused: 1, forced: true },
    });
  });

  it('goes for aliases that live endpoints follow', async () => {
    const point = (body: object) => running.call<Alias>('PUT', '/models/moving/aliases/champion', body);
    expect((await point({ version: '1' })).body.clients).toEqual([]);
    await running.call('PUT', '/endpoints/following', {
      policy: { kind: 'model', model: 'moving', alias: 'champion' },
    });
    recent = async () => [{ amount: 1 }, { amount: 2 }];
    const refused = problemOf(await point({ version: '2' }));
    expect(refused.code).toBe('clients_refused');
    expect(refused.detail).toContain("2 of 2 recent requests to endpoint 'following'");
    expect((await point({ version: '4' })).body).toMatchObject({
      version: '4',
      clients: [{ endpoint: 'following', requests: 2, refused: 0, forced: false }],
    });
    expect(await served('following')).not.toHaveProperty('rehearse');
    expect((await point({ version: '2', force: true })).body.clients).toMatchObject([{ refused: 2, forced: true }]);
    expect(await served('following')).toMatchObject({ rehearse: false });
    await point({ version: '4' });
    expect(await served('following')).not.toHaveProperty('rehearse');
  });
});

describe('requests that do not count', () => {
  it('are those that are refused already', async () => {
    const endpoint = await live('wanting', [{ amount: 1 }, { amount: 2, country: 'ch' }]);
    expect((await publish(endpoint, 'choosy')).body.clients).toMatchObject({ requests: 1, refused: 0 });
  });

  it('are none for a first revision', async () => {
    const endpoint = `endpoint-${endpoints++}`;
    expect((await publish(endpoint, 'plain')).body.clients).toBeNull();
    expect(asked).toEqual([]);
  });
});

describe('without the analytics store', () => {
  const skippedOf = async (endpoint: string): Promise<ClientCheck | null | undefined> =>
    (await publish(endpoint, 'wanting')).body.clients;

  it('is published all the same, and the revision says that nobody looked', async () => {
    const endpoint = await live('plain', []);
    expect(await skippedOf(endpoint)).toEqual({
      requests: 0,
      refused: 0,
      skipped: 'no request was answered in the last 24 hours',
      forced: false,
    });
    recent = () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.1'));
    expect((await skippedOf(endpoint))?.skipped).toBe('the analytics store does not answer');
    const history = await running.call<{ items: EndpointRevision[] }>('GET', `/endpoints/${endpoint}/revisions`);
    expect(history.body.items.map(({ clients }) => clients?.skipped ?? null)).toEqual([
      'the analytics store does not answer',
      'no request was answered in the last 24 hours',
      null,
    ]);
  });

  it('waits for it only so long', async () => {
    const source = createRecentRequests({
      listRecentFeatures: () => new Promise(() => {}),
      now: () => now,
      waitMs: 20,
    });
    expect(await source.load('e')).toEqual({
      rows: null,
      reason: 'the analytics store did not answer within 0.02 s',
    });
  });
});
