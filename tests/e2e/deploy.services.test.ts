import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EndpointRevision, PlatformStatus, Policy, Problem } from '@switchyard/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTransactions } from '../../examples/fraud/dataset.ts';
import { setUpFraudExample } from '../../examples/fraud/setup.ts';
import { startLoad } from './background-load.ts';
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

const NAME = 'deploy-target';
const ARTIFACTS = new URL('../../examples/fraud/artifacts/', import.meta.url);
const bodies = readTransactions(6_340)
  .slice(0, 200)
  .map(({ features, row }) => ({ instances: [features], unit: `card-${row}` }));
const only = (model: string): Policy => ({ kind: 'model', model, alias: 'champion' });

let platform: RunningPlatform;

beforeAll(async () => {
  platform = await runPlatform(await freshConfig());
  await setUpFraudExample(platform.controlUrl, () => {});
  await api(platform, `/endpoints/${NAME}`, { method: 'PUT', body: { policy: only('rule-based') } });
  await waitUntilServed(platform, NAME);
});

afterAll(async () => {
  await platform.stop();
  removeDataDirectory(platform.config);
});

async function servedModel(): Promise<string> {
  return (await predict(platform, NAME, bodies[0])).served[0]?.model ?? '';
}

describe('deploy and rollback under load', () => {
  it('fails not one request, and answers come from what was published', async () => {
    const load = startLoad(() => `${platform.gatewayUrl}/v1/models/${NAME}:predict`, bodies, 8);
    for (const model of ['xgboost', 'random-forest', 'neural-network']) {
      await sleep(300);
      await api<EndpointRevision>(platform, `/endpoints/${NAME}`, { method: 'PUT', body: { policy: only(model) } });
      await waitFor(`${model} answers`, async () => ((await servedModel()) === model ? true : undefined));
      await sleep(300);
      const rolledBack = await api<EndpointRevision>(platform, `/endpoints/${NAME}/rollback`, {
        method: 'POST',
        body: {},
      });
      expect(rolledBack.policy).toEqual(only('rule-based'));
      await waitFor('the earlier model answers again', async () =>
        (await servedModel()) === 'rule-based' ? true : undefined,
      );
    }
    const books = await load.stop();
    expect(books.acknowledged.length).toBeGreaterThan(500);
    expect({ refused: [...books.refused], broken: books.broken }).toEqual({ refused: [], broken: 0 });
  });

  it('tells how long the flip took and how the answers changed on recent requests', async () => {
    const status = await waitFor('a gateway reports a rehearsal', async () => {
      const { gateways } = await api<PlatformStatus>(platform, '/status');
      return gateways[0]?.rehearsal ? gateways[0] : undefined;
    });
    expect(status.rehearsal?.endpoints).toMatchObject([{ endpoint: NAME, rows: 32, refused: 0, compared: 32 }]);
    const flips = platform.lines.flatMap((line) => /flipMs["':= ]+([\d.e-]+)/.exec(line)?.[1] ?? []).map(Number);
    expect(flips.length).toBeGreaterThan(6);
    expect(Math.max(...flips)).toBeLessThan(50);
  });

  it('says which snapshot each gateway serves', async () => {
    await waitFor('the gateway reports the current snapshot', async () => {
      const status = await api<PlatformStatus>(platform, '/status');
      return status.gateways[0]?.snapshot?.hash === status.snapshot.hash ? true : undefined;
    });
  });
});

describe('a version that cannot answer what clients send', () => {
  const publish = (rest: object) =>
    fetch(`${platform.controlUrl}/api/v1/endpoints/${NAME}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ policy: { kind: 'model', model: 'renamed', version: '1' }, ...rest }),
    });

  beforeAll(async () => {
    const { models } = JSON.parse(readFileSync(new URL('models.json', ARTIFACTS), 'utf8')) as {
      models: { name: string; features: string[]; labels: number[]; positiveLabel: number }[];
    };
    const xgboost = models.find(({ name }) => name === 'xgboost');
    const { features = [], labels, positiveLabel } = xgboost ?? {};
    const renamed = ['Sum', ...features.filter((name) => name !== 'Amount')];
    await api(platform, '/models', { method: 'POST', body: { name: 'renamed', task: 'binary' } });
    const form = new FormData();
    form.append('spec', JSON.stringify({ format: 'onnx', features: renamed, labels, positiveLabel }));
    form.append('artifact', new Blob([readFileSync(new URL('xgboost.onnx', ARTIFACTS))]), 'xgboost.onnx');
    const uploaded = await fetch(`${platform.controlUrl}/api/v1/models/renamed/versions`, {
      method: 'POST',
      body: form,
    });
    expect(uploaded.status).toBe(201);
  });

  it('is not published: the answer says how many requests, which features and why', async () => {
    const problem = await waitFor('the log of what was sent is queryable', async () => {
      const response = await publish({});
      return response.status === 409 ? ((await response.json()) as Problem) : undefined;
    });
    expect(problem.code).toBe('clients_refused');
    expect(problem.detail).toMatch(
      /^(\d+) of \1 recent requests to endpoint 'deploy-target' would be refused: feature /,
    );
    expect(problem.errors?.map(({ code }) => code).sort()).toEqual(['missing_feature', 'unknown_feature']);
    expect(await servedModel()).toBe('rule-based');
  });

  it('is published and served where that is insisted on, and a rollback answers clients again', async () => {
    const forced = await publish({ force: true });
    expect(forced.status).toBe(200);
    const revision = (await forced.json()) as EndpointRevision;
    expect(revision.clients).toMatchObject({ forced: true, skipped: null });
    await waitFor('clients are refused', async () =>
      predict(platform, NAME, bodies[0]).then(
        () => undefined,
        (error: Error) => error.message.includes('invalid_features') || undefined,
      ),
    );
    await api<EndpointRevision>(platform, `/endpoints/${NAME}/rollback`, { method: 'POST', body: {} });
    await waitFor('the earlier model answers again', () =>
      servedModel().then(
        (name) => name === 'rule-based' || undefined,
        () => undefined,
      ),
    );
  });
});
