import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PredictionRecord } from '@switchyard/contracts';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeControl, startFakeControl } from './support/fake-control.ts';
import {
  type FraudArtifact,
  inspectFraudModel,
  readTransactions,
  servedEndpoint,
  servedModel,
} from './support/fraud-models.ts';
import { type GatewayProcess, readLog, spawnGateway } from './support/gateway-process.ts';

const redisUrl = process.env.SWITCHYARD_TEST_REDIS_URL ?? '';
const rows = readTransactions(6_340, 40);
let forest: FraudArtifact;
beforeAll(async () => {
  forest = await inspectFraudModel('random-forest');
});

let directory: string;
let control: FakeControl;
let processes: GatewayProcess[];
let servers: { server: Server; sockets: Set<Socket> }[];
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'switchyard-cache-'));
  control = await startFakeControl(new Map([[forest.sha256, forest.path]]));
  processes = [];
  servers = [];
  // A name of its own, so that nothing is known of it from an earlier run.
  const model = `forest-${randomUUID()}`;
  control.publish({
    models: { [model]: servedModel(model, { '1': forest }, { champion: '1' }) },
    endpoints: {
      fraud: servedEndpoint('fraud', { kind: 'model', model, alias: 'champion' }, 1, { cache: { ttlSeconds: 600 } }),
    },
    keepWarm: [],
  });
});
afterEach(async () => {
  for (const { child } of processes) child.kill('SIGKILL');
  await Promise.all(processes.map(({ ended }) => ended));
  for (const one of servers) closeNow(one);
  await control.close();
  rmSync(directory, { recursive: true, force: true });
});

const spawn = (id: string, cacheUrl: string): GatewayProcess => {
  const gateway = spawnGateway({ dataDir: join(directory, id), controlUrl: control.url, id, cacheUrl });
  processes.push(gateway);
  return gateway;
};

async function predict(gateway: GatewayProcess): Promise<{ predictions: unknown[] }> {
  const response = await fetch(`http://127.0.0.1:${await gateway.port()}/v1/models/fraud:predict`, {
    method: 'POST',
    body: JSON.stringify({ instances: rows }),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as { predictions: unknown[] };
}

async function lookups(gateway: GatewayProcess): Promise<Record<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${await gateway.port()}/metrics`)).text();
  const found = text.matchAll(/switchyard_cache_lookups_total\{endpoint="fraud",outcome="(\w+)"\} (\d+)/g);
  return Object.fromEntries([...found].map(([, outcome, count]) => [outcome, Number(count)]));
}

/** Asks the same rows again until all of them come from the cache. */
async function untilHit(gateway: GatewayProcess, expected: readonly unknown[]): Promise<void> {
  for (let attempt = 0; attempt < 100 && !((await lookups(gateway)).hit ?? 0); attempt += 1) {
    await sleep(50);
    expect((await predict(gateway)).predictions).toEqual(expected);
  }
}

async function said(gateway: GatewayProcess, text: string): Promise<void> {
  for (let attempt = 0; attempt < 1_000 && !gateway.stderr().includes(text); attempt += 1) await sleep(10);
  expect(gateway.stderr()).toContain(text);
}

/** Ends a process as the supervisor does, and reads what it logged. */
async function predictionsOf(gateway: GatewayProcess, id: string): Promise<PredictionRecord[]> {
  gateway.child.kill('SIGTERM');
  expect(await gateway.ended).toEqual({ code: 0, signal: null });
  return (await readLog(join(directory, id))).filter((record): record is PredictionRecord => record.t === 'p');
}

/** A server on a free port that does as it is told with every connection. */
async function startServer(onSocket: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push({ server, sockets });
  return { server, sockets, port: (server.address() as AddressInfo).port };
}

function closeNow({ server, sockets }: { server: Server; sockets: Set<Socket> }): void {
  server.close();
  for (const socket of sockets) socket.destroy();
}

if (redisUrl === '') {
  console.info('left out: gateways that share a cache in Redis (SWITCHYARD_TEST_REDIS_URL names no server)');
  describe.skip('gateways that share a cache in Redis (left out: SWITCHYARD_TEST_REDIS_URL names no server)', () => {
    it('is left out', () => {});
  });
} else {
  describe('gateways that share a cache in Redis', () => {
    it('answer what the other was asked before without a model, equally, and log it as such', async () => {
      const [first, second] = [spawn('first', redisUrl), spawn('second', redisUrl)];
      await Promise.all([said(first, 'the cache answers'), said(second, 'the cache answers')]);
      const asked = await predict(first);
      expect(await lookups(first)).toMatchObject({ hit: 0 });
      // Answers are kept after they are given.
      await sleep(200);
      await untilHit(second, asked.predictions);
      // A busy machine may have let some look-ups take too long. None found nothing.
      expect(await lookups(second)).toMatchObject({ hit: 40, miss: 0 });
      const [before, after] = [await predictionsOf(first, 'first'), await predictionsOf(second, 'second')];
      expect(before.map(({ cached }) => cached)).toEqual(rows.map(() => false));
      const last = after.slice(-rows.length);
      expect(last.map(({ cached, modelMicros }) => [cached, modelMicros])).toEqual(rows.map(() => [true, 0]));
      expect(last.map(({ answer }) => answer)).toEqual(before.map(({ answer }) => answer));
    });

    it('go on answering when it is lost, and use it again when it is back', async () => {
      const target = new URL(redisUrl);
      const pipe = (socket: Socket) => {
        const upstream = connect(Number(target.port), target.hostname);
        upstream.on('error', () => socket.destroy());
        socket.on('close', () => upstream.destroy());
        socket.pipe(upstream).pipe(socket);
      };
      const proxy = await startServer(pipe);
      const gateway = spawn('only', `redis://127.0.0.1:${proxy.port}`);
      await said(gateway, 'the cache answers');
      const asked = await predict(gateway);
      closeNow(proxy);
      await said(gateway, 'the cache does not answer');
      expect((await predict(gateway)).predictions).toEqual(asked.predictions);
      const lost = await lookups(gateway);
      expect([lost.hit, (lost.miss ?? 0) + (lost.error ?? 0), (lost.error ?? 0) >= 40]).toEqual([0, 80, true]);
      await new Promise<void>((resolve) => proxy.server.listen(proxy.port, '127.0.0.1', resolve));
      await untilHit(gateway, asked.predictions);
      expect((await lookups(gateway)).hit).toBe(40);
    });
  });
}

describe('a cache that accepts connections and never answers', () => {
  it('keeps nobody waiting, and its password out of the log', async () => {
    const { port, sockets } = await startServer(() => {});
    const gateway = spawn('only', `redis://reader:top-secret@127.0.0.1:${port}`);
    const first = await predict(gateway);
    for (let count = 0; count < 5; count += 1) expect((await predict(gateway)).predictions).toEqual(first.predictions);
    expect(await lookups(gateway)).toEqual({ hit: 0, miss: 0, error: 240 });
    expect(sockets.size).toBeGreaterThan(0);
    await said(gateway, 'the cache does not answer');
    expect((await predictionsOf(gateway, 'only')).filter(({ cached }) => !cached)).toHaveLength(240);
    expect(gateway.stderr()).not.toContain('top-secret');
  });
});
