import { type Upstream, upstreamSchema } from '@switchyard/contracts';
import type { FakeRequest } from './fake-upstream.ts';

/** What the fake model answers for its rows: wrong in one way or another. */
export type Shape =
  | 'good'
  | 'fewer-rows'
  | 'more-rows'
  | 'no-rows'
  | 'texts'
  | 'not-a-number'
  | 'no-output'
  | 'wrong-width';

/**
 * A binary model of the features x and y whose probability of the second class is x / (x + y), spoken in the dialect of
 * one kind of server.
 */
export interface FakeModel {
  readonly kind: Upstream['kind'];
  upstream(url: string, changes?: Record<string, unknown>): Upstream;
  isCall(request: FakeRequest): boolean;
  answer(request: FakeRequest, shape: Shape): { status?: number; body: string } | undefined;
}

export const probabilityOf = ([x, y]: readonly [number, number]): number => x / (x + y);

/** A list of rows [1 - p, p], made wrong as asked, as JSON. NaN is written the way Python writes it. */
function answersJson(rows: readonly (readonly [number, number])[], shape: Shape): string {
  const all = rows.map((row) => [1 - probabilityOf(row), probabilityOf(row)]);
  const shaped: Record<Shape, unknown[]> = {
    good: all,
    'fewer-rows': all.slice(1),
    'more-rows': [...all, [0.5, 0.5]],
    'no-rows': [],
    texts: all.map((row) => row.map(String)),
    'not-a-number': all.map((row, index) => (index === 0 ? ['NaN!', row[1]] : row)),
    'no-output': all,
    'wrong-width': all.map((row) => [...row, 0]),
  };
  return JSON.stringify(shaped[shape]).replaceAll('"NaN!"', 'NaN');
}

const parsed = (given: Record<string, unknown>): Upstream =>
  upstreamSchema.parse({ timeoutMs: 600, probeEveryMs: 60_000, responseMaximumBytes: 1_000_000, ...given });

const pairs = (flat: readonly number[]): [number, number][] =>
  Array.from({ length: flat.length / 2 }, (_, index) => [flat[2 * index] as number, flat[2 * index + 1] as number]);

const openInference: FakeModel = {
  kind: 'open-inference',
  upstream: (url, changes) => parsed({ kind: 'open-inference', protocol: 'rest', url, model: 'm', ...changes }),
  isCall: ({ path }) => path.endsWith('/infer'),
  answer({ path, body }, shape) {
    if (path === '/v2/models/m/ready') return { body: '' };
    if (path === '/v2/models/m') {
      const inputs = [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }];
      return {
        body: JSON.stringify({ name: 'm', inputs, outputs: [{ name: 'p', datatype: 'FP64', shape: [-1, 2] }] }),
      };
    }
    if (path !== '/v2/models/m/infer') return undefined;
    const request = JSON.parse(body) as { id: string; inputs: { data: number[] }[] };
    const rows = answersJson(pairs(request.inputs[0]?.data ?? []), shape);
    const nested = rows.replaceAll('NaN', '0');
    const [first] = JSON.parse(nested) as number[][];
    const dims = [(JSON.parse(nested) as unknown[]).length, first?.length ?? 2];
    const name = shape === 'no-output' ? 'q' : 'p';
    return {
      body: `{"model_name":"m","id":"${request.id}","outputs":[{"name":"${name}","datatype":"FP64","shape":[${dims}],"data":${rows}}]}`,
    };
  },
};

const tensorflowServing: FakeModel = {
  kind: 'tensorflow-serving',
  upstream: (url, changes) => parsed({ kind: 'tensorflow-serving', protocol: 'rest', url, model: 'm', ...changes }),
  isCall: ({ path }) => path.endsWith(':predict'),
  answer({ path, body }, shape) {
    if (path === '/v1/models/m') {
      const status = { error_code: 'OK', error_message: '' };
      return { body: JSON.stringify({ model_version_status: [{ version: '3', state: 'AVAILABLE', status }] }) };
    }
    if (path === '/v1/models/m/metadata') {
      const tensor = (name: string) => ({
        dtype: 'DT_FLOAT',
        tensor_shape: {
          dim: [
            { size: '-1', name: '' },
            { size: '2', name: '' },
          ],
          unknown_rank: false,
        },
        name: `${name}:0`,
      });
      const definition = {
        inputs: { x: tensor('x') },
        outputs: { p: tensor('p') },
        method_name: 'tensorflow/serving/predict',
      };
      const model_spec = { name: 'm', signature_name: '', version: '3' };
      return {
        body: JSON.stringify({
          model_spec,
          metadata: { signature_def: { signature_def: { serving_default: definition } } },
        }),
      };
    }
    if (path !== '/v1/models/m:predict') return undefined;
    const request = JSON.parse(body) as { inputs: { x: [number, number][] } };
    const rows = answersJson(request.inputs.x, shape);
    return { body: shape === 'no-output' ? `{"outputs":{"q":${rows}}}` : `{"outputs":${rows}}` };
  },
};

const torchserve: FakeModel = {
  kind: 'torchserve',
  upstream: (url, changes) => parsed({ kind: 'torchserve', protocol: 'rest', url, model: 'm', ...changes }),
  isCall: ({ path }) => path.startsWith('/predictions/'),
  answer({ path, body }, shape) {
    if (path === '/ping') return { body: '{"status":"Healthy"}' };
    if (path !== '/predictions/m') return undefined;
    const rows = answersJson(JSON.parse(body) as [number, number][], shape);
    return { body: shape === 'no-output' ? rows.replace(/\[([^[\]]+)\]/g, '{"q":[$1]}') : rows };
  },
};

const mlflow: FakeModel = {
  kind: 'mlflow',
  upstream: (url, changes) => parsed({ kind: 'mlflow', url, ...changes }),
  isCall: ({ path }) => path === '/invocations',
  answer({ path, body }, shape) {
    if (path === '/health') return { body: '\n' };
    if (path !== '/invocations') return undefined;
    const { dataframe_split: table } = JSON.parse(body) as { dataframe_split: { data: [number, number][] } };
    const rows = answersJson(table.data, shape);
    return { body: shape === 'no-output' ? `{"answers":${rows}}` : `{"predictions":${rows}}` };
  },
};

export const fakeModels: readonly FakeModel[] = [openInference, tensorflowServing, torchserve, mlflow];
