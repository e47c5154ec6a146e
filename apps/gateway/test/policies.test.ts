import {
  type Answer,
  type Policy,
  type PredictionRecord,
  type ShadowRecord,
  SwitchyardError,
} from '@switchyard/contracts';
import type { LoadedModel, PredictResult } from '@switchyard/runtimes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFakeModel } from './support/fake-model.ts';
import { servedEndpoint } from './support/fraud-models.ts';
import { SHOP_FEATURES, served, shopSignature } from './support/shop.ts';
import { startTestGateway, type TestGateway } from './support/test-gateway.ts';

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await startTestGateway();
});
afterEach(async () => {
  await gateway.close();
  expect(gateway.unforeseen).toEqual([]);
});

const pair = (score: number): Answer => ({
  label: score >= 0.5 ? 1 : 0,
  score,
  probabilities: { 0: 1 - score, 1: score },
});

const steady = (score: number, over: Partial<Parameters<typeof createFakeModel>[0]> = {}) =>
  createFakeModel({ features: SHOP_FEATURES, signature: shopSignature, answer: () => pair(score), ...over });

/** A model that misbehaves in one way, as a server elsewhere might. */
function broken(predict: LoadedModel['predict']): LoadedModel {
  return { ...steady(0.5), execution: 'remote', predict };
}
const failing = (code: 'model_failed' | 'model_unavailable' | 'deadline_exceeded' = 'model_failed') =>
  broken(() => Promise.reject(new SwitchyardError(code, 'it is broken')));
const hanging = () => broken(() => new Promise<PredictResult>(() => {}));
const answering = (answers: readonly Answer[]) =>
  broken(async () => ({ answers, modelMicros: 1, queueMicros: 0, batchRows: 1 }));

function serve(
  policy: Policy,
  models: Record<string, LoadedModel>,
  settings: { timeoutMs?: number } = {},
  revision = 1,
) {
  gateway.serve(
    {
      models: Object.fromEntries(Object.entries(models).map(([name, loaded]) => [name, served(name, loaded)])),
      endpoints: { e: servedEndpoint('e', policy, revision, settings) },
      keepWarm: [],
    },
    new Map(Object.entries(models).map(([name, loaded]) => [`${name}/1`, loaded])),
  );
}

const branch = (name: string) => ({ name, policy: { kind: 'model' as const, model: name, version: '1' } });
const ask = (rows = 1) =>
  gateway.predict('e', { instances: Array.from({ length: rows }, (_, index) => ({ score: index / 10 })) });
const predictions = () => gateway.log.records().filter((record): record is PredictionRecord => record.t === 'p');
const shadows = () => gateway.log.records().filter((record): record is ShadowRecord => record.t === 's');

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 300 && !condition(); attempt += 1)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

