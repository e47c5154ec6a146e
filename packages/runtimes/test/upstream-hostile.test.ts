import { SwitchyardError } from '@switchyard/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LoadedModel } from '../src/model-runtime.ts';
import { inspectUpstream, loadUpstreamModel } from '../src/upstream/index.ts';
import { type FakeModel, fakeModels } from './support/fake-models.ts';
import { type Answerer, type FakeUpstream, startFakeUpstream } from './support/fake-upstream.ts';

const byKind = (kind: FakeModel['kind']): FakeModel => {
  const found = fakeModels.find((model) => model.kind === kind);
  if (found === undefined) throw new Error(`there is no fake ${kind}`);
  return found;
};
const ROWS: [number, number][] = [
  [1, 3],
  [9, 1],
  [2, 2],
];
const opened: LoadedModel[] = [];
let server: FakeUpstream;
let model: FakeModel;
/** In place of what the fake model answers. */
let instead: Answerer;
let secrets: Record<string, string>;
const readSecret = (name: string) => secrets[name];

beforeEach(async () => {
  instead = () => undefined;
  secrets = {};
  server = await startFakeUpstream(
    (request) => model.isCall(request),
    (request) => instead(request) ?? model.answer(request, 'good'),
  );
});
afterEach(async () => {
  await server.close();
  await Promise.all(opened.splice(0).map((loaded) => loaded.close()));
});

async function load(kind: FakeModel['kind'], changes: Record<string, unknown> = {}): Promise<LoadedModel> {
  model = byKind(kind);
  const upstream = model.upstream(server.url, changes);
  const spec = { upstream, features: ['x', 'y'], labels: ['no', 'yes'] };
  const inspected = await inspectUpstream({ spec, task: 'binary', readSecret });
  if (!inspected.ok) throw new Error(inspected.reason);
  const loaded = await loadUpstreamModel({ upstream, signature: inspected.signature, readSecret });
  opened.push(loaded);
  return loaded;
}
async function failureOf(work: Promise<unknown>): Promise<SwitchyardError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!SwitchyardError.is(error)) throw new Error(`not a failure that can be told: ${String(error)}`);
  return error;
}
const answerCalls = (body: string): void => {
  instead = (request) => (model.isCall(request) ? { body } : undefined);
};
async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('answers that are not what they seem', () => {
  // As many values as three rows of two have, and the first row looks right.
  const ragged = '[[0.75,0.25],[0.1,0.9,0.5],[0.5]]';

  it('have rows that make up for each other', async () => {
    const tensorflow = await load('tensorflow-serving');
    answerCalls(`{"outputs":${ragged}}`);
    expect((await failureOf(tensorflow.predict(ROWS))).code).toBe('upstream_wrong_rows');
    const openInference = await load('open-inference');
    answerCalls(`{"outputs":[{"name":"p","datatype":"FP64","shape":[3,2],"data":${ragged}}]}`);
    expect((await failureOf(openInference.predict(ROWS))).code).toBe('upstream_wrong_rows');
  });

  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  it.each<[FakeModel['kind'], string, string]>([
    ['tensorflow-serving', 'no outputs', '{"outputs":null}'],
    ['tensorflow-serving', 'lists without end', `{"outputs":[${deep},${deep},${deep}]}`],
    [
      'open-inference',
      'lists without end',
      `{"outputs":[{"name":"p","datatype":"FP64","shape":[3,2],"data":[${deep}]}]}`,
    ],
    ['mlflow', 'lists without end', `{"predictions":[${deep},${deep},${deep}]}`],
    ['mlflow', 'lists without end in lists', `{"predictions":[[1,${deep}],[1,${deep}],[1,${deep}]]}`],
    ['torchserve', 'a text too long to be searched', `["${'\\n'.repeat(12_000_000)}",NaN]`],
  ])('are refused: %s with %s', async (kind, _what, body) => {
    const loaded = await load(kind, { responseMaximumBytes: 40_000_000, timeoutMs: 10_000 });
    answerCalls(body);
    expect((await failureOf(loaded.predict(ROWS))).code).toMatch(/^upstream_(?:unreadable|wrong_)/);
  });

  it.each<[FakeModel['kind'], string, string]>([
    ['open-inference', 'an error', `{"error":"one\\ntwo ${'x'.repeat(100_000)}"}`],
    [
      'open-inference',
      'another name',
      `{"outputs":[{"name":"${'p'.repeat(100_000)}","datatype":"FP64","shape":[3,2],"data":[]}]}`,
    ],
    [
      'open-inference',
      'another type',
      `{"outputs":[{"name":"p","datatype":"${'F\\n'.repeat(100_000)}","shape":[3,2],"data":[]}]}`,
    ],
    ['tensorflow-serving', 'an error', `{"error":"one\\ntwo ${'x'.repeat(100_000)}"}`],
  ])('are told in one short line: %s with %s', async (kind, _what, body) => {
    const loaded = await load(kind);
    answerCalls(body);
    const { message } = await failureOf(loaded.predict(ROWS));
    expect(message.length).toBeLessThan(1_100);
    expect(message).not.toMatch(/[\n\r]/);
  });

  it('are refused when they are metadata too', async () => {
    await load('tensorflow-serving');
    const tensor = { dtype: 'DT_FLOAT', tensor_shape: { dim: { size: '2' } } };
    const definition = { serving_default: { inputs: { x: tensor }, outputs: { p: tensor } } };
    const body = JSON.stringify({ metadata: { signature_def: { signature_def: definition } } });
    instead = ({ path }) => (path.endsWith('/metadata') ? { body } : undefined);
    const spec = { upstream: model.upstream(server.url), features: ['x', 'y'] };
    expect(await inspectUpstream({ spec, task: 'binary', readSecret })).toEqual({
      ok: false,
      reason: "The shape of 'x' is no list of dimensions.",
    });
  });
});

