import { setTimeout as sleep } from 'node:timers/promises';
import type { Policy, PredictionDetail } from '@switchyard/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readTransactions } from '../../examples/fraud/dataset.ts';
import { setUpFraudExample } from '../../examples/fraud/setup.ts';
import {
  api,
  freshConfig,
  listAllPredictions,
  type RunningPlatform,
  removeDataDirectory,
  runPlatform,
  seededRandom,
  sendFeedback,
  waitFor,
  waitUntilServed,
} from './harness.ts';

/** Batches of binary tensors while gateway and control are killed: each row is one prediction, with its own numbers. */
const ROWS = 40;
const BATCHES = 10;
const KILLS = 8;
/** Between two requests of one caller: what is sent must also be listed, a thousand a page. */
const PAUSE_MS = 40;
const transactions = readTransactions(6_340).slice(0, ROWS * BATCHES);
const names = Object.keys(transactions[0]?.features ?? {});

const champion = (model: string): Policy => ({ kind: 'model', model, alias: 'champion' });
const policies: Record<string, Policy> = {
  'batch-one': champion('xgboost'),
  'batch-split': {
    kind: 'split',
    arms: [
      { name: 'a', weight: 0.6, policy: champion('xgboost') },
      { name: 'b', weight: 0.4, policy: champion('neural-network') },
    ],
  },
};
/** Endpoints, and a model addressed directly. */
const targets = [...Object.keys(policies), 'xgboost'];

interface Acknowledged {
  /** Of the transaction. */
  readonly row: number;
  readonly probabilities: readonly [number, number];
}

let platform: RunningPlatform;
/** Of the tensor that the models take. */
let inputName: string;
beforeAll(async () => {
  platform = await runPlatform(await freshConfig());
  await setUpFraudExample(platform.controlUrl, () => {});
  for (const [name, policy] of Object.entries(policies)) {
    await api(platform, `/endpoints/${name}`, { method: 'PUT', body: { policy } });
  }
  for (const name of Object.keys(policies)) await waitUntilServed(platform, name);
  const metadata = await fetch(`${platform.gatewayUrl}/v2/models/xgboost`);
  inputName = ((await metadata.json()) as { inputs: { name: string }[] }).inputs[0]?.name as string;
});
afterAll(async () => {
  await platform.stop();
  removeDataDirectory(platform.config);
});

function batchOf(batch: number): { body: Buffer; headers: Record<string, string> } {
  const rows = transactions.slice(batch * ROWS, (batch + 1) * ROWS);
  const values = Float32Array.from(rows.flatMap(({ features }) => names.map((name) => features[name] as number)));
  const head = Buffer.from(
    JSON.stringify({
      parameters: { binary_data_output: true },
      outputs: [{ name: 'probabilities' }],
      inputs: [
        {
          name: inputName,
          datatype: 'FP32',
          shape: [ROWS, names.length],
          parameters: { binary_data_size: values.byteLength },
        },
      ],
    }),
  );
  return {
    body: Buffer.concat([head, Buffer.from(values.buffer)]),
    headers: { 'inference-header-content-length': String(head.length) },
  };
}

/** Sends batches to one target until it is stopped, and notes what was answered for each row. */
function sendBatches(target: string, known: Map<string, Acknowledged>, isStopped: () => boolean): Promise<void> {
  const send = async (batch: number): Promise<void> => {
    const { body, headers } = batchOf(batch);
    const response = await fetch(`${platform.gatewayUrl}/v2/models/${target}/infer`, { method: 'POST', body, headers });
    const bytes = Buffer.from(await response.arrayBuffer());
    if (!response.ok) {
      if (response.status !== 503) throw new Error(`${target}: ${response.status} ${bytes.toString()}`);
      return;
    }
    const length = Number(response.headers.get('inference-header-content-length'));
    const { parameters, outputs } = JSON.parse(bytes.subarray(0, length).toString());
    const is64 = outputs[0].datatype === 'FP64';
    const read = (index: number) =>
      is64 ? bytes.readDoubleLE(length + index * 8) : bytes.readFloatLE(length + index * 4);
    (JSON.parse(parameters.ids) as string[]).forEach((id, row) => {
      expect(known.has(id)).toBe(false);
      known.set(id, { row: batch * ROWS + row, probabilities: [read(row * 2), read(row * 2 + 1)] });
    });
  };
  return (async () => {
    for (let batch = 0; !isStopped(); batch = (batch + 1) % BATCHES) {
      await send(batch).catch((error: unknown) => {
        // Whose connection broke does not know what became of it.
        if (!(error instanceof TypeError)) throw error;
      });
      await sleep(PAUSE_MS);
    }
  })();
}