describe('an ensemble', () => {
  const ensemble = (over: Partial<Extract<Policy, { kind: 'ensemble' }>> = {}): Policy => ({
    kind: 'ensemble',
    method: 'soft_vote',
    members: [
      { ...branch('a'), weight: 3 },
      { ...branch('b'), weight: 1 },
    ],
    ...over,
  });

  it('answers with what its members make together, and writes each of them down', async () => {
    serve(ensemble(), { a: steady(0.9), b: steady(0.1) });
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(body.predictions).toEqual([
      {
        label: 1,
        score: expect.closeTo(0.7, 12),
        probabilities: { 0: expect.closeTo(0.3, 12), 1: expect.closeTo(0.7, 12) },
      },
    ]);
    expect(body.served).toEqual([{ model: 'ensemble:soft_vote', version: '', path: '' }]);
    expect(predictions()).toMatchObject([
      {
        status: 'ok',
        model: 'ensemble:soft_vote',
        decision: [{ node: '', kind: 'ensemble', chosen: 'soft_vote' }],
        members: [
          { name: 'a', role: 'member', model: 'a', version: '1', answer: { score: 0.9 } },
          { name: 'b', role: 'member', model: 'b', version: '1', answer: { score: 0.1 } },
        ],
      },
    ]);
  });

  it('asks each member once for all rows of a request, and keeps the rows apart', async () => {
    const a = createFakeModel({ features: SHOP_FEATURES, signature: shopSignature });
    serve(ensemble({ members: [branch('a'), branch('b')] }), { a, b: steady(0.5) });
    const { body } = await ask(5);
    const scores = (body.predictions as Answer[]).map(({ score }) => score);
    scores.forEach((score, index) => {
      expect(score).toBeCloseTo((index / 10 + 0.5) / 2, 12);
    });
    expect(a.batches.map((batch) => batch.length)).toEqual([5]);
  });

  it('says that votes were equal, and follows the rule for that', async () => {
    const voters = { a: steady(0.6), b: steady(0.1) };
    const tied = (tie: 'label_order' | 'confidence' | 'best_member') =>
      ensemble({ method: 'majority_vote', members: [branch('a'), branch('b')], tie, bestMember: 'a' });
    for (const [rule, label] of [
      ['label_order', 0],
      ['best_member', 1],
      ['confidence', 0],
    ] as const) {
      serve(tied(rule), voters);
      const { body } = await ask();
      expect(body.predictions, rule).toMatchObject([{ label, probabilities: { 0: 0.5, 1: 0.5 } }]);
    }
    expect(predictions()[0]?.decision[0]).toMatchObject({ reason: 'tie' });
  });

  it.each<[string, LoadedModel, string]>([
    ['fails', failing(), 'model_failed'],
    ['is not there', failing('model_unavailable'), 'model_unavailable'],
    ['hangs', hanging(), 'deadline_exceeded'],
    ['answers for the wrong number of rows', answering([pair(0.1), pair(0.2)]), 'model_failed'],
    ['answers without probabilities', answering([{ label: 1 }]), 'model_failed'],
    [
      'answers probabilities that are none',
      answering([{ label: 1, score: 7, probabilities: { 0: -6, 1: 7 } }]),
      'model_failed',
    ],
    ['answers other classes', answering([{ label: 'x', probabilities: { x: 1 } }]), 'model_failed'],
  ])('goes on without a member that %s, with the weights of the others', async (_, member, error) => {
    serve(ensemble({ minimumMembers: 1 }), { a: steady(0.9), b: member }, { timeoutMs: 400 });
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(body.predictions).toMatchObject([{ score: 0.9 }]);
    const [record] = predictions();
    expect(record?.members[1]).toMatchObject({ name: 'b', error });
    expect(record?.decision[0]?.reason).toBe(`without b (${error})`);
  });

  it('fails as one when too few members answer, and says why', async () => {
    serve(ensemble(), { a: steady(0.9), b: failing() });
    const { status, body } = await ask();
    expect(status).toBe(502);
    expect(body).toMatchObject({
      code: 'model_failed',
      detail: '1 of 2 members answered, at least 2 must (b: model_failed)',
    });
    expect(predictions()).toMatchObject([
      { status: 'error', error: 'model_failed', answer: {}, members: [{ name: 'a' }, { name: 'b' }] },
    ]);
  });

  it('keeps the deadline when every member must answer and one hangs', async () => {
    serve(ensemble(), { a: steady(0.9), b: hanging() }, { timeoutMs: 150 });
    const startedAt = performance.now();
    expect((await ask()).status).toBe(504);
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  });

  it('leaves out a member that takes longer than it may', async () => {
    serve(ensemble({ minimumMembers: 1, members: [branch('a'), { ...branch('b'), timeoutMs: 20 }] }), {
      a: steady(0.9),
      b: steady(0.1, { delayMs: 5_000, execution: 'worker' }),
    });
    expect((await ask()).body.predictions).toMatchObject([{ score: 0.9 }]);
  });

  it('stacks: a meta-model answers from what the members said', async () => {
    const meta = createFakeModel({
      features: [
        { name: 'a', type: 'number' },
        { name: 'b', type: 'number' },
      ],
      answer: ([a, b]) => pair((Number(a) * 2 + Number(b)) / 3),
    });
    serve(
      ensemble({ method: 'stacking', members: [branch('a'), branch('b')], meta: { model: 'meta', version: '1' } }),
      { a: steady(0.9), b: steady(0.3), meta },
    );
    const { body } = await ask();
    expect(body.predictions).toMatchObject([{ score: expect.closeTo(0.7, 12) }]);
    expect(meta.batches).toEqual([[[0.9, 0.3]]]);
  });
});

