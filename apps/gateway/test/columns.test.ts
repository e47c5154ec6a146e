import { type Policy, type PredictionRecord, SwitchyardError } from '@switchyard/contracts';
import { compilePolicy, decide } from '@switchyard/routing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFakeModel, type FakeModel } from './support/fake-model.ts';
import { createShop, model, served } from './support/shop.ts';
import { startTestGateway, type TestGateway } from './support/test-gateway.ts';

const ROWS = 60;
const features = ['x', 'y', 'z'].map((name) => ({ name, type: 'number' as const }));
const values = Float32Array.from({ length: ROWS * 3 }, (_, at) => ((at * 7) % 64) / 64);

const split: Policy = {
  kind: 'split',
  arms: [
    { name: 'left', weight: 0.5, policy: model('first') },
    {
      name: 'right',
      weight: 0.5,
      policy: {
        kind: 'split',
        salt: 'inner',
        arms: [
          { name: 'a', weight: 0.3, policy: model('second') },
          { name: 'b', weight: 0.7, policy: model('turned') },
        ],
      },
    },
  ],
};
const policies: Record<string, Policy> = {
  one: model('first'),
  turnedOnly: model('turned'),
  split,
  tiers: {
    kind: 'rules',
    rules: [{ name: 'gold', when: "segment.tier == 'gold'", policy: model('second') }],
    otherwise: split,
  },
  ruled: {
    kind: 'rules',
    rules: [{ name: 'large', when: 'features.x > 0.5', policy: model('second') }],
    otherwise: model('first'),
  },
  shadowed: {
    kind: 'shadow',
    primary: model('first'),
    shadows: [{ name: 'next', policy: model('second'), share: 1 }],
  },
};

let gateway: TestGateway;
let models: Record<'first' | 'second' | 'turned', FakeModel>;

/** Models of the same features; `turned` takes them in another order. */
function serve(
  takesColumns: boolean,
  settings: Parameters<typeof createShop>[0] = {},
  execution: 'inline' | 'worker' = 'inline',
): void {
  const answer = (bias: number) => (row: readonly unknown[]) => {
    const score = Math.min(1, (Number(row[0]) + bias) / 2);
    return { label: score > 0.5 ? 1 : 0, score, probabilities: { 0: 1 - score, 1: score } };
  };
  models = {
    first: createFakeModel({ features, takesColumns, execution, answer: answer(0) }),
    second: createFakeModel({ features, takesColumns, execution, answer: answer(0.5) }),
    turned: createFakeModel({ features: [...features].reverse(), takesColumns, answer: answer(0.25) }),
  };
  const shop = createShop({ ...settings, endpoints: policies });
  for (const [name, one] of Object.entries(models)) {
    Object.assign(shop.content.models, { [name]: served(name, one) });
    shop.loaded.set(`${name}/1`, one);
  }
  gateway.serve(shop.content, shop.loaded);
}

beforeEach(async () => {
  gateway = await startTestGateway();
});
afterEach(async () => {
  await gateway.close();
  expect(gateway.unforeseen).toEqual([]);
});

interface Sent {
  readonly data?: Float32Array | Float64Array;
  readonly parameters?: Record<string, string | number | boolean>;
  readonly outputs?: readonly { name: string }[];
  readonly asFeatures?: boolean;
}

