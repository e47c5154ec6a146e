import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GatewayStatus, type PredictionRecord, predictResponseSchema } from '@switchyard/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeControl, type SnapshotContent, startFakeControl } from './support/fake-control.ts';
import {
  type FraudArtifact,
  inspectFraudModel,
  readTransactions,
  servedEndpoint,
  servedModel,
} from './support/fraud-models.ts';
import { type GatewayProcess, readLog, spawnGateway } from './support/gateway-process.ts';

const rows = readTransactions(6_340, 20);
let versions: Record<'1' | '2' | '3', FraudArtifact>;
let dataDir: string;
let control: FakeControl;
let gateway: GatewayProcess;
let url: string;

beforeAll(async () => {
  const xgboost = await inspectFraudModel('xgboost');
  const forest = await inspectFraudModel('random-forest');
  // The same file, but what it calls Amount was renamed since.
  const features = forest.signature.features.map((spec) => (spec.name === 'Amount' ? { ...spec, name: 'Sum' } : spec));
  versions = { '1': xgboost, '2': forest, '3': { ...forest, signature: { ...forest.signature, features } } };
  dataDir = mkdtempSync(join(tmpdir(), 'switchyard-rehearsal-'));
  control = await startFakeControl(new Map([xgboost, forest].map(({ sha256, path }) => [sha256, path])));
  control.publish(snapshot('1', 1));
  gateway = spawnGateway({ dataDir, controlUrl: control.url });
  url = `http://127.0.0.1:${await gateway.port()}`;
}, 60_000);
afterAll(async () => {
  gateway.child.kill('SIGKILL');
  await gateway.ended;
  await control.close();
  rmSync(dataDir, { recursive: true, force: true });
});

function snapshot(version: '1' | '2' | '3', revision: number, rehearse?: boolean): SnapshotContent {
  const endpoint = servedEndpoint('fraud', { kind: 'model', model: 'fraud', alias: 'champion' }, revision);
  return {
    models: { fraud: servedModel('fraud', { [version]: versions[version] }, { champion: version }) },
    endpoints: { fraud: { ...endpoint, ...(rehearse === undefined ? {} : { rehearse }) } },
    keepWarm: [],
  };
}

async function statusWith(holds: (status: GatewayStatus) => boolean): Promise<GatewayStatus> {
  for (let attempt = 0; attempt < 4_000; attempt += 1) {
    const status = control.statuses.at(-1);
    if (status !== undefined && holds(status)) return status;
    await sleep(5);
  }
  throw new Error(gateway.stderr().slice(-2_000));
}

const post = (path: string, body: unknown) => fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) });

it('a running gateway tries new versions on what its clients sent, over either protocol', async () => {
  for (const row of rows) expect((await post('/v1/models/fraud:predict', { instances: [row] })).status).toBe(200);
  const tensors = Object.entries(rows[0] as object).map(([name, value]) => ({
    name,
    datatype: 'FP64',
    shape: [1],
    data: [value],
  }));
  expect((await post('/v2/models/fraud/infer', { inputs: tensors })).status).toBe(200);

  const good = control.publish(snapshot('2', 2));
  const served = await statusWith((status) => status.snapshot?.hash === good.hash);
  const [report] = served.rehearsal?.endpoints ?? [];
  expect(report).toMatchObject({ endpoint: 'fraud', revision: 2, rows: 21, refused: 0, compared: 21 });
  expect(report?.maximumAbsoluteDifference).toBeGreaterThan(0);
  expect(report?.maximumAbsoluteDifference).toBeGreaterThanOrEqual(report?.meanAbsoluteDifference as number);
  expect(gateway.stderr()).toMatch(/"flipMs":[\d.e-]+,"rehearsal":\[\{"endpoint":"fraud"/);

  const bad = control.publish(snapshot('3', 3));
  const refused = await statusWith((status) => status.snapshotError !== null);
  expect(refused.snapshotError).toBe(
    "endpoint 'fraud' revision 3 cannot answer 21 of 21 recent requests: feature 'Sum': missing_feature, it is required (21); " +
      "feature 'Amount': unknown_feature, no model and no rule knows it (21)",
  );
  expect(refused.snapshot?.hash).toBe(good.hash);
  const still = predictResponseSchema.parse(
    await (await post('/v1/models/fraud:predict', { instances: [rows[0]] })).json(),
  );
  expect(still.served[0]?.version).toBe('2');

  const forced = control.publish(snapshot('3', 3, false));
  const insisted = await statusWith((status) => status.snapshot?.hash === forced.hash);
  expect(insisted.snapshotError).toBeNull();
  expect((await post('/v1/models/fraud:predict', { instances: [rows[0]] })).status).toBe(400);
  expect(bad.hash).not.toBe(forced.hash);

  // What was tried is no prediction: only what clients asked is in the log.
  gateway.child.kill('SIGTERM');
  await gateway.ended;
  const records = (await readLog(dataDir)).filter((record): record is PredictionRecord => record.t === 'p');
  expect(records).toHaveLength(rows.length + 2);
}, 120_000);