describe('a cascade', () => {
  const cascade: Policy = {
    kind: 'cascade',
    steps: [{ ...branch('cheap'), minimumConfidence: 0.8 }, branch('dear')],
  };

  it('takes the first answer that is sure enough', async () => {
    const dear = steady(0.4);
    serve(cascade, { cheap: steady(0.95), dear });
    expect((await ask()).body.served).toMatchObject([{ model: 'cheap', path: 'cheap' }]);
    expect(dear.batches).toEqual([]);
    serve(cascade, { cheap: steady(0.6), dear });
    expect((await ask()).body.served).toMatchObject([{ model: 'dear', path: 'dear' }]);
    expect(predictions()[1]).toMatchObject({
      decision: [{ kind: 'cascade', chosen: 'dear', reason: 'confidence 0.6000' }],
      members: [{ name: 'cheap', role: 'attempt', answer: { score: 0.6 } }],
    });
  });

  it('goes on when a step fails or hangs, within the deadline', async () => {
    for (const cheap of [failing(), hanging()]) {
      serve(cascade, { cheap, dear: steady(0.4) }, { timeoutMs: 400 });
      expect(await ask()).toMatchObject({ status: 200, body: { served: [{ model: 'dear' }] } });
    }
  });
});

describe('a fallback', () => {
  const fallback = (over: Partial<Extract<Policy, { kind: 'fallback' }>> = {}): Policy => ({
    kind: 'fallback',
    targets: [branch('first'), branch('second')],
    ...over,
  });

  it('asks the next target when one fails or hangs, and writes down that it did', async () => {
    for (const [first, error] of [
      [failing(), 'model_failed'],
      [hanging(), 'deadline_exceeded'],
    ] as const) {
      serve(fallback(), { first, second: steady(0.4) }, { timeoutMs: 400 });
      expect(await ask()).toMatchObject({ status: 200, body: { served: [{ model: 'second', path: 'second' }] } });
      expect(predictions().at(-1)).toMatchObject({
        decision: [{ kind: 'fallback', chosen: 'second', reason: `first: ${error}` }],
        members: [{ name: 'first', role: 'attempt', error }],
      });
    }
  });

  it('tells one clear error when nothing answers', async () => {
    serve(fallback(), { first: failing(), second: failing('model_unavailable') });
    expect(await ask()).toMatchObject({ status: 503, body: { code: 'model_unavailable' } });
  });

  it('asks again as often as it may, and no more than its budget', async () => {
    let asked = 0;
    const flaky = broken(async (rows) => {
      asked += 1;
      if (asked % 2 === 1) throw new SwitchyardError('model_failed', 'every other time');
      return { answers: rows.map(() => pair(0.2)), modelMicros: 1, queueMicros: 0, batchRows: 1 };
    });
    const policy = fallback({
      targets: [{ ...branch('first'), retries: 1 }],
      retryDelayMs: 1,
      retryBudget: 0.1,
      breaker: { failureShare: 1, minimumRequests: 1_000 },
    });
    serve(policy, { first: flaky });
    const statuses: number[] = [];
    for (let n = 0; n < 40; n += 1) statuses.push((await ask()).status);
    // Ten retries in reserve, then one for every ten requests.
    const refused = statuses.filter((status) => status !== 200).length;
    expect(statuses.slice(0, 10)).toEqual(new Array(10).fill(200));
    expect(refused).toBeGreaterThan(0);
    expect(gateway.metricsText()).toMatch(/switchyard_target_retries_total\{endpoint="e",path="first"\} 1[0-9]/);
  });

  it('does not hold it against a target that callers wait for less than it needs', async () => {
    const slow = broken(async (rows) => {
      await new Promise((resolve) => setTimeout(resolve, 600));
      return { answers: rows.map(() => pair(0.2)), modelMicros: 1, queueMicros: 0, batchRows: 1 };
    });
    const hurried = (over: object) =>
      fallback({ targets: [{ ...branch('first'), ...over }, branch('second')], breaker: { minimumRequests: 4 } });
    const served = async (headers: Record<string, string> = {}) =>
      (await gateway.predict('e', { instances: [{ score: 1 }] }, headers)).body.served as { model: string }[];
    serve(hurried({}), { first: slow, second: steady(0.4) });
    for (let n = 0; n < 5; n += 1) {
      expect(await served({ 'x-request-timeout-ms': '400' })).toMatchObject([{ model: 'second' }]);
    }
    expect(await served()).toMatchObject([{ model: 'first' }]);
    // Late by the target's own limit is late, however little the caller waits.
    serve(hurried({ timeoutMs: 10 }), { first: slow, second: steady(0.4) }, {}, 2);
    for (let n = 0; n < 5; n += 1) await served({ 'x-request-timeout-ms': '2000' });
    expect(predictions().at(-1)?.decision[0]?.reason).toBe('first: not asked, it keeps failing');
  });

  it.each<readonly [where: string, inside: (fallback: Policy) => Policy, at: (record: PredictionRecord) => unknown]>([
    [
      'the member of an ensemble',
      (policy) => ({
        kind: 'ensemble',
        method: 'soft_vote',
        minimumMembers: 1,
        members: [
          { ...branch('third'), weight: 1 },
          { name: 'inner', weight: 1, timeoutMs: 600, policy },
        ],
      }),
      ({ decision }) => decision[1]?.reason,
    ],
    [
      'the target of a fallback',
      (policy) => ({ kind: 'fallback', targets: [{ name: 'inner', timeoutMs: 600, policy }, branch('third')] }),
      ({ decision }) => decision[1]?.reason,
    ],
  ])(
    'holds it against a target that it is late by the time that %s may take, however little the caller waits',
    async (_where, inside, at) => {
      const slow = hanging();
      const policy = inside(fallback({ breaker: { minimumRequests: 4 } }));
      serve(policy, { first: slow, second: steady(0.4), third: steady(0.6) });
      const ask = () => gateway.predict('e', { instances: [{ score: 1 }] }, { 'x-request-timeout-ms': '5000' });
      for (let n = 0; n < 5; n += 1) expect((await ask()).status).toBe(200);
      expect(predictions().map(at)).toEqual([
        ...new Array(4).fill('first: deadline_exceeded'),
        'first: not asked, it keeps failing',
      ]);
    },
  );

  it.each([
    ['waits for less than the endpoint allows', '600', new Array(5).fill('first: deadline_exceeded')],
    [
      'has time enough',
      '5000',
      [...new Array(4).fill('first: deadline_exceeded'), 'first: not asked, it keeps failing'],
    ],
  ])(
    'holds the time limits of members against an ensemble that is a target, where the caller %s',
    async (_how, timeoutMs, reasons) => {
      const first: Policy = {
        kind: 'ensemble',
        method: 'soft_vote',
        members: [
          { ...branch('a'), weight: 1, timeoutMs: 400 },
          { ...branch('b'), weight: 1, timeoutMs: 400 },
        ],
      };
      const policy = fallback({
        targets: [{ name: 'first', policy: first }, branch('second')],
        breaker: { minimumRequests: 4 },
      });
      serve(policy, { a: hanging(), b: hanging(), second: steady(0.4) });
      for (let n = 0; n < 5; n += 1) {
        await gateway.predict('e', { instances: [{ score: 1 }] }, { 'x-request-timeout-ms': timeoutMs });
      }
      expect(predictions().map(({ decision }) => decision[0]?.reason)).toEqual(reasons);
    },
  );

  it('does not hold it against a target that rows are not what it takes', async () => {
    let isOdd = true;
    const picky = broken(async (rows) => {
      if (isOdd) throw new SwitchyardError('invalid_features', 'the number is too large for 32 bits');
      return { answers: rows.map(() => pair(0.2)), modelMicros: 1, queueMicros: 0, batchRows: 1 };
    });
    serve(fallback({ breaker: { minimumRequests: 4 } }), { first: picky, second: steady(0.4) });
    for (let n = 0; n < 6; n += 1) expect((await ask()).body.served).toMatchObject([{ model: 'second' }]);
    isOdd = false;
    expect((await ask()).body.served).toMatchObject([{ model: 'first' }]);
  });

  it('holds it against a target that its model is late by a limit of its own, which the caller had time for', async () => {
    serve(fallback({ breaker: { minimumRequests: 4 } }), {
      first: failing('deadline_exceeded'),
      second: steady(0.4),
    });
    const ask = () => gateway.predict('e', { instances: [{ score: 1 }] }, { 'x-request-timeout-ms': '5000' });
    for (let n = 0; n < 5; n += 1) expect((await ask()).status).toBe(200);
    expect(predictions().map(({ decision }) => decision[0]?.reason)).toEqual([
      ...new Array(4).fill('first: deadline_exceeded'),
      'first: not asked, it keeps failing',
    ]);
  });

  it('stops asking a target that keeps failing, tries it again later, and remembers across revisions', async () => {
    let asked = 0;
    let works = false;
    const first = broken(async (rows) => {
      asked += 1;
      if (!works) throw new SwitchyardError('model_failed', 'down');
      return { answers: rows.map(() => pair(0.2)), modelMicros: 1, queueMicros: 0, batchRows: 1 };
    });
    const policy = fallback({ breaker: { minimumRequests: 5, openSeconds: 1 } });
    serve(policy, { first, second: steady(0.4) });
    for (let n = 0; n < 20; n += 1) expect((await ask()).status).toBe(200);
    expect(asked).toBe(5);
    expect(predictions().at(-1)?.decision[0]?.reason).toBe('first: not asked, it keeps failing');
    expect(gateway.metricsText()).toContain('switchyard_target_open{endpoint="e",path="first"} 1');
    serve(policy, { first, second: steady(0.4) }, {}, 2);
    await ask();
    expect(asked).toBe(5);
    works = true;
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    for (let n = 0; n < 3; n += 1) await ask();
    expect(asked).toBe(8);
    expect((await ask()).body.served).toMatchObject([{ model: 'first' }]);
  });
});

