import type { ModelVersion, PlatformStatus, PredictionDetail } from '@switchyard/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeModels, probabilityOf } from '../../packages/runtimes/test/support/fake-models.ts';
import { type FakeUpstream, startFakeUpstream } from '../../packages/runtimes/test/support/fake-upstream.ts';
import {
  api,
  freshConfig,
  predict,
  type RunningPlatform,
  removeDataDirectory,
  runPlatform,
  waitFor,
  waitUntilServed,
} from './harness.ts';

const model = fakeModels.find(({ kind }) => kind === 'open-inference');
if (model === undefined) throw new Error('there is a fake of the Open Inference Protocol');
const instances = [
  { x: 1, y: 3 },
  { x: 9, y: 1 },
];
const RULE = `
  export default function predict(rows: { x: number; y: number }[]) {
    if (rows.some(({ x }) => x === 666)) for (;;);
    return rows.map(({ x, y }) => (x > y ? 'yes' : 'no'));
  }
`;
let platform: RunningPlatform;
let fake: FakeUpstream;

beforeAll(async () => {
  fake = await startFakeUpstream(model.isCall, (request) => model.answer(request, 'good'));
  platform = await runPlatform(await freshConfig());
  await api(platform, '/models', { method: 'POST', body: { name: 'remote', task: 'binary' } });
  await api<ModelVersion>(platform, '/models/remote/versions', {
    method: 'POST',
    body: {
      upstream: {
        kind: 'open-inference',
        protocol: 'rest',
        url: fake.url,
        model: 'm',
        timeoutMs: 500,
        probeEveryMs: 200,
      },
      features: ['x', 'y'],
      labels: ['no', 'yes'],
    },
  });
  await api(platform, '/models', { method: 'POST', body: { name: 'rule', task: 'binary' } });
  const form = new FormData();
  form.append('spec', JSON.stringify({ format: 'javascript', features: ['x', 'y'], labels: ['no', 'yes'] }));
  form.append('artifact', new Blob([RULE]), 'rule.ts');
  const uploaded = await fetch(`${platform.controlUrl}/api/v1/models/rule/versions`, { method: 'POST', body: form });
  expect([uploaded.status, await uploaded.text()]).toEqual([201, expect.stringContaining('"javascript"')]);
  for (const name of ['remote', 'rule']) {
    const policy = { kind: 'model', model: name, version: '1' };
    await api(platform, `/endpoints/${name}`, { method: 'PUT', body: { policy } });
    await waitUntilServed(platform, name);
  }
});

afterAll(async () => {
  await platform?.stop();
  await fake.close();
  if (platform !== undefined) removeDataDirectory(platform.config);
});

const statusOf = async (endpoint: string, rows: unknown): Promise<[number, string]> => {
  const response = await fetch(`${platform.gatewayUrl}/v1/models/${endpoint}:predict`, {
    method: 'POST',
    body: JSON.stringify({ instances: rows }),
  });
  const body = (await response.json()) as { code?: string };
  return [response.status, body.code ?? ''];
};
const upstreamState = async (): Promise<string | undefined> => {
  const { gateways } = await api<PlatformStatus>(platform, '/status');
  return gateways[0]?.models.find(({ model: name }) => name === 'remote')?.upstream?.state;
};

describe('an endpoint whose model another server runs', () => {
  it('answers, logs, counts and tells how the server is', async () => {
    const { predictions, ids } = await predict(platform, 'remote', { instances });
    expect(predictions.map(({ label }) => label)).toEqual(['no', 'yes']);
    expect(predictions[1]?.score).toBeCloseTo(probabilityOf([9, 1]), 6);
    const detail = await waitFor('the record', () => api<PredictionDetail>(platform, `/predictions/${ids[0]}`));
    expect(detail).toMatchObject({ model: 'remote', version: '1', status: 'ok', answer: { label: 'no' } });
    const metrics = await (await fetch(`${platform.gatewayUrl}/metrics`)).text();
    expect(metrics).toContain('switchyard_upstream_up{model="remote",version="1"} 1');
    expect(metrics).toMatch(/switchyard_upstream_rows_total\{model="remote",version="1"\} [1-9]/);
    expect(metrics).toContain('switchyard_upstream_call_seconds_bucket{model="remote",version="1",le="0.001"}');
    await waitFor('the server is seen to be up', async () => ((await upstreamState()) === 'up' ? true : undefined));
  });

  it('answers one clear error while the server fails, and shows it', async () => {
    fake.fault = 'status-500';
    expect(await statusOf('remote', instances)).toEqual([502, 'upstream_failed']);
    fake.fault = 'hang';
    expect(await statusOf('remote', instances)).toEqual([504, 'deadline_exceeded']);
    fake.fault = 'none';
    const metrics = await (await fetch(`${platform.gatewayUrl}/metrics`)).text();
    expect(metrics).toContain(
      'switchyard_upstream_failures_total{model="remote",version="1",reason="server_failed"} 1',
    );
    expect(metrics).toContain('switchyard_upstream_failures_total{model="remote",version="1",reason="timeout"} 1');
    expect(await statusOf('remote', instances)).toEqual([200, '']);
  });

  it('notices that the server has gone', async () => {
    await fake.close();
    expect(await statusOf('remote', instances)).toEqual([503, 'upstream_unreachable']);
    await waitFor('the server is seen to be down', async () => ((await upstreamState()) === 'down' ? true : undefined));
  });
});

describe('an endpoint whose model is a function', () => {
  it('answers, and goes on after a call that had to be ended', async () => {
    const { predictions } = await predict(platform, 'rule', { instances });
    expect(predictions.map(({ label }) => label)).toEqual(['no', 'yes']);
    expect(await statusOf('rule', [{ x: 666, y: 1 }])).toEqual([504, 'deadline_exceeded']);
    expect((await predict(platform, 'rule', { instances })).predictions).toHaveLength(2);
  });
});
