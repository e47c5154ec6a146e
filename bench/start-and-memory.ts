import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './fixture.ts';

const CLI = fileURLToPath(new URL('../apps/cli/src/main.ts', import.meta.url));
const RATE = 40;
const WATCHED_MS = 45_000;
/** What an open dashboard asks for again and again. */
function watched(now: number): string[] {
  const range = new URLSearchParams({
    from: new Date(now - 3_600_000).toISOString(),
    to: new Date(now).toISOString(),
  });
  return [
    `overview?${range}`,
    `time-series?${range}&groupBy=model`,
    'predictions?limit=50',
    ...['status', 'alerts', 'models', 'endpoints'],
  ];
}

/**
 * Start of an existing data directory to ready, and memory while the demo replays and its dashboard is looked at: of
 * the command and every process under it, the replay included.
 * Two sums: resident memory, which counts what processes share (the same Node) once for each, and proportional set
 * size, which counts it once, but also leaves out what processes of others on this machine share.
 */
export async function measureStartAndMemory(_fixture: unknown, print: (line: string) => void) {
  const dataDir = mkdtempSync(join(tmpdir(), 'switchyard-bench-start-'));
  const [port, gatewayPort, grpcPort] = [await freePort(), await freePort(), await freePort()];
  const controlUrl = `http://127.0.0.1:${port}`;
  const demo = (): ChildProcess =>
    spawn(
      process.execPath,
      [
        ...[CLI, 'demo', '--data-dir', dataDir, '--rate', String(RATE)],
        ...['--port', String(port), '--gateway-port', String(gatewayPort), '--grpc-port', String(grpcPort)],
      ],
      { stdio: 'ignore' },
    );
  let running = demo();
  try {
    await untilReady(controlUrl, gatewayPort);
    await stop(running);
    const startedAt = performance.now();
    running = demo();
    await untilReady(controlUrl, gatewayPort);
    const readyMs = performance.now() - startedAt;
    const peak = { residentBytes: 0, proportionalBytes: 0, processes: [] as ProcessMemory[] };
    const until = performance.now() + WATCHED_MS;
    while (performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await Promise.all(watched(Date.now()).map((path) => read(`${controlUrl}/api/v1/${path}`)));
      const processes = memoryUnder(running.pid as number);
      const residentBytes = processes.reduce((sum, one) => sum + one.residentBytes, 0);
      peak.proportionalBytes = Math.max(
        peak.proportionalBytes,
        processes.reduce((sum, one) => sum + one.proportionalBytes, 0),
      );
      if (residentBytes > peak.residentBytes) Object.assign(peak, { residentBytes, processes });
    }
    const gatewayBytes = peak.processes.find(({ name }) => name.includes('gateway'))?.residentBytes ?? Number.NaN;
    const parts = peak.processes.map(({ name, residentBytes }) => `${name} ${megabytes(residentBytes)}`).join(', ');
    print(
      `start and memory           ready in ${(readyMs / 1_000).toFixed(1)} s, all processes at most ${megabytes(peak.residentBytes)} MB resident (${parts}), ${megabytes(peak.proportionalBytes)} MB proportional, while the demo runs`,
    );
    return { readyMs, gatewayBytes, ...peak };
  } finally {
    await stop(running);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** The endpoint is served, and control, which a gateway does not wait for, answers too. */
async function untilReady(controlUrl: string, gatewayPort: number): Promise<void> {
  for (const url of [`http://127.0.0.1:${gatewayPort}/v2/models/fraud/ready`, `${controlUrl}/readyz`]) {
    const deadline = performance.now() + 100_000;
    for (;;) {
      const response = await fetch(url).catch(() => undefined);
      await response?.arrayBuffer();
      if (response?.ok) break;
      if (performance.now() > deadline) throw new Error(`${url} was not ready within 100 s`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

async function read(url: string): Promise<void> {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${text}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  await ended;
}

interface ProcessMemory {
  readonly name: string;
  readonly residentBytes: number;
  readonly proportionalBytes: number;
}

/** A process and all its descendants. Those that end meanwhile are left out. */
function memoryUnder(root: number): ProcessMemory[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {}
  }
  return [...parents.keys()].flatMap((pid) => {
    let at: number | undefined = pid;
    while (at !== undefined && at !== root && at > 1) at = parents.get(at);
    if (at !== root) return [];
    try {
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      const bytesOf = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]) * 1_024;
      const [title = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const name = title.replace('switchyard: ', '').trim();
      return [{ name, residentBytes: bytesOf('Rss'), proportionalBytes: bytesOf('Pss') }];
    } catch {
      return [];
    }
  });
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