describe('the breakers of targets', () => {
  const pairOf = (name: string): Policy => ({
    kind: 'fallback',
    targets: [branch(name), branch('last')],
    breaker: { minimumRequests: 3 },
  });
  const serveAll = (policies: Record<string, Policy>, first: LoadedModel): void => {
    const models = { first, second: steady(0.6), last: steady(0.4) };
    gateway.serve(
      {
        models: Object.fromEntries(Object.entries(models).map(([name, loaded]) => [name, served(name, loaded)])),
        endpoints: Object.fromEntries(
          Object.entries(policies).map(([name, policy]) => [name, servedEndpoint(name, policy, 1)]),
        ),
        keepWarm: [],
      },
      new Map(Object.entries(models).map(([name, loaded]) => [`${name}/1`, loaded])),
    );
  };
  const answeredBy = async (endpoint: string) =>
    ((await gateway.predict(endpoint, { instances: [{ score: 1 }] })).body.served as { model: string }[])[0]?.model;
  const openOf = (endpoint: string) =>
    gateway.metricsText().match(new RegExp(`switchyard_target_open{endpoint="${endpoint}",path="\\w+"} (\\d)`))?.[1];

  it('are one for each, however many targets there are and have been', async () => {
    // As many as metrics tell apart.
    const many = Array.from({ length: 5_000 }, (_, index) => ({ ...branch('last'), name: `t${index}` }));
    const policies = { broken: pairOf('first'), sound: pairOf('second') };
    serveAll({ many: { kind: 'fallback', targets: many }, ...policies }, failing());
    for (let n = 0; n < 4; n += 1) expect(await answeredBy('broken')).toBe('last');
    expect([openOf('broken'), openOf('sound')]).toEqual(['1', '0']);
    expect(await answeredBy('sound')).toBe('second');
    // What is known stays, and nothing of those that are gone.
    serveAll(policies, steady(0.9));
    expect(await answeredBy('broken')).toBe('last');
    expect([openOf('broken'), openOf('sound'), openOf('many')]).toEqual(['1', '0', undefined]);
  });

  it('begin anew when their rules change, or when their endpoint was gone', async () => {
    const trip = async (): Promise<void> => {
      serveAll({ broken: pairOf('first') }, failing());
      for (let n = 0; n < 3; n += 1) await answeredBy('broken');
      expect(openOf('broken')).toBe('1');
    };
    await trip();
    serveAll({ broken: { ...pairOf('first'), breaker: { minimumRequests: 4 } } as Policy }, steady(0.9));
    expect(await answeredBy('broken')).toBe('first');
    await trip();
    serveAll({ sound: pairOf('second') }, steady(0.9));
    serveAll({ broken: pairOf('first') }, steady(0.9));
    expect(await answeredBy('broken')).toBe('first');
  });
});

