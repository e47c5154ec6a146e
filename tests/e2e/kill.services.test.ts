import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTransactions } from '../../examples/fraud/dataset.ts';
import { ENDPOINT, setUpFraudExample } from '../../examples/fraud/setup.ts';
import { startLoad } from './background-load.ts';
import {
  freshConfig,
  listAllPredictions,
  predict,
  type RunningPlatform,
  removeDataDirectory,
  runPlatform,
  seededRandom,
  sendFeedback,
  waitFor,
  waitUntilServed,
} from './harness.ts';

const KILLS = 20;
const bodies = readTransactions(6_340)
  .slice(0, 400)
  .map(({ features, row }) => ({ instances: [features], unit: `card-${row}` }));

let platform: RunningPlatform;

beforeAll(async () => {
  platform = await runPlatform(await freshConfig());
  await setUpFraudExample(platform.controlUrl, () => {});
  await waitUntilServed(platform, ENDPOINT);
});

afterAll(async () => {
  await platform.stop();
  removeDataDirectory(platform.config);
});

describe('kill -9 under load', () => {
  it(`loses and doubles no acknowledged prediction in ${KILLS} kills of gateway and control`, async () => {
    const random = seededRandom(20_261_124);
    const load = startLoad(() => `${platform.gatewayUrl}/v1/models/${ENDPOINT}:predict`, bodies, 8);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const victim = kill % 2 === 0 ? 'gateway-0' : 'control';
      await sleep(200 + random() * 1_500);
      const pid = await waitFor(`${victim} runs`, async () => platform.supervisor.pid(victim));
      process.kill(pid, 'SIGKILL');
      if (victim === 'control') {
        const before = load.answered();
        await waitFor('answers go on', async () => (load.answered() > before ? true : undefined));
      }
    }
    await waitUntilServed(platform, ENDPOINT);
    await sleep(500);
    const books = await load.stop();
    expect(books.acknowledged.length).toBeGreaterThan(1_000);
    expect([...books.refused.keys()].filter((status) => status !== 503)).toEqual([]);

    const acknowledged = new Set(books.acknowledged);
    expect(acknowledged.size).toBe(books.acknowledged.length);
    const last = books.acknowledged.at(-1) as string;
    await waitFor('the last prediction is queryable', async () => {
      const response = await fetch(`${platform.controlUrl}/api/v1/predictions/${last}`);
      await response.arrayBuffer();
      return response.ok ? true : undefined;
    });
    const listed = await waitFor('every acknowledged prediction is queryable', async () => {
      const ids = (await listAllPredictions(platform)).map((prediction) => prediction.id);
      const known = new Set(ids);
      return books.acknowledged.every((id) => known.has(id)) ? ids : undefined;
    });
    expect(new Set(listed).size, 'each exactly once').toBe(listed.length);
  });

  it('goes on answering while control hangs', async () => {
    const control = platform.supervisor.pid('control') as number;
    process.kill(control, 'SIGSTOP');
    try {
      const load = startLoad(() => `${platform.gatewayUrl}/v1/models/${ENDPOINT}:predict`, bodies, 4);
      await sleep(3_000);
      const books = await load.stop();
      expect(books.acknowledged.length).toBeGreaterThan(200);
      expect({ refused: [...books.refused], broken: books.broken }).toEqual({ refused: [], broken: 0 });
    } finally {
      process.kill(control, 'SIGCONT');
    }
  });

  it('needs no repair: predictions and feedback work right after', async () => {
    const answer = await predict(platform, ENDPOINT, bodies[0]);
    const response = await sendFeedback(platform, [{ id: answer.ids[0], label: 1 }]);
    expect(response.status).toBe(202);
    await response.arrayBuffer();
    await waitFor('the outcome is joined', async () => {
      const [found] = (await listAllPredictions(platform)).filter((prediction) => prediction.id === answer.ids[0]);
      return found?.outcome === 1 ? true : undefined;
    });
  });
});
