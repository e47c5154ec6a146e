import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { PredictionRecord } from '@switchyard/contracts';
import { inspectOnnxFile } from '@switchyard/runtimes/onnx';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeControl, startFakeControl } from './support/fake-control.ts';
import {
  type FraudArtifact,
  inspectFraudModel,
  readTransactions,
  servedEndpoint,
  servedModel,
} from './support/fraud-models.ts';
import { type GatewayProcess, readLog, spawnGateway } from './support/gateway-process.ts';

const python = process.env.SWITCHYARD_TEST_PYTHON_TRITONCLIENT;
if (python === undefined)
  console.info('left out: tritonclient (SWITCHYARD_TEST_PYTHON_TRITONCLIENT names no interpreter)');

interface Answer {
  readonly id: string | null;
  readonly model: string;
  readonly version: string;
  readonly ids: string[];
  readonly outputs: Record<string, unknown[]>;
  readonly dtypes: Record<string, string>;
}
type Told = { message: string; status: string };
interface Found {
  readonly [name: string]: unknown;
  readonly network: Record<string, Answer>;
  readonly types: Record<string, Answer>;
  readonly endpoint: Answer;
  readonly refused: Told;
  readonly not_finite: Told;
  readonly unload: Told;
  readonly load_unknown: Told;
  readonly unknown: Told;
}

const ROWS = 40;
const transactions = readTransactions(6_340, ROWS);
let found: { http: Found; grpc: Found };
let expected: { label: number; score: number }[];
let records: PredictionRecord[];
let dataDir: string;
let control: FakeControl | undefined;
let gateway: GatewayProcess | undefined;

