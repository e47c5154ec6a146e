import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LoadedModel } from '../src/model-runtime.ts';
import { inspectUpstream, loadUpstreamModel } from '../src/upstream/index.ts';
import { fakeGrpcModels } from './support/fake-grpc.ts';
import { fakeModels } from './support/fake-models.ts';
import { type Answerer, type FakeRequest, type FakeUpstream, startFakeUpstream } from './support/fake-upstream.ts';

const [model] = fakeModels;
if (model === undefined) throw new Error('there are fake models');
const ROWS = [[1, 3]];
let server: FakeUpstream;
let loaded: LoadedModel;
/** In place of what the fake model answers. */
let instead: Answerer;
let secrets: Record<string, string>;
const readSecret = (name: string) => secrets[name];

const start = async (changes: Record<string, unknown> = {}): Promise<void> => {
  const upstream = model.upstream(server.url, { probeEveryMs: 100, ...changes });
  const spec = { upstream, features: ['x', 'y'], labels: ['no', 'yes'] };
  const inspected = await inspectUpstream({ spec, task: 'binary', readSecret });
  if (!inspected.ok) throw new Error(inspected.reason);
  loaded = await loadUpstreamModel({ upstream, signature: inspected.signature, readSecret });
};
const health = () => loaded.remote?.health();
const until = async (state: string): Promise<void> => {
  const deadline = performance.now() + 10_000;
  while (health()?.state !== state) {
    if (performance.now() > deadline) throw new Error(`never ${state}, but ${JSON.stringify(health())}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

beforeEach(async () => {
  instead = () => undefined;
  secrets = {};
  server = await startFakeUpstream(model.isCall, (request) => instead(request) ?? model.answer(request, 'good'));
});
afterEach(async () => {
  await loaded.close();
  await server.close();
});

describe('the health of a model server', () => {
  it('is up with the time since when, and the latency of the probe', async () => {
    const before = Date.now();
    await start();
    expect(health()).toMatchObject({ state: 'up', kind: 'open-inference', url: server.url, lastError: null });
    expect(Date.parse(health()?.since ?? '')).toBeGreaterThanOrEqual(before);
    expect(health()?.latencyMicros).toBeGreaterThan(0);
  });

  it('goes down and up with the probes, and remembers the last error', async () => {
    await start();
    instead = ({ path }) => (path.endsWith('/ready') ? { status: 503, body: '{"error":"loading"}' } : undefined);
    await until('down');
    expect(health()?.lastError).toMatch(/503.*loading/);
    const { since } = health() ?? {};
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(health()?.since).toBe(since);
    instead = () => undefined;
    await until('up');
    expect(health()).toMatchObject({ lastError: expect.stringMatching(/loading/) });
    expect(loaded.remote?.counters.failedProbes).toBeGreaterThan(0);
  });

  it('is mismatched when the server comes back with another model, whose answers nobody gets', async () => {
    await start();
    const another = JSON.stringify({
      name: 'm',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
      outputs: [{ name: 'p', datatype: 'FP64', shape: [-1, 2] }],
    });
    instead = ({ path }) => (path.endsWith('/ready') ? { status: 503, body: '' } : undefined);
    await until('down');
    instead = ({ path }) => (path === '/v2/models/m' ? { body: another } : undefined);
    await until('mismatched');
    const calls = server.requests.filter(model.isCall).length;
    await expect(loaded.predict(ROWS)).rejects.toMatchObject({
      code: 'model_unavailable',
      message: expect.stringContaining('[-1, 3], not [-1, 2] as registered'),
    });
    expect(server.requests.filter(model.isCall)).toHaveLength(calls);
    instead = () => undefined;
    await until('up');
    expect((await loaded.predict(ROWS)).answers).toHaveLength(1);
  });

  it('is not waited for when the server hangs', async () => {
    await start();
    await loaded.close();
    const upstream = model.upstream(server.url, { timeoutMs: 60_000 });
    server.hangs = true;
    const startedAt = performance.now();
    loaded = await loadUpstreamModel({ upstream, signature: loaded.signature, readSecret });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(health()?.state).toBe('unknown');
  });

  it('is no longer asked for after closing', async () => {
    await start();
    await loaded.close();
    const { length } = server.requests;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(server.requests).toHaveLength(length);
  });

  it('lets calls under way finish when it is closed', async () => {
    await start();
    const call = loaded.predict(ROWS);
    const [result] = await Promise.all([call, loaded.close()]);
    expect(result.answers).toHaveLength(1);
  });
});

describe('a bearer token', () => {
  it('is read from its variable, and sent with probes and calls', async () => {
    secrets.SWITCHYARD_UPSTREAM_TOKEN = 'open-sesame';
    await start({ bearerTokenVariable: 'SWITCHYARD_UPSTREAM_TOKEN' });
    await loaded.predict(ROWS);
    expect(new Set(server.requests.map(({ headers }) => headers.authorization))).toEqual(
      new Set(['Bearer open-sesame']),
    );
  });

  it('that is not there is told, and nothing is asked without it', async () => {
    secrets.SWITCHYARD_UPSTREAM_TOKEN = 'open-sesame';
    await start({ bearerTokenVariable: 'SWITCHYARD_UPSTREAM_TOKEN' });
    await loaded.close();
    secrets = {};
    const upstream = model.upstream(server.url, { bearerTokenVariable: 'SWITCHYARD_UPSTREAM_TOKEN' });
    loaded = await loadUpstreamModel({ upstream, signature: loaded.signature, readSecret });
    expect(health()).toMatchObject({
      state: 'mismatched',
      lastError: 'The environment variable SWITCHYARD_UPSTREAM_TOKEN is not set.',
    });
    await expect(loaded.predict(ROWS)).rejects.toMatchObject({ code: 'model_unavailable' });
  });

  const variable = { bearerTokenVariable: 'SWITCHYARD_UPSTREAM_TOKEN' };

  it('may end with a line break, as in files, over REST and gRPC', async () => {
    secrets.SWITCHYARD_UPSTREAM_TOKEN = 'open-sesame\n';
    await start(variable);
    await loaded.predict(ROWS);
    expect(server.requests.at(-1)?.headers.authorization).toBe('Bearer open-sesame');
    const [fake] = fakeGrpcModels;
    const grpc = await fake?.start();
    if (fake === undefined || grpc === undefined) throw new Error('there are fake models');
    const upstream = fake.upstream(grpc.url, variable);
    const overGrpc = await loadUpstreamModel({ upstream, signature: loaded.signature, readSecret });
    expect((await overGrpc.predict(ROWS)).answers).toHaveLength(1);
    await grpc.close();
    await overGrpc.close();
  });

  it.each([
    ['is not there', undefined, 'is not set'],
    ['is empty', ' \n', 'is empty'],
    ['no header can carry', 'open\nsesame', 'holds characters that no header can carry'],
  ])('that %s is told without it, whatever the server says to that', async (_what, token, problem) => {
    secrets.SWITCHYARD_UPSTREAM_TOKEN = 'open-sesame';
    await start(variable);
    await loaded.close();
    secrets = token === undefined ? {} : { SWITCHYARD_UPSTREAM_TOKEN: token };
    instead = () => ({ status: 401, body: '{"error":"who are you?"}' });
    const reason = `The environment variable SWITCHYARD_UPSTREAM_TOKEN ${problem}.`;
    for (const [url, protocol] of [
      [server.url, 'rest'],
      [server.url.replace('http', 'grpc'), 'grpc'],
    ] as const) {
      await loaded.close();
      const upstream = model.upstream(url, { ...variable, protocol });
      expect(await inspectUpstream({ spec: { upstream }, task: 'binary', readSecret })).toEqual({ ok: false, reason });
      loaded = await loadUpstreamModel({ upstream, signature: loaded.signature, readSecret });
      expect(health()).toMatchObject({ state: 'mismatched', lastError: reason });
    }
  });

  it('is not repeated when the server repeats it', async () => {
    secrets.SWITCHYARD_UPSTREAM_TOKEN = 'open-sesame';
    await start(variable);
    instead = ({ headers }) => ({ status: 401, body: `{"error":"I do not know '${headers.authorization}'"}` });
    const message = "The model server answered 401: I do not know 'Bearer (token)'";
    await expect(loaded.predict(ROWS)).rejects.toMatchObject({ code: 'upstream_refused', message });
    await until('down');
    expect(health()?.lastError).toBe(message);
  });
});

describe('tensors of a caller', () => {
  it("go to the server as they are, and the server's own come back", async () => {
    await start();
    const x = { name: 'x', datatype: 'FP32' as const, shape: [2, 2], data: [1, 3, 9, 1] };
    const { outputs, batchRows } = await loaded.infer([x]);
    expect(batchRows).toBe(2);
    expect(outputs).toMatchObject([{ name: 'p', datatype: 'FP64', shape: [2, 2] }]);
    expect([...((outputs[0]?.data ?? []) as number[])].map((value) => Math.round(value * 100))).toEqual([
      75, 25, 10, 90,
    ]);
    await expect(loaded.infer([{ ...x, datatype: 'FP64' }])).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(loaded.infer([x], ['q'])).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('come back beside what is said once for all rows', async () => {
    const once = [
      { name: 'classes', datatype: 'INT64', shape: [2] },
      { name: 'threshold', datatype: 'FP64', shape: [] },
    ];
    const metadata = {
      name: 'm',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
      outputs: [{ name: 'p', datatype: 'FP64', shape: [-1, 2] }, ...once],
    };
    const answer = (request: FakeRequest, classes: number[]) => {
      const body = JSON.parse(model.answer(request, 'good')?.body ?? '') as { outputs: object[] };
      const outputs = [
        ...body.outputs,
        { ...once[0], shape: [classes.length], data: classes },
        { ...once[1], data: [0.5] },
      ];
      return { body: JSON.stringify({ ...body, outputs }) };
    };
    let classes = [10, 20];
    instead = (request) => {
      if (request.path === '/v2/models/m') return { body: JSON.stringify(metadata) };
      return model.isCall(request) ? answer(request, classes) : undefined;
    };
    await start({ roles: { probabilities: 'p' } });
    expect((await loaded.predict([...ROWS, ...ROWS, ...ROWS])).answers).toHaveLength(3);
    const x = { name: 'x', datatype: 'FP32' as const, shape: [3, 2], data: [1, 3, 9, 1, 2, 2] };
    const { outputs } = await loaded.infer([x]);
    expect(outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['p', [3, 2]],
      ['classes', [2]],
      ['threshold', []],
    ]);
    classes = [10];
    await expect(loaded.infer([x])).rejects.toMatchObject({ code: 'upstream_wrong_rows' });
  });

  it('are waited for no longer than the caller wants, and hold no connection after that', async () => {
    await start({ timeoutMs: 60_000 });
    server.fault = 'hang';
    const x = { name: 'x', datatype: 'FP32' as const, shape: [1, 2], data: [1, 3] };
    await expect(loaded.infer([x], undefined, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(loaded.remote?.counters.failures).toMatchObject({ timeout: 1 });
    expect(loaded.remote?.pool()).toMatchObject({ inUse: 0, waiting: 0 });
  });
});
