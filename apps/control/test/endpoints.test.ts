import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, makeSignature, problemOf, type RunningControl, startControl } from './start-control.ts';

let running: RunningControl;
const leaf = (model: string, at: { version?: string; alias?: string } = { version: '1' }) => ({
  kind: 'model',
  model,
  ...at,
});
const split = (a: number, b: number) => ({
  kind: 'split',
  arms: [
    { name: 'control', weight: a, policy: leaf('forest') },
    { name: 'challenger', weight: b, policy: leaf('network') },
  ],
});

beforeAll(async () => {
  running = await startControl();
  await running.addModel('forest', makeSignature([{ name: 'amount', type: 'number' }], [0, 1]));
  await running.addModel(
    'network',
    makeSignature([
      { name: 'amount', type: 'integer' },
      { name: 'country', type: 'string', default: 'FR' },
    ]),
  );
  await running.addModel('texts', makeSignature([{ name: 'amount', type: 'string' }]));
  await running.addModel('prices', makeSignature([{ name: 'amount', type: 'number' }]), 'regression');
});
afterAll(() => running.stop());

const put = (endpoint: string, policy: unknown, rest: object = {}) =>
  running.call('PUT', `/endpoints/${endpoint}`, { policy, ...rest });

describe('endpoints', () => {
  it('are published in revisions, and read with what they serve and what callers send', async () => {
    expect(await put('fraud', leaf('forest'), { note: 'first', author: 'ada' })).toMatchObject({
      status: 200,
      body: { endpoint: 'fraud', revision: 1, note: 'first', author: 'ada', rollbackOf: null },
    });
    expect((await put('fraud', split(0.9, 0.1))).body.revision).toBe(2);
    expect((await running.call('GET', '/endpoints/fraud')).body).toMatchObject({
      name: 'fraud',
      live: { revision: 2, policy: split(0.9, 0.1), settings: { timeoutMs: 10_000 } },
      previousRevision: 1,
      models: [
        { model: 'forest', version: '1', path: 'control' },
        { model: 'network', version: '1', path: 'challenger' },
      ],
      features: [
        { name: 'amount', type: 'integer' },
        { name: 'country', type: 'string', default: 'FR' },
      ],
    });
    const revisions = await running.call<{ items: { revision: number }[] }>('GET', '/endpoints/fraud/revisions');
    expect(revisions.body.items.map((item) => item.revision)).toEqual([2, 1]);
    expect((await running.call('GET', '/models/forest')).body.endpoints).toEqual(['fraud']);
  });

  it('keep settings that are not given', async () => {
    await put('settings', leaf('forest'), { settings: { timeoutMs: 500, onLogFailure: 'answer-unlogged' } });
    await put('settings', leaf('forest'), { settings: { timeoutMs: 700 } });
    const { body } = await put('settings', leaf('forest'));
    expect(body.settings).toEqual({
      timeoutMs: 700,
      onLogFailure: 'answer-unlogged',
      unknownFeatures: 'reject',
      maximumQueuedRows: 10_000,
    });
  });

  it('have a cache until they are told to have none, or are rolled back to when they had none', async () => {
    const settingsOf = async (content: object) => (await put('kept', leaf('forest'), content)).body.settings;
    const cache = { ttlSeconds: 60 };
    expect(await settingsOf({})).not.toHaveProperty('cache');
    expect(await settingsOf({ settings: { cache } })).toMatchObject({ cache });
    expect(await settingsOf({ settings: { timeoutMs: 700 } })).toMatchObject({ cache, timeoutMs: 700 });
    const check = async (settings: object) =>
      (await running.call<{ changes: unknown }>('POST', '/endpoints/kept/check', { policy: leaf('forest'), settings }))
        .body.changes;
    expect(await check({ cache })).toEqual([]);
    expect(await check({ cache: { ttlSeconds: 5 } })).toEqual([
      { path: 'settings.cache', before: 'for 60 s', after: 'for 5 s' },
    ]);
    expect(await check({ cache: null })).toEqual([{ path: 'settings.cache', before: 'for 60 s', after: 'off' }]);
    expect(await check({ maximumQueuedRows: 1 })).toEqual([
      { path: 'settings.maximumQueuedRows', before: '10000 rows', after: '1 row' },
    ]);
    const rolledBack = await running.call('POST', '/endpoints/kept/rollback', { revision: 1 });
    expect(rolledBack.body.settings).not.toHaveProperty('cache');
    expect(await settingsOf({ settings: { cache } })).toMatchObject({ cache });
    expect(await settingsOf({ settings: { cache: null } })).not.toHaveProperty('cache');
    expect((await put('kept', leaf('forest'), { settings: { cache: { ttlSeconds: 0 } } })).status).toBe(400);
  });

  it.each([
    ['weights that do not sum to 1', split(0.6, 0.6), 'policy.arms'],
    ['a model that does not exist', leaf('nobody'), 'policy.model'],
    ['a version that does not exist', leaf('forest', { version: '7' }), 'policy.version'],
    ['an alias that does not exist', leaf('forest', { alias: 'nothing' }), 'policy.alias'],
    [
      'a condition that does not parse',
      {
        kind: 'rules',
        rules: [{ name: 'r', when: 'features.amount <', policy: leaf('forest') }],
        otherwise: leaf('forest'),
      },
      'policy.rules.0.when',
    ],
    [
      'a condition of the wrong type',
      {
        kind: 'rules',
        rules: [{ name: 'r', when: 'features.amount < "ten"', policy: leaf('forest') }],
        otherwise: leaf('forest'),
      },
      'policy.rules.0.when',
    ],
    [
      'a condition that is not a yes or no',
      { kind: 'rules', rules: [{ name: 'r', when: 'unit', policy: leaf('forest') }], otherwise: leaf('forest') },
      'policy.rules.0.when',
    ],
  ])('refuse %s, naming the field', async (_what, policy, field) => {
    const answer = await put('refused', policy);
    expect(answer.status).toBe(422);
    expect(problemOf(answer).code).toBe('invalid_policy');
    expect(
      problemOf(answer)
        .errors?.map((error) => error.field)
        .join(),
    ).toContain(field);
    expect((await running.call('GET', '/endpoints/refused')).status).toBe(404);
  });

  it('refuse members that one caller cannot satisfy, naming the feature', async () => {
    const policy = {
      kind: 'split',
      arms: [
        { name: 'a', weight: 0.5, policy: leaf('forest') },
        { name: 'b', weight: 0.5, policy: leaf('texts') },
      ],
    };
    const problem = problemOf(await put('refused', policy));
    expect(problem.code).toBe('invalid_policy');
    expect(problem.detail).toContain("'amount'");
  });

  it('refuse members of different tasks', async () => {
    const policy = {
      kind: 'split',
      arms: [
        { name: 'a', weight: 0.5, policy: leaf('forest') },
        { name: 'b', weight: 0.5, policy: leaf('prices') },
      ],
    };
    expect(problemOf(await put('refused', policy))).toMatchObject({ code: 'invalid_policy' });
  });

  it('answer a change made from an old revision with a conflict', async () => {
    await put('shared', leaf('forest'), { baseRevision: 0 });
    expect(problemOf(await put('shared', leaf('network'), { baseRevision: 0 })).code).toBe('revision_conflict');
    expect((await put('shared', leaf('network'), { baseRevision: 1 })).body.revision).toBe(2);
  });

  it('let one of several writers at once win', async () => {
    await put('race', leaf('forest'));
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) => put('race', leaf(index % 2 ? 'forest' : 'network'), { baseRevision: 1 })),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
    expect(problemOf(answers.find((answer) => answer.status === 409)!).code).toBe('revision_conflict');
    expect((await running.call('GET', '/endpoints/race')).body).toMatchObject({ live: { revision: 2 } });
  });

  it('let one of two writers at once win who do not say what they started from', async () => {
    // Both have arrived before either can be written.
    const { promise: release, resolve: free } = Promise.withResolvers<void>();
    const busy = running.metadata.db.transaction().execute(() => release);
    const writing = Promise.all([put('new-race', leaf('forest')), put('new-race', leaf('network'))]);
    await eventually('both have arrived', () => running.inFlight() === 2);
    free();
    await busy;
    const answers = await writing;
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409]);
  });

  it('roll back to the revision before or to any other, as a new revision', async () => {
    await put('rolled', leaf('forest'), { settings: { timeoutMs: 111 } });
    await put('rolled', leaf('network'), { settings: { timeoutMs: 222 } });
    await put('rolled', split(0.5, 0.5));
    expect((await running.call('POST', '/endpoints/rolled/rollback')).body).toMatchObject({
      revision: 4,
      rollbackOf: 2,
      policy: leaf('network'),
    });
    expect((await running.call('POST', '/endpoints/rolled/rollback', { revision: 1 })).body).toMatchObject({
      revision: 5,
      rollbackOf: 1,
      policy: leaf('forest'),
      settings: { timeoutMs: 111 },
    });
    expect(problemOf(await running.call('POST', '/endpoints/rolled/rollback', { revision: 99 })).code).toBe(
      'revision_not_found',
    );
    expect(problemOf(await running.call('POST', '/endpoints/rolled/rollback', { revision: 5 })).errors).toMatchObject([
      { field: 'revision' },
    ]);
    expect(problemOf(await running.call('POST', '/endpoints/nobody/rollback', {})).code).toBe('endpoint_not_found');
  });

  it('cannot roll back when there is nothing before, or when it cannot be served any more', async () => {
    await put('single', leaf('forest'));
    expect(problemOf(await running.call('POST', '/endpoints/single/rollback', {})).code).toBe('revision_not_found');
    await running.addModel('short-lived');
    await put('single', leaf('short-lived'));
    await put('single', leaf('forest'));
    expect((await running.call('DELETE', '/models/short-lived')).status).toBe(204);
    expect(problemOf(await running.call('POST', '/endpoints/single/rollback', {})).code).toBe('invalid_policy');
  });

  it('say what a change would do without doing it', async () => {
    await put('checked', leaf('forest'));
    const check = (policy: unknown, rest: object = {}) =>
      running.call<{ valid: boolean; problems: unknown[]; changes: { path: string }[] }>(
        'POST',
        '/endpoints/checked/check',
        { policy, ...rest },
      );
    const good = await check(split(0.5, 0.5), { settings: { timeoutMs: 50 } });
    expect(good.body).toMatchObject({ valid: true, problems: [] });
    expect(good.body.changes.map((change) => change.path)).toEqual(['', 'control', 'challenger', 'settings.timeoutMs']);
    expect(good.body.changes.at(-1)).toEqual({ path: 'settings.timeoutMs', before: '10000 ms', after: '50 ms' });
    expect((await check(leaf('forest'))).body.changes).toEqual([]);
    const bad = await check(split(0.9, 0.9));
    expect(bad.status).toBe(200);
    expect(bad.body).toMatchObject({ valid: false, problems: [{ field: expect.stringContaining('policy.arms') }] });
    expect((await running.call('GET', '/endpoints/checked')).body).toMatchObject({ live: { revision: 1 } });
    const unpublished = await running.call('POST', '/endpoints/unpublished/check', { policy: leaf('forest') });
    expect(unpublished.body).toMatchObject({ valid: true, changes: [{ path: '', before: null }] });
  });

  it('are deleted, and count on from where they were when they come back', async () => {
    await put('phoenix', leaf('forest'));
    expect(problemOf(await running.call('DELETE', '/endpoints/nobody')).code).toBe('endpoint_not_found');
    expect((await running.call('DELETE', '/endpoints/phoenix')).status).toBe(204);
    expect((await running.call('GET', '/endpoints/phoenix')).status).toBe(404);
    expect((await running.call('GET', '/endpoints/phoenix/revisions')).status).toBe(404);
    expect((await put('phoenix', leaf('forest'), { baseRevision: 0 })).body.revision).toBe(2);
  });

  it('keep models that they use from being deleted', async () => {
    await running.addModel('needed');
    await put('needs', leaf('needed'));
    expect(problemOf(await running.call('DELETE', '/models/needed')).code).toBe('in_use');
    await running.call('DELETE', '/endpoints/needs');
    expect((await running.call('DELETE', '/models/needed')).status).toBe(204);
  });
});

