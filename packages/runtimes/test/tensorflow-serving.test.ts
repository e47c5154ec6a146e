import { type Upstream, upstreamSchema } from '@switchyard/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import type { LoadedModel } from '../src/model-runtime.ts';
import { inspectUpstream, loadUpstreamModel } from '../src/upstream/index.ts';
import { type FakeUpstream, startFakeUpstream } from './support/fake-upstream.ts';

/**
 * Exchanges as TensorFlow Serving's own documentation of its REST API has them, and what its code adds: bare NaN, texts
 * as base64, versions and labels in the path, versions as texts. The server is in no package registry.
 */
const dim = (size: string) => ({ size, name: '' });
const tensor = (dtype: string, name: string, ...sizes: string[]) => ({
  dtype,
  tensor_shape: { dim: sizes.map(dim), unknown_rank: false },
  name,
});
const metadata = (signatures: Record<string, unknown>) =>
  JSON.stringify({
    model_spec: { name: 'half_plus_two', signature_name: '', version: '123' },
    metadata: { signature_def: { signature_def: signatures } },
  });
const halfPlusTwo = {
  serving_default: {
    inputs: { x: tensor('DT_FLOAT', 'x:0', '-1', '1') },
    outputs: { y: tensor('DT_FLOAT', 'y:0', '-1', '1') },
    method_name: 'tensorflow/serving/predict',
  },
};
const available = JSON.stringify({
  model_version_status: [{ version: '123', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } }],
});

let server: FakeUpstream;
const opened: LoadedModel[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((model) => model.close()));
  await server.close();
});

interface World {
  readonly signatures: Record<string, unknown>;
  readonly answer: string;
  readonly path?: string;
  readonly status?: string;
}
const serve = async ({ signatures, answer, path = '/v1/models/half_plus_two', status = available }: World) => {
  server = await startFakeUpstream(
    () => false,
    (request) => {
      if (request.path === path) return { body: status };
      if (request.path === `${path}/metadata`) return { body: metadata(signatures) };
      if (request.path === `${path}:predict`) return { body: answer };
      return { status: 404, body: '{"error":"Servable not found for request: Latest(half_plus_three)"}' };
    },
  );
};
const upstreamOf = (changes: Record<string, unknown> = {}): Upstream =>
  upstreamSchema.parse({
    kind: 'tensorflow-serving',
    protocol: 'rest',
    url: server.url,
    model: 'half_plus_two',
    probeEveryMs: 60_000,
    ...changes,
  });
const inspect = (
  task: 'regression' | 'multiclass' | 'binary',
  changes: Record<string, unknown> = {},
  spec: { features?: string[]; labels?: (string | number)[] } = {},
) => inspectUpstream({ spec: { upstream: upstreamOf(changes), ...spec }, task, readSecret: () => undefined });
const load = async (...given: Parameters<typeof inspect>): Promise<LoadedModel> => {
  const inspected = await inspect(...given);
  if (!inspected.ok) throw new Error(inspected.reason);
  const loaded = await loadUpstreamModel({
    upstream: upstreamOf(given[1]),
    signature: inspected.signature,
    readSecret: () => undefined,
  });
  opened.push(loaded);
  return loaded;
};

describe('TensorFlow Serving over REST', () => {
  it('answers the example of its documentation, in columns', async () => {
    await serve({ signatures: halfPlusTwo, answer: '{\n    "outputs": [[2.5], [3.0], [4.5]]\n}' });
    const model = await load('regression');
    expect((await model.predict([[1], [2], [5]])).answers).toEqual([{ value: 2.5 }, { value: 3 }, { value: 4.5 }]);
    expect(JSON.parse(server.requests.at(-1)?.body ?? '')).toEqual({
      signature_name: 'serving_default',
      inputs: { x: [[1], [2], [5]] },
    });
  });

  it.each([
    [{ version: '123' }, '/v1/models/half_plus_two/versions/123'],
    [{ versionLabel: 'stable' }, '/v1/models/half_plus_two/labels/stable'],
  ])('addresses %j', async (changes, path) => {
    await serve({ signatures: halfPlusTwo, answer: '{"outputs": [[2.5]]}', path });
    expect((await (await load('regression', changes)).predict([[1]])).answers).toEqual([{ value: 2.5 }]);
  });

  it('reads several outputs, texts as base64, and numbers in any spelling', async () => {
    await serve({
      signatures: {
        classify_rows: {
          inputs: { a: tensor('DT_DOUBLE', 'a:0', '-1'), b: tensor('DT_STRING', 'b:0', '-1') },
          outputs: {
            scores: tensor('DT_FLOAT', 'scores:0', '-1', '3'),
            class_bytes: tensor('DT_STRING', 'class:0', '-1'),
            count: tensor('DT_INT64', 'count:0', '-1'),
          },
        },
      },
      answer:
        '{"outputs":{"scores":[[1e-01,0.2,0.7],[9.0e-1,0.1,0.0]],"class_bytes":[{"b64":"cmVk"},{"b64":"Z3LDvG4="}],"count":[9007199254740993,2]}}',
    });
    const roles = { probabilities: 'scores', label: 'class_bytes' };
    const model = await load(
      'multiclass',
      { signatureName: 'classify_rows', roles },
      { labels: ['grün', 'blue', 'red'] },
    );
    const { answers } = await model.predict([
      [1, 'x'],
      [2, 'y'],
    ]);
    expect(answers.map(({ label, score }) => [label, score])).toEqual([
      ['red', Math.fround(0.7)],
      ['grün', 0],
    ]);
    expect(JSON.parse(server.requests.at(-1)?.body ?? '').inputs).toEqual({ a: [1, 2], b: ['x', 'y'] });
    const { outputs } = await model.infer(
      [
        { name: 'a', datatype: 'FP64', shape: [2], data: [1, 2] },
        { name: 'b', datatype: 'BYTES', shape: [2], data: ['x', 'y'] },
      ],
      ['count'],
    );
    expect(outputs[0]?.data).toEqual(BigInt64Array.of(9007199254740993n, 2n));
  });

  it('never answers NaN as a value', async () => {
    await serve({ signatures: halfPlusTwo, answer: '{"outputs": [[NaN], [1.0]]}' });
    const model = await load('regression');
    await expect(model.predict([[1], [2]])).rejects.toMatchObject({
      code: 'upstream_wrong_types',
      message: "The output 'y' is NaN for a row, not a number.",
    });
  });

  it('says what is wrong with a model or signature that is not there', async () => {
    await serve({ signatures: halfPlusTwo, answer: '' });
    expect(await inspect('regression', { model: 'half_plus_three' })).toEqual({
      ok: false,
      reason: 'The model server answered 404: Servable not found for request: Latest(half_plus_three)',
    });
    expect(await inspect('regression', { signatureName: 'other' })).toMatchObject({
      ok: false,
      reason: expect.stringContaining("no signature 'other', but 'serving_default'"),
    });
    expect(await inspect('binary')).toMatchObject({ ok: true, signature: { roles: { probabilities: 'y' } } });
  });

  it('is not ready while no version is available', async () => {
    const status = available.replace('AVAILABLE', 'LOADING');
    await serve({ signatures: halfPlusTwo, answer: '', status });
    await expect(inspect('regression')).rejects.toMatchObject({ code: 'upstream_overloaded' });
  });
});
