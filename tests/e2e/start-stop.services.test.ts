import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Config } from '@switchyard/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { readTransactions } from '../../examples/fraud/dataset.ts';
import { ENDPOINT, setUpFraudExample } from '../../examples/fraud/setup.ts';
import { startLoad } from './background-load.ts';
import { freshConfig, listAllPredictions, removeDataDirectory, waitFor } from './harness.ts';

const cli = fileURLToPath(new URL('../../apps/cli/src/main.ts', import.meta.url));
const gatewayMain = fileURLToPath(new URL('../../apps/gateway/src/main.ts', import.meta.url));
const bodies = readTransactions(6_340)
  .slice(0, 100)
  .map(({ features }) => ({ instances: [features] }));

interface Started {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly exit: Promise<number | null>;
}
const running: Started[] = [];

function runCli(...args: string[]): Started {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  const started = { process: child, output: () => output, exit };
  running.push(started);
  return started;
}

const flagsOf = (config: Config) => [
  '--data-dir',
  config.dataDir,
  '--port',
  String(config.port),
  '--gateway-port',
  String(config.gatewayPort),
  '--grpc-port',
  String(config.grpcPort),
];
const asPlatform = (config: Config) => ({
  controlUrl: `http://127.0.0.1:${config.port}`,
  gatewayUrl: `http://127.0.0.1:${config.gatewayPort}`,
});

async function startedCli(config: Config): Promise<Started> {
  const started = runCli('start', ...flagsOf(config));
  await waitFor(
    'the platform says it is ready',
    async () => (started.output().includes('Ready after') ? true : undefined),
    60_000,
  );
  return started;
}

/** Every process that has a file of the data directory open. */
function processesOf(dataDir: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readdirSync(`/proc/${pid}/fd`).some((file) => linkOf(`/proc/${pid}/fd/${file}`).startsWith(dataDir));
    } catch {
      return false;
    }
  });
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        // The name of the command, in brackets, may hold anything.
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      } catch {
        return false;
      }
    });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

afterEach(() => {
  for (const { process: child } of running.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

describe('switchyard start', () => {
  it('stops on Ctrl-C with nothing left running and nothing lost, and starts again on the same directory', async () => {
    const config = await freshConfig();
    const first = await startedCli(config);
    const children = childrenOf(first.process.pid as number);
    expect(children.length, 'control and gateway').toBeGreaterThanOrEqual(2);
    const { controlUrl, gatewayUrl } = asPlatform(config);
    await setUpFraudExample(controlUrl, () => {});
    await waitFor('served', async () =>
      (await fetch(`${gatewayUrl}/v2/models/${ENDPOINT}/ready`)).ok ? true : undefined,
    );
    const load = startLoad(() => `${gatewayUrl}/v1/models/${ENDPOINT}:predict`, bodies, 4);
    await sleep(1_000);
    first.process.kill('SIGINT');
    expect(await first.exit).toBe(0);
    const books = await load.stop();
    expect(processesOf(config.dataDir)).toEqual([]);
    expect(children.filter(isAlive)).toEqual([]);
    expect([...books.refused.keys()].filter((status) => status !== 503)).toEqual([]);

    const second = await startedCli(config);
    const known = await waitFor('everything acknowledged is queryable', async () => {
      const ids = new Set((await listAllPredictions(asPlatformFor(config))).map((prediction) => prediction.id));
      return books.acknowledged.every((id) => ids.has(id)) ? ids : undefined;
    });
    expect(known.size).toBeGreaterThanOrEqual(books.acknowledged.length);
    second.process.kill('SIGTERM');
    expect(await second.exit).toBe(0);
    removeDataDirectory(config);
  });

  it('refuses a second start on the same data directory, and says who holds it', async () => {
    const config = await freshConfig();
    const first = await startedCli(config);
    const other = await freshConfig({ dataDir: config.dataDir });
    const second = runCli('start', ...flagsOf(other));
    expect(await second.exit).toBe(1);
    expect(second.output()).toContain(`is in use by a running Switchyard (process ${first.process.pid})`);
    expect((await fetch(`http://127.0.0.1:${config.gatewayPort}/healthz`)).status).toBe(200);
    first.process.kill('SIGTERM');
    expect(await first.exit).toBe(0);
    removeDataDirectory(config);
  });

  it('leaves nothing behind when a port is taken, and names it', async () => {
    const holder = await freshConfig();
    const first = await startedCli(holder);
    const config = await freshConfig({ port: holder.port });
    const second = runCli('start', ...flagsOf(config));
    expect(await second.exit).toBe(1);
    expect(second.output()).toContain(String(holder.port));
    expect(processesOf(config.dataDir)).toEqual([]);
    first.process.kill('SIGTERM');
    await first.exit;
    removeDataDirectory(holder);
    removeDataDirectory(config);
  });

  it('ends its processes even when the supervisor itself is killed', async () => {
    const config = await freshConfig();
    const first = await startedCli(config);
    const children = childrenOf(first.process.pid as number);
    first.process.kill('SIGKILL');
    await first.exit;
    await waitFor('no process is left', async () =>
      processesOf(config.dataDir).length === 0 && !children.some(isAlive) ? true : undefined,
    );
    const second = await startedCli(config);
    second.process.kill('SIGTERM');
    expect(await second.exit).toBe(0);
    removeDataDirectory(config);
  });
});

describe('gateway alone', () => {
  it('starts from its cached snapshot when control is not there', async () => {
    const config = await freshConfig();
    const first = await startedCli(config);
    const { controlUrl, gatewayUrl } = asPlatform(config);
    await setUpFraudExample(controlUrl, () => {});
    await waitFor('served', async () =>
      (await fetch(`${gatewayUrl}/v2/models/${ENDPOINT}/ready`)).ok ? true : undefined,
    );
    first.process.kill('SIGTERM');
    await first.exit;

    const settings = {
      config,
      internalToken: 'x'.repeat(64),
      controlUrl,
      id: 'gateway-0',
      reusePort: false,
      version: '0',
    };
    const gateway = spawn(process.execPath, [gatewayMain, 'gateway', 'gateway-0'], {
      env: { ...process.env, SWITCHYARD_PROCESS: JSON.stringify(settings) },
      stdio: 'ignore',
    });
    try {
      const answer = await waitFor('it answers', async () => {
        const response = await fetch(`${gatewayUrl}/v1/models/${ENDPOINT}:predict`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(bodies[0]),
        });
        return response.ok ? ((await response.json()) as { ids: string[] }) : undefined;
      });
      expect(answer.ids).toHaveLength(1);
    } finally {
      gateway.kill('SIGTERM');
      await once(gateway, 'exit');
    }
    removeDataDirectory(config);
  });
});

describe('switchyard doctor', () => {
  it('finds everything in order on a free directory', async () => {
    const config = await freshConfig();
    const output = execFileSync(process.execPath, [cli, 'doctor', ...flagsOf(config)], { encoding: 'utf8' });
    expect(output).toContain('Everything a start needs is there.');
    removeDataDirectory(config);
  });
});

function asPlatformFor(config: Config) {
  return asPlatform(config) as unknown as Parameters<typeof listAllPredictions>[0];
}