async function inspectTypes(): Promise<FraudArtifact> {
  const path = fileURLToPath(new URL('../../../packages/runtimes/test/fixtures/every-type.onnx', import.meta.url));
  const result = await inspectOnnxFile({
    path,
    spec: { format: 'onnx' },
    task: 'regression',
    timeoutMs: 30_000,
    memoryLimitMb: 2_048,
  });
  if (!result.ok) throw new Error(result.reason);
  const bytes = readFileSync(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { path, sha256, sizeBytes: bytes.length, signature: result.signature };
}

// One process and one run of the clients for all tests: starting Python costs more than everything it asks.
beforeAll(async () => {
  if (python === undefined) return;
  const [network, types] = [await inspectFraudModel('neural-network'), await inspectTypes()];
  dataDir = mkdtempSync(join(tmpdir(), 'switchyard-tritonclient-'));
  control = await startFakeControl(new Map([network, types].map(({ sha256, path }) => [sha256, path])));
  control.publish({
    models: {
      'neural-network': servedModel('neural-network', { '1': network }, { champion: '1' }),
      'every-type': { ...servedModel('every-type', { '1': types }), task: 'regression' },
    },
    endpoints: { fraud: servedEndpoint('fraud', { kind: 'model', model: 'neural-network', alias: 'champion' }, 3) },
    keepWarm: [],
  });
  gateway = spawnGateway({ dataDir, controlUrl: control.url });
  const [port, grpcPort] = [await gateway.port(), await gateway.grpcPort()];
  const names = network.signature.features.map(({ name }) => name);
  const rowsFile = join(dataDir, 'rows.json');
  writeFileSync(rowsFile, JSON.stringify(transactions.map((row) => names.map((name) => row[name]))));
  const answered = await fetch(`http://127.0.0.1:${port}/v1/models/fraud:predict`, {
    method: 'POST',
    body: JSON.stringify({ instances: transactions }),
  });
  expected = ((await answered.json()) as { predictions: typeof expected }).predictions;
  const script = fileURLToPath(new URL('tritonclient/calls.py', import.meta.url));
  const { stdout } = await promisify(execFile)(
    python,
    [script, `127.0.0.1:${port}`, `127.0.0.1:${grpcPort}`, rowsFile],
    { maxBuffer: 64_000_000 },
  ).catch((error: Error) => {
    throw new Error(`${error.message}\n${gateway?.stderr()}`);
  });
  found = JSON.parse(stdout) as typeof found;
  gateway.child.kill('SIGTERM');
  expect(await gateway.ended).toEqual({ code: 0, signal: null });
  records = (await readLog(dataDir)).filter((record): record is PredictionRecord => record.t === 'p');
}, 120_000);
afterAll(async () => {
  gateway?.child.kill('SIGKILL');
  await gateway?.ended;
  await control?.close();
  if (dataDir !== undefined) rmSync(dataDir, { recursive: true, force: true });
});

describe.skipIf(python === undefined)('the unmodified tritonclient', () => {
  const protocols = ['http', 'grpc'] as const;

  it.each(protocols)('finds the server, its models and their tensors over %s', (protocol) => {
    const one = found[protocol];
    expect(one).toMatchObject({
      live: true,
      ready: true,
      model_ready: true,
      version_ready: true,
      unknown_ready: false,
    });
    expect(one.server).toMatchObject({
      name: 'switchyard',
      extensions: expect.arrayContaining(['binary_tensor_data']),
    });
    const dims = protocol === 'http' ? [-1, 29] : ['-1', '29'];
    expect(one.metadata).toMatchObject({ inputs: [{ name: 'features', datatype: 'FP32', shape: dims }] });
    const config = protocol === 'http' ? one.config : (one.config as { config: unknown }).config;
    expect(config).toMatchObject({ input: [{ name: 'features', data_type: 'TYPE_FP32', dims }] });
    const index = protocol === 'http' ? one.index : (one.index as { models: unknown }).models;
    expect(index).toContainEqual(expect.objectContaining({ name: 'fraud', version: '3', state: 'READY' }));
    expect([one.load, one.load_unknown.message]).toEqual([null, expect.stringContaining('model_not_found')]);
    expect(one.unload.message).toContain('endpoints and control say what is loaded');
    expect(one.unknown.message).toContain('model_not_found');
  });

  it.each(protocols)('gets the same numbers from a model over %s, however it asks', (protocol) => {
    const { network } = found[protocol];
    const ways = Object.entries(network);
    expect(ways.length).toBeGreaterThan(3);
    for (const [way, { model, version, outputs, ids }] of ways) {
      expect([way, model, version, ids.length]).toEqual([way, 'neural-network', '1', ROWS]);
      expect(outputs.label).toEqual(expected.map(({ label }) => label));
      const scores = (outputs.probabilities as number[]).filter((_, index) => index % 2 === 1);
      scores.forEach((score, row) => {
        expect(score).toBeCloseTo(expected[row]?.score as number, 6);
      });
    }
    expect(network.binary?.id).toBe('one');
    expect(network.binary?.dtypes).toEqual({ label: 'int64', probabilities: 'float32' });
    expect(found.grpc.network.binary?.outputs).toEqual(found.http.network.binary?.outputs);
  });

  it.each(protocols)('gets the answers of an endpoint over %s', (protocol) => {
    const { endpoint } = found[protocol];
    expect([endpoint.model, endpoint.version]).toEqual(['fraud', '3']);
    expect(endpoint.outputs.label).toEqual(expected.map(({ label }) => label));
    expect(endpoint.dtypes).toEqual({ label: 'int64', score: 'float64', probabilities: 'float64' });
    const byId = new Map(records.map((record) => [record.id, record]));
    for (const id of endpoint.ids) expect(byId.get(id)).toMatchObject({ unit: 'user-7', segment: { tier: 'gold' } });
  });

  it('gets every type back as it sent it', () => {
    const sent = {
      text_out: ['ä', '', '日本', 'x'.repeat(300)],
      long_out: [9_007_199_254_740_991, -1],
      flag_out: [true, false],
      double_out: [0.1, 1e300],
    };
    for (const { outputs } of [found.http.types.binary, found.http.types.json, found.grpc.types.binary] as Answer[]) {
      expect(outputs).toEqual(sent);
    }
  });

  it('streams, and is told of a failure in its place', () => {
    const stream = found.grpc.stream as string[];
    expect(stream[7]).toContain('model_not_found');
    expect(stream.toSpliced(7, 1)).toEqual(Array.from({ length: 20 }, (_, index) => `s-${index}`).toSpliced(7, 1));
  });

  it.each(protocols)('is told what is wrong over %s', (protocol) => {
    expect(found[protocol].refused.message).toContain('the model takes FP32 [-1,29]');
    expect(found[protocol].not_finite.message).toContain('value 0 is not a number');
  });

  it('reads statistics that agree with the log', () => {
    const direct = records.filter((record) => record.endpoint === 'model:neural-network');
    const answered = new Set(
      [...Object.values(found.http.network), ...Object.values(found.grpc.network)].flatMap(({ ids }) => ids),
    );
    for (const id of answered) expect(direct.some((record) => record.id === id && record.status === 'ok')).toBe(true);
    const [statistics] = (found.http.statistics as { model_stats: Record<string, unknown>[] }).model_stats;
    // The rows of the endpoint's two calls ran on the same model.
    expect(statistics?.inference_count).toBe(ROWS * (Object.keys(found.http.network).length + 3));
    expect(statistics?.execution_count).toBeGreaterThan(5);
    expect(found.http.all_statistics).toBe(3);
  });

  it('finds every feature of every row in the log', () => {
    const byId = new Map(records.map((record) => [record.id, record]));
    for (const { ids } of [found.http.network.binary, found.grpc.network.binary] as Answer[]) {
      ids.forEach((id, row) => {
        const { features } = byId.get(id) as PredictionRecord;
        for (const [name, value] of Object.entries(transactions[row] as Record<string, number>)) {
          expect(Math.fround(features[name] as number)).toBe(Math.fround(value));
        }
      });
    }
  });
});