async function send(endpoint: string, { data = values, parameters = {}, outputs, asFeatures = false }: Sent = {}) {
  const datatype = data instanceof Float32Array ? 'FP32' : 'FP64';
  const rows = data.length / 3;
  const columns = asFeatures
    ? features.map(({ name }, index) => ({ name, shape: [rows], part: data.filter((_, at) => at % 3 === index) }))
    : [{ name: 'input', shape: [rows, 3], part: data }];
  const head = Buffer.from(
    JSON.stringify({
      parameters: { ...parameters, binary_data_output: true },
      inputs: columns.map(({ name, shape, part }) => ({
        name,
        datatype,
        shape,
        parameters: { binary_data_size: part.byteLength },
      })),
      outputs,
    }),
  );
  const response = await gateway.call(`/v2/models/${endpoint}/infer`, {
    method: 'POST',
    body: Buffer.concat([
      head,
      ...columns.map(({ part }) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)),
    ]),
    headers: { 'inference-header-content-length': String(head.length), 'x-request-id': 'mine' },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const length = Number(response.headers.get('inference-header-content-length') ?? bytes.length);
  const json = JSON.parse(bytes.subarray(0, length).toString());
  return { status: response.status, json, rest: bytes.subarray(length), headers: response.headers };
}

const predictions = () => gateway.log.records().filter((record): record is PredictionRecord => record.t === 'p');

/** Without what is another every time. */
function comparable(records: readonly PredictionRecord[]) {
  return records.map(({ id: _id, at: _at, totalMicros: _total, ...rest }) => rest);
}

const cases: [string, string, Sent][] = [
  ['a model', 'one', {}],
  ['a model with its features in another order', 'turnedOnly', {}],
  ['one tensor a feature', 'one', { asFeatures: true }],
  ['64-bit floats', 'one', { data: Float64Array.from(values) }],
  ['some outputs', 'one', { outputs: [{ name: 'score' }, { name: 'label' }] }],
  ['a split with a unit', 'split', { parameters: { unit: 'user-7', 'context.hour': 3 } }],
  ['rules of segments', 'tiers', { parameters: { 'segment.tier': 'gold' } }],
  ['few rows', 'one', { data: values.slice(0, 9) }],
];

describe('rows of numbers, without an object for each', () => {
  it.each(cases)('are answered and logged as they are one by one: %s', async (_what, endpoint, sent) => {
    serve(false);
    const expected = await send(endpoint, sent);
    expect(expected.status).toBe(200);
    const logged = comparable(predictions());
    gateway.log.writes.length = 0;

    serve(true);
    const found = await send(endpoint, sent);
    expect(Object.values(models).reduce((sum, one) => sum + one.columnCalls.length, 0)).toBe(1);
    expect(found.status).toBe(200);
    expect(found.json.outputs).toEqual(expected.json.outputs);
    expect(found.rest).toEqual(expected.rest);
    expect(found.json.parameters.served).toBe(expected.json.parameters.served);
    expect(found.headers.get('x-switchyard-revision')).toBe(expected.headers.get('x-switchyard-revision'));
    expect(comparable(predictions())).toEqual(logged);
    const ids = JSON.parse(found.json.parameters.ids) as string[];
    expect(predictions().map(({ id }) => id)).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(gateway.log.writes.flat()).toHaveLength(ids.length === ROWS ? 1 : ids.length);
  });

  it('without a unit each go their own way, as their id says, and are answered in their order', async () => {
    serve(true);
    const { status, json, rest } = await send('split');
    expect(status).toBe(200);
    const ids = JSON.parse(json.parameters.ids) as string[];
    const servedBy = JSON.parse(json.parameters.served) as { model: string; path: string }[];
    const byId = new Map(predictions().map((record) => [record.id, record]));
    expect(byId.size).toBe(ROWS);
    const policy = compilePolicy(split, { salt: 'split', features });
    const scores = json.outputs.findIndex(({ name }: { name: string }) => name === 'score');
    const scoresAt = json.outputs
      .slice(0, scores)
      .reduce(
        (sum: number, one: { parameters: { binary_data_size: number } }) => sum + one.parameters.binary_data_size,
        0,
      );
    ids.forEach((id, row) => {
      const record = byId.get(id) as PredictionRecord;
      const decision = decide(policy, {
        features: {},
        segment: {},
        unit: '',
        context: {},
        requestId: id,
        atMs: record.at,
      });
      expect(record).toMatchObject({
        path: decision.path,
        decision: decision.steps,
        propensity: decision.propensity,
        features: { x: values[row * 3], y: values[row * 3 + 1], z: values[row * 3 + 2] },
        answer: { score: rest.readDoubleLE(scoresAt + row * 8) },
      });
      expect(servedBy[row]).toMatchObject({ path: decision.path, model: record.model });
      const own = record.model === 'turned' ? values[row * 3 + 2] : values[row * 3];
      const bias = { first: 0, second: 0.5, turned: 0.25 }[record.model] as number;
      expect(record.answer.score).toBe(Math.min(1, ((own as number) + bias) / 2));
    });
    expect(new Set(servedBy.map(({ path }) => path))).toEqual(new Set(['left', 'right/a', 'right/b']));
    for (const one of Object.values(models)) expect(one.columnCalls).toHaveLength(1);
  });

  it.each(['ruled', 'shadowed'])('are looked at one by one where the policy does: %s', async (endpoint) => {
    serve(true);
    expect((await send(endpoint)).status).toBe(200);
    expect(models.first.columnCalls).toEqual([]);
    expect(predictions()).toHaveLength(ROWS);
  });

  it.each([
    ['not a number', Number.NaN],
    ['infinite', Number.NEGATIVE_INFINITY],
  ])('are refused by row and feature when a value is %s', async (_what, wrong) => {
    serve(true);
    const { status, json } = await send('one', { data: values.with(3 * 5 + 1, wrong) });
    expect(status).toBe(400);
    expect(json.error).toContain("row 5, feature 'y'");
    expect(models.first.columnCalls).toEqual([]);
    expect(gateway.log.records()).toEqual([]);
  });

  it('that no 32-bit tensor can hold are refused', async () => {
    serve(true);
    const { status, json } = await send('one', { data: Float64Array.from(values).with(0, 1e39) });
    expect(status).toBe(400);
    expect(json.error).toContain("row 0, feature 'x'");
  });

  it.each([false, true])(
    'of 32 bits are for a model of 64 what the log says they are; by columns: %s',
    async (takesColumns) => {
      const wide = createFakeModel({
        features,
        takesColumns,
        signature: { inputs: [{ name: 'input', datatype: 'FP64', shape: [-1, 3] }] },
      });
      const shop = createShop({ endpoints: { one: policies.one as Policy } });
      Object.assign(shop.content.models, { first: served('first', wide) });
      shop.loaded.set('first/1', wide);
      gateway.serve(shop.content, shop.loaded);
      const data = Float32Array.from({ length: ROWS * 3 }, (_, at) => at / 10);
      expect((await send('one', { data })).status).toBe(200);
      expect(wide.columnCalls).toHaveLength(takesColumns ? 1 : 0);
      const asked = wide.batches.flat();
      expect(asked[1]).toEqual([0.3, 0.4, 0.5]);
      expect(predictions().map(({ features: { x, y, z } }) => [x, y, z])).toEqual(asked);
    },
  );

  it('of which a model fails are logged as failed, whoever else answered', async () => {
    serve(true);
    models.second.predictColumns = () => Promise.reject(new SwitchyardError('model_failed', 'broken'));
    const { status } = await send('split');
    expect(status).toBe(502);
    const records = predictions();
    expect(records).toHaveLength(ROWS);
    for (const record of records) {
      expect(record).toMatchObject({ status: 'error', error: 'model_failed', answer: {} });
      expect(Object.keys(record.features)).toEqual(['x', 'y', 'z']);
    }
    expect(gateway.metricsText()).toMatch(/switchyard_predictions_total\{[^}]*status="error"[^}]*\} \d+/);
  });

  it('that cannot be logged are refused, or answered where the endpoint says so', async () => {
    serve(true);
    gateway.log.isBroken = true;
    expect((await send('one')).status).toBe(503);
    serve(true, { settings: { onLogFailure: 'answer-unlogged' } });
    const { status, json } = await send('one');
    expect(status).toBe(200);
    expect(JSON.parse(json.parameters.ids)).toHaveLength(ROWS);
  });

  // Many rows of a model that otherwise runs in this thread may run in another.
  it.each(['worker', 'inline'] as const)(
    'that a slow model does not answer in time are told so and logged so (%s)',
    async (execution) => {
      serve(true, { settings: { timeoutMs: 30 } }, execution);
      models.first.pause();
      const { status } = await send('one');
      expect(status).toBe(504);
      expect(predictions()).toHaveLength(ROWS);
      expect(predictions()[0]).toMatchObject({
        status: 'error',
        error: 'deadline_exceeded',
        model: 'first',
        answer: {},
      });
      models.first.resume();
    },
  );
});
