import { setTimeout as sleep } from 'node:timers/promises';
import type { EndpointRevision, PlatformStatus, Policy } from '@switchyard/contracts';
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

  it('says which snapshot each gateway serves', async () => {
    await waitFor('the gateway reports the current snapshot', async () => {
      const status = await api<PlatformStatus>(platform, '/status');
      return status.gateways[0]?.snapshot?.hash === status.snapshot.hash ? true : undefined;
    });
  });
});
