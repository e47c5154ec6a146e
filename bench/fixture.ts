import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configSchema, type Policy } from '@switchyard/contracts';
import { type Platform, startPlatform } from '../apps/cli/src/platform.ts';
import { readTransactions } from '../examples/fraud/dataset.ts';
import { setUpFraudExample } from '../examples/fraud/setup.ts';

/** A platform in a directory of its own with the fraud models and an endpoint that splits in two, and an echo server beside it. */
export interface Fixture {
  readonly platform: Platform;
  readonly gatewayPort: number;
  readonly echoPort: number;
  readonly bodiesFile: string;
  readonly endpoint: string;
  /** What the endpoint serves, and something else that it could. */
  readonly policy: Policy;
  readonly otherPolicy: Policy;
  /** How long each flip to a new snapshot took, as the gateway logged it. */
  readonly flipsMs: readonly number[];
  stop(): Promise<void>;
}

export async function startFixture(print: (line: string) => void): Promise<Fixture> {
  const dataDir = mkdtempSync(join(tmpdir(), 'switchyard-bench-'));
  const [port, gatewayPort, grpcPort] = [await freePort(), await freePort(), await freePort()];
  const flipsMs: number[] = [];
  const platform = await startPlatform({
    config: configSchema.parse({ dataDir, port, gatewayPort, grpcPort }),
    minimumLevel: 30,
    print: (line) => {
      const flip = /"?flipMs"?[=:]\s*([\d.e-]+)/.exec(line)?.[1];
      if (flip !== undefined) flipsMs.push(Number(flip));
      if (/warn|error|ended/i.test(line)) print(line);
    },
  });
  await setUpFraudExample(platform.controlUrl, () => {});
  const endpoint = 'bench-split';
  const splitOf = (...models: string[]): Policy => ({
    kind: 'split',
    arms: models.map((model) => ({
      name: model,
      weight: 1 / models.length,
      policy: { kind: 'model', model, alias: 'champion' },
    })),
  });
  const policy = splitOf('neural-network', 'rule-based');
  const otherPolicy = splitOf('rule-based', 'xgboost');
  await publish(platform, endpoint, policy);
  const bodiesFile = join(dataDir, 'bodies.ndjson');
  const bodies = readTransactions(6_340)
    .slice(0, 1_000)
    .map(({ features, row }) => JSON.stringify({ instances: [features], unit: `card-${row}` }));
  writeFileSync(bodiesFile, `${bodies.join('\n')}\n`);
  const echo = await startEcho();
  return {
    platform,
    gatewayPort,
    echoPort: echo.port,
    bodiesFile,
    endpoint,
    policy,
    otherPolicy,
    flipsMs,
    stop: async () => {
      echo.process.kill('SIGTERM');
      await platform.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Publishes an endpoint and, unless told otherwise, waits until the gateway serves it. */
export async function publish(platform: Platform, endpoint: string, policy: Policy, isAwaited = true): Promise<void> {
  const published = await fetch(`${platform.controlUrl}/api/v1/endpoints/${endpoint}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ policy }),
  });
  if (!published.ok) throw new Error(`the endpoint was refused: ${await published.text()}`);
  await published.arrayBuffer();
  if (isAwaited) await waitUntilServed(platform.gatewayUrl, endpoint);
}

async function startEcho(): Promise<{ process: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [new URL('./load/echo-server.ts', import.meta.url).pathname], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { process: child, port: Number(line.toString().trim()) };
}

export async function waitUntilServed(gatewayUrl: string, endpoint: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const response = await fetch(`${gatewayUrl}/v2/models/${endpoint}/ready`);
    await response.arrayBuffer();
    if (response.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the gateway did not serve the endpoint within 30 s');
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