it.each(['mlflow', 'torchserve'] as const)('%s is never sent null for what JSON has no number for', async (kind) => {
  const loaded = await load(kind);
  const tensor = (name: string, value: number) => ({ name, datatype: 'FP64' as const, shape: [1], data: [value] });
  const calls = server.requests.filter(model.isCall).length;
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const { code, message } = await failureOf(loaded.infer([tensor('x', value), tensor('y', 1)]));
    expect([code, message]).toEqual(['invalid_request', expect.stringContaining(`The input 'x' holds ${value}`)]);
  }
  expect(server.requests.filter(model.isCall)).toHaveLength(calls);
  expect(loaded.remote?.counters.failures).toMatchObject({ request: 2 });
});

describe('connections', () => {
  it('are given back when one of several requests of a call fails while the others hang', async () => {
    const loaded = await load('torchserve', { body: 'row', maxConnections: 2, timeoutMs: 5_000 });
    server.fault = 'hang';
    instead = ({ path, body }) => {
      if (!path.startsWith('/predictions/')) return undefined;
      return body === '[1,3]' ? { status: 500, body: '{"message":"bad row"}' } : { body: '[0.9,0.1]' };
    };
    model = { ...model, isCall: ({ path, body }) => path.startsWith('/predictions/') && body === '[9,1]' };
    // Each would leave one of the two connections with a request that nobody waits for.
    const both: [number, number][] = [
      [9, 1],
      [1, 3],
    ];
    for (let n = 0; n < 3; n += 1) expect((await failureOf(loaded.predict(both))).code).toBe('upstream_failed');
    expect((await loaded.predict([[2, 2]])).answers).toHaveLength(1);
  });

  it('that end under a request are made anew, also while other calls make connections', async () => {
    const loaded = await load('open-inference', { maxConnections: 4 });
    await loaded.predict(ROWS);
    const before = server.connections;
    server.fault = 'end-later';
    server.faultsLeft = 1;
    const calls = Array.from({ length: 4 }, () => loaded.predict(ROWS));
    for (const { answers } of await Promise.all(calls)) expect(answers).toHaveLength(3);
    expect(server.connections).toBeGreaterThan(before);
    expect(loaded.remote?.counters.retries).toBe(1);
  });

  it('that break after an answer began are not tried again, though they had been kept', async () => {
    const loaded = await load('open-inference', { maxConnections: 1 });
    await loaded.predict(ROWS);
    server.fault = 'reset-in-body';
    server.faultsLeft = 1;
    expect((await failureOf(loaded.predict(ROWS))).code).toBe('upstream_disconnected');
    expect(loaded.remote?.counters).toMatchObject({ retries: 0, failures: { disconnected: 1 } });
  });
});

it('a model that was found to be another one is not asked until it is right, whatever probes say meanwhile', async () => {
  const loaded = await load('open-inference', { probeEveryMs: 100 });
  const state = () => loaded.remote?.health().state;
  const another = JSON.stringify({
    name: 'm',
    inputs: [{ name: 'z', datatype: 'FP32', shape: [-1, 2] }],
    outputs: [{ name: 'p', datatype: 'FP64', shape: [-1, 2] }],
  });
  let isReady = false;
  instead = ({ path }) => {
    if (path.endsWith('/ready') && !isReady) return { status: 503, body: '' };
    return path === '/v2/models/m' ? { body: another } : undefined;
  };
  await until(() => state() === 'down');
  isReady = true;
  await until(() => state() === 'mismatched');
  isReady = false;
  await until(() => state() === 'down');
  // Its answers would look right.
  const { code, message } = await failureOf(loaded.predict(ROWS));
  expect([code, message]).toEqual(['model_unavailable', expect.stringContaining("'z', which is not registered")]);
  instead = () => undefined;
  await until(() => state() === 'up');
  expect((await loaded.predict(ROWS)).answers).toHaveLength(3);
});