describe('a shadow', () => {
  const shadowed = (over: object = {}): Policy => ({
    kind: 'shadow',
    primary: branch('a').policy,
    shadows: [{ ...branch('b'), ...over }],
  });

  it('within a shadow is asked after it and written down under its name', async () => {
    const inner: Policy = { kind: 'shadow', primary: branch('b').policy, shadows: [branch('c')] };
    serve(
      { kind: 'shadow', primary: branch('a').policy, shadows: [{ name: 'outer', policy: inner }] },
      { a: steady(0.9), b: steady(0.1), c: steady(0.2) },
    );
    expect((await ask()).status).toBe(200);
    await until(() => shadows().length === 1);
    expect(shadows()[0]?.members).toMatchObject([
      { name: 'outer', role: 'shadow', model: 'b', answer: { score: 0.1 } },
      { name: 'outer/c', role: 'shadow', model: 'c', answer: { score: 0.2 } },
    ]);
    expect(shadows()).toHaveLength(1);
  });

  it('is asked after the answer, and logged beside it', async () => {
    serve(shadowed(), { a: steady(0.9), b: steady(0.1) });
    const { body } = await ask(2);
    expect(body.predictions).toMatchObject([{ score: 0.9 }, { score: 0.9 }]);
    expect(predictions()).toMatchObject([{ path: '', model: 'a', members: [] }, { members: [] }]);
    await until(() => shadows().length === 2);
    expect(shadows()[0]).toMatchObject({
      id: (body.ids as string[])[0],
      endpoint: 'e',
      members: [{ name: 'b', role: 'shadow', model: 'b', answer: { score: 0.1 } }],
    });
  });

  it.each<[string, LoadedModel, string]>([
    ['fails', failing(), 'model_failed'],
    ['hangs', hanging(), 'deadline_exceeded'],
    ['answers for the wrong number of rows', answering([]), 'model_failed'],
  ])('that %s costs the answer nothing', async (_, b, error) => {
    serve(shadowed({ timeoutMs: 100 }), { a: steady(0.9), b });
    expect((await ask()).status).toBe(200);
    await until(() => shadows().length === 1);
    expect(shadows()[0]?.members).toMatchObject([{ error }]);
  });

  it('that hangs holds no more than so many rows; the others are dropped and counted', async () => {
    serve(shadowed({ timeoutMs: 60_000 }), { a: steady(0.9), b: hanging() });
    for (let n = 0; n < 25; n += 1) expect((await ask(100)).status).toBe(200);
    await until(() =>
      gateway.metricsText().includes('switchyard_shadowed_rows_total{endpoint="e",outcome="dropped"} 500'),
    );
  });

  it('that is not loaded, or wants what the caller did not send, is left out', async () => {
    const b = createFakeModel({ features: [{ name: 'more', type: 'number' }], answer: () => pair(0.3) });
    serve(shadowed(), { a: steady(0.9), b });
    expect((await ask()).status).toBe(200);
    await until(() => shadows().length === 1);
    expect(shadows()[0]?.members).toMatchObject([{ name: 'b', error: 'invalid_features' }]);
    expect((await gateway.predict('e', { instances: [{ score: 1, more: 2 }] })).status).toBe(200);
    await until(() => shadows().length === 2);
    expect(shadows()[1]?.members).toMatchObject([{ name: 'b', answer: { score: 0.3 } }]);
    expect(predictions()[1]?.features).toMatchObject({ more: 2 });
  });
});