describe('aliases', () => {
  const alias = (name: string, target: object, model = 'aliased') =>
    running.call('PUT', `/models/${model}/aliases/${name}`, target);
  beforeAll(async () => {
    await running.addModel('aliased');
    await running.upload('aliased', JSON.stringify(makeSignature([{ name: 'amount', type: 'number' }])));
    await running.upload('aliased', JSON.stringify(makeSignature([{ name: 'amount', type: 'string' }])));
  });

  it('point at a version or at another alias, and move with it', async () => {
    expect((await alias('champion', { version: '1' })).body).toMatchObject({ target: '1', version: '1' });
    expect((await alias('stable', { alias: 'champion' })).body).toMatchObject({ target: '@champion', version: '1' });
    await alias('champion', { version: '2' });
    expect((await running.call('GET', '/models/aliased')).body.aliases).toEqual({ champion: '2', stable: '2' });
  });

  it('cannot lead in a circle, however long', async () => {
    await alias('one', { version: '1' });
    await alias('two', { alias: 'one' });
    await alias('three', { alias: 'two' });
    const answer = await alias('one', { alias: 'three' });
    expect(answer.status).toBe(422);
    expect(problemOf(answer)).toMatchObject({ code: 'alias_cycle' });
    expect(problemOf(answer).detail).toContain('one → three → two → one');
    expect(problemOf(await alias('self', { alias: 'self' })).code).toBe('alias_cycle');
  });

  it('need a target that exists, one of the two kinds', async () => {
    expect(problemOf(await alias('x', { version: '99' })).code).toBe('version_not_found');
    expect(problemOf(await alias('x', { alias: 'nothing' })).code).toBe('alias_not_found');
    expect(problemOf(await alias('x', { version: '1' }, 'nobody')).code).toBe('model_not_found');
    expect(problemOf(await alias('x', {})).code).toBe('invalid_request');
    expect(problemOf(await alias('x', { version: '1', alias: 'champion' })).code).toBe('invalid_request');
  });

  it('cannot move where a live endpoint could not follow', async () => {
    await alias('live', { version: '2' });
    const policy = {
      kind: 'split',
      arms: [
        { name: 'a', weight: 0.5, policy: leaf('forest') },
        { name: 'b', weight: 0.5, policy: leaf('aliased', { alias: 'live' }) },
      ],
    };
    expect((await put('follows', policy)).status).toBe(200);
    const answer = await alias('live', { version: '3' });
    expect(answer.status).toBe(422);
    expect(problemOf(answer)).toMatchObject({ code: 'invalid_policy' });
    expect(problemOf(answer).detail).toMatch(/endpoint 'follows'.*'amount'/);
    expect((await running.call('GET', '/models/aliased')).body).toMatchObject({ aliases: { live: '2' } });
    expect((await alias('live', { version: '1' })).status).toBe(200);
    expect((await running.call('GET', '/endpoints/follows')).body.models).toContainEqual({
      model: 'aliased',
      version: '1',
      path: 'b',
    });
  });

  it('are removed only when nothing uses them', async () => {
    const remove = (name: string) => running.call('DELETE', `/models/aliased/aliases/${name}`);
    expect(problemOf(await remove('live')).code).toBe('in_use');
    expect(problemOf(await remove('one')).code).toBe('in_use');
    expect(problemOf(await remove('nothing')).code).toBe('alias_not_found');
    expect((await remove('three')).status).toBe(204);
  });
});
