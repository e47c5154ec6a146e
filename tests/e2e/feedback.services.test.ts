import type { FeedbackResponse, PredictionDetail } from '@switchyard/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTransactions } from '../../examples/fraud/dataset.ts';
import { ENDPOINT, setUpFraudExample } from '../../examples/fraud/setup.ts';
import {
  api,
  freshConfig,
  predict,
  type RunningPlatform,
  removeDataDirectory,
  runPlatform,
  sendFeedback,
  waitFor,
  waitUntilServed,
} from './harness.ts';

const instances = readTransactions(6_340)
  .slice(0, 5)
  .map((transaction) => transaction.features);
let platform: RunningPlatform;

beforeAll(async () => {
  platform = await runPlatform(await freshConfig({ workers: 2 }));
  await setUpFraudExample(platform.controlUrl, () => {});
  await waitUntilServed(platform, ENDPOINT);
});

afterAll(async () => {
  await platform.stop();
  removeDataDirectory(platform.config);
});

async function accepted(items: readonly unknown[]): Promise<FeedbackResponse> {
  const response = await sendFeedback(platform, items);
  expect(response.status).toBe(202);
  return (await response.json()) as FeedbackResponse;
}

function detailWithOutcome(id: string, outcome: unknown): Promise<PredictionDetail> {
  return waitFor(`outcome ${String(outcome)} of ${id}`, async () => {
    const detail = await api<PredictionDetail>(platform, `/predictions/${id}`);
    return detail.outcome === outcome ? detail : undefined;
  });
}

describe('feedback', () => {
  it('is joined when it comes at once, before its prediction is queryable, whichever gateway process takes it', async () => {
    const { ids } = await predict(platform, ENDPOINT, { instances, unit: 'one' });
    expect(await accepted(ids.map((id) => ({ id, label: 1 })))).toEqual({ accepted: ids.length, rejected: [] });
    for (const id of ids) await detailWithOutcome(id, 1);
  });

  it('counts the last one when it comes twice, and keeps both', async () => {
    const { ids } = await predict(platform, ENDPOINT, { instances: [instances[0]] });
    const id = ids[0] as string;
    await accepted([{ id, label: 0, values: { loss: 12.5 } }]);
    await detailWithOutcome(id, 0);
    await accepted([{ id, label: 1, reward: -1 }]);
    const detail = await detailWithOutcome(id, 1);
    expect(detail.feedback.map((one) => one.label)).toEqual([1, 0]);
    expect(detail.feedback[1]?.values).toEqual({ loss: 12.5 });
  });

  it('for an unknown id is kept and is no error', async () => {
    const result = await accepted([{ id: '01890000-0000-7000-8000-000000000001', label: 1 }]);
    expect(result).toEqual({ accepted: 1, rejected: [] });
  });

  it('says which items it could not take, and takes the others', async () => {
    const { ids } = await predict(platform, ENDPOINT, { instances: [instances[1]] });
    const result = await accepted([{ id: 'no-uuid', label: 1 }, { id: ids[0], label: 1 }, { id: ids[0] }, 7]);
    expect(result.accepted).toBe(1);
    expect(result.rejected.map((rejected) => rejected.index)).toEqual([0, 2, 3]);
    await detailWithOutcome(ids[0] as string, 1);
  });
});