it('kinds nest: what is served and written down tells the whole way', async () => {
  const policy: Policy = {
    kind: 'rules',
    rules: [
      {
        name: 'all',
        when: 'true',
        policy: {
          kind: 'fallback',
          targets: [
            { name: 'best', policy: { kind: 'ensemble', method: 'soft_vote', members: [branch('a'), branch('b')] } },
            {
              name: 'rest',
              policy: {
                kind: 'split',
                arms: [
                  { name: 'left', weight: 0.5, policy: branch('c').policy },
                  { name: 'right', weight: 0.5, policy: branch('c').policy },
                ],
              },
            },
          ],
        },
      },
    ],
    otherwise: branch('c').policy,
  };
  serve(policy, { a: steady(0.9), b: failing(), c: steady(0.2) });
  expect((await ask()).status).toBe(200);
  const [record] = predictions();
  expect(record?.path).toMatch(/^all\/rest\/(left|right)$/);
  expect(record).toMatchObject({ model: 'c', propensity: 0.5 });
  expect(record?.decision.map(({ kind, node }) => [kind, node])).toEqual([
    ['rules', ''],
    ['fallback', 'all'],
    ['split', 'all/rest'],
  ]);
  expect(record?.members.map(({ name, role, error }) => [name, role, error])).toEqual([
    ['best', 'attempt', 'model_failed'],
    ['best/a', 'member', undefined],
    ['best/b', 'member', 'model_failed'],
  ]);
});
