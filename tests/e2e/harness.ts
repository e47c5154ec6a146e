import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Config,
  configSchema,
  type PlatformStatus,
  type PredictionSummary,
  type PredictResponse,
} from '@switchyard/contracts';
import { type Platform, startPlatform } from '../../apps/cli/src/platform.ts';

export interface RunningPlatform extends Platform {
  readonly config: Config;
  readonly lines: readonly string[];
}

/** Settings for a platform of the test's own: free ports, a fresh directory. */
export async function freshConfig(changes: Partial<Config> = {}): Promise<Config> {
  const [port, gatewayPort, grpcPort] = [await freePort(), await freePort(), await freePort()];
  const dataDir = mkdtempSync(join(tmpdir(), 'switchyard-e2e-'));
  return configSchema.parse({ dataDir, port, gatewayPort, grpcPort, ...changes });
}

/** The real platform: supervisor, control and gateways as processes. */
export async function runPlatform(config: Config): Promise<RunningPlatform> {
  const lines: string[] = [];
  const platform = await startPlatform({ config, print: (line) => lines.push(line), minimumLevel: 30 });
  return { ...platform, config, lines };
}

export function removeDataDirectory(config: Config): void {
  rmSync(config.dataDir, { recursive: true, force: true });
}

export async function api<T>(platform: Platform, path: string, init?: { method?: string; body?: unknown }): Promise<T> {
  const response = await fetch(`${platform.controlUrl}/api/v1${path}`, {
    method: init?.method ?? 'GET',
    ...(init?.body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(init.body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${init?.method ?? 'GET'} ${path}: ${response.status} ${text.slice(0, 500)}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

export async function predict(platform: Platform, endpoint: string, body: unknown): Promise<PredictResponse> {
  const response = await fetch(`${platform.gatewayUrl}/v1/models/${endpoint}:predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`predict: ${response.status} ${text.slice(0, 500)}`);
  return JSON.parse(text) as PredictResponse;
}

export async function sendFeedback(platform: Platform, items: readonly unknown[]): Promise<Response> {
  return fetch(`${platform.gatewayUrl}/v1/feedback`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(items),
  });
}

/** Every prediction the API lists, through all pages. */
export async function listAllPredictions(platform: Platform, query = ''): Promise<PredictionSummary[]> {
  const all: PredictionSummary[] = [];
  let cursor: string | undefined;
  do {
    const page = await api<{ items: PredictionSummary[]; nextCursor?: string }>(
      platform,
      `/predictions?limit=1000${query}${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    all.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return all;
}

export async function waitFor<T>(what: string, attempt: () => Promise<T | undefined>, timeoutMs = 30_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const value = await attempt();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    await sleep(100);
  }
  throw new Error(`${what}: not within ${timeoutMs} ms${last === undefined ? '' : ` (${String(last)})`}`);
}

/** Until every gateway process serves the newest snapshot, with the endpoint in it. */
export async function waitUntilServed(platform: Platform, endpoint: string): Promise<void> {
  await waitFor(`${endpoint} is served by every gateway`, async () => {
    const { gateways, snapshot } = await api<PlatformStatus>(platform, '/status');
    const live = gateways.filter((gateway) => gateway.reachable);
    const current = live.length > 0 && live.every((gateway) => gateway.snapshot?.hash === snapshot.hash);
    const response = await fetch(`${platform.gatewayUrl}/v2/models/${endpoint}/ready`);
    await response.arrayBuffer();
    return current && response.ok ? true : undefined;
  });
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

/** mulberry32: the same numbers for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
