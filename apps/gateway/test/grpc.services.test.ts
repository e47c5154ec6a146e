import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Client,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { PredictionRecord } from '@switchyard/contracts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FakeControl, startFakeControl } from './support/fake-control.ts';
import {
  type FraudArtifact,
  inspectFraudModel,
  readTransactions,
  servedEndpoint,
  servedModel,
} from './support/fraud-models.ts';
import { type GatewayProcess, readLog, spawnGateway } from './support/gateway-process.ts';

const Inference = (
  loadPackageDefinition(
    loadSync(
      fileURLToPath(import.meta.resolve('@switchyard/runtimes/protos/open-inference/open_inference_grpc.proto')),
      {
        keepCase: true,
        longs: Number,
      },
    ),
  ).inference as GrpcObject
).GRPCInferenceService as ServiceClientConstructor;

let dataDir: string;
let control: FakeControl;
let artifact: FraudArtifact;
let processes: GatewayProcess[];
let clients: Client[];
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'switchyard-grpc-'));
  artifact = await inspectFraudModel('neural-network');
  control = await startFakeControl(new Map([[artifact.sha256, artifact.path]]));
  control.publish({
    models: { scorer: servedModel('scorer', { '1': artifact }, { champion: '1' }) },
    endpoints: { fraud: servedEndpoint('fraud', { kind: 'model', model: 'scorer', alias: 'champion' }) },
    keepWarm: [],
  });
  processes = [];
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.close();
  for (const { child } of processes) child.kill('SIGKILL');
  await Promise.all(processes.map(({ ended }) => ended));
  await control.close();
  rmSync(dataDir, { recursive: true, force: true });
});

type Infer = (
  request: object,
  done: (error: ServiceError | null, answer: { parameters: Record<string, { string_param: string }> }) => void,
) => void;

/** Asks over and over, on a connection of its own, until told to stop. */
function startCalls(port: number, request: object) {
  const client = new Inference(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  clients.push(client);
  const ids: string[] = [];
  const codes: number[] = [];
  let isStopped = false;
  const running = (async () => {
    while (!isStopped) {
      await new Promise<void>((resolve) => {
        (client as unknown as { ModelInfer: Infer }).ModelInfer(request, (error, answer) => {
          if (error === null) ids.push(...(JSON.parse(answer.parameters.ids?.string_param as string) as string[]));
          else codes.push(error.code);
          resolve();
        });
      });
    }
  })();
  return {
    ids,
    codes,
    stop: () => {
      isStopped = true;
      return running;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

it('two processes share the port; one that is told to end answers what it has, and nothing acknowledged is lost', async () => {
  const grpcPort = await freePort();
  for (const id of ['gateway-0', 'gateway-1']) {
    processes.push(spawnGateway({ dataDir, controlUrl: control.url, id, grpcPort, reusePort: true }));
  }
  await Promise.all(processes.map((one) => one.port()));
  const names = artifact.signature.features.map(({ name }) => name);
  const rows = readTransactions(6_340, 4);
  const values = Float32Array.from(rows.flatMap((row) => names.map((name) => row[name] as number)));
  const request = {
    model_name: 'fraud',
    inputs: [{ name: artifact.signature.inputs[0]?.name, datatype: 'FP32', shape: [4, names.length] }],
    raw_input_contents: [Buffer.from(values.buffer)],
  };
  const callers = Array.from({ length: 12 }, () => startCalls(grpcPort, request));
  const answered = () => callers.reduce((sum, { ids }) => sum + ids.length, 0);
  await expect.poll(answered, { timeout: 30_000 }).toBeGreaterThan(2_000);
  const [first] = processes as [GatewayProcess];
  first.child.kill('SIGTERM');
  expect(await first.ended).toEqual({ code: 0, signal: null });
  const before = answered();
  await expect.poll(answered, { timeout: 30_000 }).toBeGreaterThan(before + 1_000);
  await Promise.all(callers.map((caller) => caller.stop()));
  // Who was connected to the process that ended may have to ask again, and is told nothing worse.
  expect(new Set(callers.flatMap(({ codes }) => codes)).difference(new Set([status.UNAVAILABLE])).size).toBe(0);
  processes[1]?.child.kill('SIGTERM');
  await processes[1]?.ended;
  const records = (await readLog(dataDir)).filter((record): record is PredictionRecord => record.t === 'p');
  const logged = new Map(records.map((record) => [record.id, record]));
  expect(logged.size).toBe(records.length);
  const missing = callers.flatMap(({ ids }) => ids).filter((id) => logged.get(id)?.status !== 'ok');
  expect(missing).toEqual([]);
  expect(new Set(records.map(({ gateway }) => gateway))).toEqual(new Set(['gateway-0', 'gateway-1']));
}, 120_000);