it(`acknowledged rows of batches are queryable exactly once after ${KILLS} kills of gateway and control`, async () => {
  const random = seededRandom(20_261_127);
  const acknowledged = new Map<string, Map<string, Acknowledged>>(targets.map((target) => [target, new Map()]));
  let isStopped = false;
  const senders = targets.map((target) =>
    sendBatches(target, acknowledged.get(target) as Map<string, Acknowledged>, () => isStopped),
  );
  for (let kill = 0; kill < KILLS; kill += 1) {
    await sleep(300 + random() * 1_200);
    const victim = kill % 2 === 0 ? 'gateway-0' : 'control';
    process.kill(await waitFor(`${victim} runs`, async () => platform.supervisor.pid(victim)), 'SIGKILL');
  }
  for (const name of Object.keys(policies)) await waitUntilServed(platform, name);
  await sleep(500);
  isStopped = true;
  await Promise.all(senders);

  const all = [...acknowledged.values()].flatMap((own) => [...own]);
  for (const [target, own] of acknowledged) expect(own.size, target).toBeGreaterThan(400);
  const listed = await waitFor(
    'every acknowledged row is queryable',
    async () => {
      const rows = await listAllPredictions(platform);
      const ids = new Set(rows.map(({ id }) => id));
      return all.every(([id]) => ids.has(id)) ? rows : undefined;
    },
    60_000,
  );
  const byId = new Map(listed.map((prediction) => [prediction.id, prediction]));
  expect(byId.size, 'each exactly once').toBe(listed.length);
  for (const [id, { probabilities }] of all) {
    const { answer, status } = byId.get(id) as (typeof listed)[number];
    expect(status).toBe('ok');
    // Directly addressed, the tensor has 32 bits; the record has the shortest number that is the same.
    expect(Math.fround(answer.probabilities?.[1] ?? Number.NaN)).toBe(Math.fround(probabilities[1]));
    expect(Math.fround(answer.probabilities?.[0] ?? Number.NaN)).toBe(Math.fround(probabilities[0]));
  }
  const arms = listed.filter(({ endpoint }) => endpoint === 'batch-split').map(({ path }) => path);
  expect(new Set(arms)).toEqual(new Set(['a', 'b']));

  const every = Math.ceil(all.length / 60);
  for (const [id, { row }] of all.filter((_, index) => index % every === 0)) {
    const { features, batchRows } = await api<PredictionDetail>(platform, `/predictions/${id}`);
    const sent = transactions[row]?.features ?? {};
    for (const name of names) expect(Math.fround(features[name] as number)).toBe(Math.fround(sent[name] as number));
    expect(batchRows).toBeGreaterThan(1);
  }

  // Feedback finds a row of a batch as it finds any other.
  const [id] = all.at(-1) as [string, Acknowledged];
  const response = await sendFeedback(platform, [{ id, label: 1 }]);
  expect(await response.json()).toMatchObject({ accepted: 1 });
  await waitFor('the outcome is joined', async () => {
    const { outcome } = await api<PredictionDetail>(platform, `/predictions/${id}`);
    return outcome === 1 ? true : undefined;
  });
});
