import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { configSchema, type LogRecord } from '@switchyard/contracts';
import { listSealedSegments, readSegment, recoverPredictionLog } from '@switchyard/prediction-log';
import { processEnvironment } from '../../../cli/src/process-environment.ts';
import { INTERNAL_TOKEN } from './fake-control.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface GatewayProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Known once it is ready. */
  port(): Promise<number>;
  grpcPort(): Promise<number>;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stderr(): string;
}

/** The gateway as the supervisor starts it. */
export function spawnGateway(options: {
  dataDir: string;
  controlUrl: string;
  id?: string;
  port?: number;
  grpcPort?: number;
  reusePort?: boolean;
  nodeArguments?: readonly string[];
  cacheUrl?: string;
}): GatewayProcess {
  const settings = {
    config: configSchema.parse({
      dataDir: options.dataDir,
      gatewayPort: options.port ?? 0,
      grpcPort: options.grpcPort ?? 0,
      cacheUrl: options.cacheUrl,
    }),
    internalToken: INTERNAL_TOKEN,
    controlUrl: options.controlUrl,
    id: options.id ?? 'gateway-0',
    reusePort: options.reusePort ?? false,
    version: '0.0.0',
  };
  const child = spawn(process.execPath, [...(options.nodeArguments ?? []), MAIN, 'gateway'], {
    env: { ...processEnvironment(process.env), SWITCHYARD_PROCESS: JSON.stringify(settings) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  let stdout = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  const ended = once(child, 'exit').then(([code, signal]) => {
    if (stdout !== '') throw new Error(`the gateway printed: ${stdout}`);
    return { code, signal };
  });
  const ready = Promise.race([
    once(child, 'message').then(([message]) => message as { port: number; grpcPort: number }),
    ended.then(({ code }) => Promise.reject(new Error(`the gateway ended with ${code}: ${stderr}`))),
  ]);
  ready.catch(() => {});
  return {
    child,
    pid: child.pid as number,
    port: async () => (await ready).port,
    grpcPort: async () => (await ready).grpcPort,
    ended,
    stderr: () => stderr,
  };
}

/** Every record in the log of a data directory, after recovery, as the shipper would find it. */
export async function readLog(dataDir: string): Promise<LogRecord[]> {
  const directory = `${dataDir}/prediction-log`;
  await recoverPredictionLog(directory);
  const records: LogRecord[] = [];
  for (const segment of await listSealedSegments(directory)) {
    for await (const line of readSegment(segment.path)) {
      if (!line.ok) throw new Error(`a line of ${segment.path} cannot be read: ${line.reason}`);
      records.push(line.record);
    }
  }
  return records;
}

export interface LoadReport {
  /** Ids of predictions that were acknowledged. */
  readonly ids: string[];
  readonly statuses: Map<string, number>;
  readonly versions: Map<string, number>;
}

/** Sends single-row requests over some connections until told to stop. @param pauseMs of each after an answer */
export function startLoad(url: string, endpoint: string, instances: readonly object[], connections = 8, pauseMs = 0) {
  const report: LoadReport = { ids: [], statuses: new Map(), versions: new Map() };
  const count = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);
  let isStopped = false;
  let next = 0;
  const connection = async (): Promise<void> => {
    while (!isStopped) {
      const instance = instances[next++ % instances.length];
      try {
        const response = await fetch(`${url}/v1/models/${endpoint}:predict`, {
          method: 'POST',
          body: JSON.stringify({ instances: [instance], unit: `user-${next % 97}` }),
        });
        const body = (await response.json()) as { ids?: string[]; served?: { version: string }[]; code?: string };
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
        count(report.statuses, response.ok ? 'ok' : `${response.status} ${body.code}`);
        if (response.ok) {
          report.ids.push(...(body.ids ?? []));
          count(report.versions, body.served?.[0]?.version ?? '');
        }
      } catch (error) {
        count(report.statuses, `connection: ${(error as { cause?: { code?: string } }).cause?.code ?? error}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  };
  const running = Array.from({ length: connections }, connection);
  return {
    report,
    async stop(): Promise<LoadReport> {
      isStopped = true;
      await Promise.all(running);
      return report;
    },
  };
}
