import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What scikit-learn itself answers for some rows, by the model that all servers run. */
export interface ExpectedAnswers {
  readonly features: readonly string[];
  readonly labels: readonly string[];
  readonly rows: readonly (readonly number[])[];
  readonly probabilities: readonly (readonly number[])[];
}

export interface UpstreamServers {
  readonly mlserver: { readonly rest: string; readonly grpc: string };
  readonly mlflow: { readonly rest: string };
  /** undefined without Java. */
  readonly torchserve:
    | { readonly rest: string; readonly management: string; readonly grpc: string; readonly managementGrpc: string }
    | undefined;
  readonly expected: ExpectedAnswers;
  stop(): Promise<void>;
}

const here = fileURLToPath(new URL('.', import.meta.url));
const START_LIMIT_MS = 120_000;

/**
 * Trains one small model and starts every server with it, on free ports of this machine.
 * @param python of an environment that holds requirements.txt
 */
export async function startUpstreamServers(python: string): Promise<UpstreamServers> {
  const directory = mkdtempSync(join(tmpdir(), 'switchyard-upstreams-'));
  const servers: Server[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    execFileSync(python, [join(here, 'make_models.py'), directory], { env: environment(python), stdio: 'pipe' });
    const [mlserver, mlflow, torchserve] = await Promise.all([
      startMlserver(python, directory, servers),
      startMlflow(python, directory, servers),
      hasJava() ? startTorchserve(python, directory, servers) : undefined,
    ]);
    const expected = JSON.parse(readFileSync(join(directory, 'expected.json'), 'utf8')) as ExpectedAnswers;
    return { mlserver, mlflow, torchserve, expected, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** TorchServe is a Java program. */
export function hasJava(): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'java')));
}

async function startMlserver(
  python: string,
  directory: string,
  servers: Server[],
): Promise<UpstreamServers['mlserver']> {
  const [http, grpc, metrics] = await freePorts(3);
  const folder = join(directory, 'mlserver');
  const settings = { host: '127.0.0.1', http_port: http, grpc_port: grpc, metrics_port: metrics, parallel_workers: 0 };
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
  const server = startServer('MLServer', python, ['-m', 'mlserver.cli.main', 'start', folder], directory);
  servers.push(server);
  await server.answers(`http://127.0.0.1:${http}/v2/models/iris/ready`);
  return { rest: `http://127.0.0.1:${http}`, grpc: `grpc://127.0.0.1:${grpc}` };
}

async function startMlflow(python: string, directory: string, servers: Server[]): Promise<UpstreamServers['mlflow']> {
  const [port] = await freePorts(1);
  const options = ['--env-manager', 'local', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'];
  const parameters = ['-m', 'mlflow', 'models', 'serve', '--model-uri', join(directory, 'mlflow'), ...options];
  const server = startServer('MLflow', python, parameters, directory);
  servers.push(server);
  await server.answers(`http://127.0.0.1:${port}/ping`);
  return { rest: `http://127.0.0.1:${port}` };
}

async function startTorchserve(
  python: string,
  directory: string,
  servers: Server[],
): Promise<NonNullable<UpstreamServers['torchserve']>> {
  const [inference, management, metrics, grpc, managementGrpc] = await freePorts(5);
  const url = (port: number | undefined): string => `http://127.0.0.1:${port}`;
  const config = join(directory, 'torchserve.properties');
  const properties = {
    inference_address: url(inference),
    management_address: url(management),
    metrics_address: url(metrics),
    grpc_inference_address: '127.0.0.1',
    grpc_management_address: '127.0.0.1',
    grpc_inference_port: grpc,
    grpc_management_port: managementGrpc,
    default_workers_per_model: 1,
    disable_token_authorization: true,
    disable_system_metrics: true,
    number_of_netty_threads: 2,
    vmargs: '-Xmx256m',
  };
  writeFileSync(
    config,
    Object.entries(properties)
      .map((pair) => `${pair.join('=')}\n`)
      .join(''),
  );
  const parameters = [
    '-m',
    'ts.model_server',
    '--start',
    '--foreground',
    '--no-config-snapshots',
    '--disable-token-auth',
  ];
  parameters.push('--model-store', join(directory, 'torchserve'), '--models', 'iris=iris.mar', '--ts-config', config);
  const temporary = join(directory, 'torchserve-tmp');
  mkdirSync(temporary);
  const server = startServer('TorchServe', python, parameters, directory, {
    TEMP: temporary,
    LOG_LOCATION: temporary,
    METRICS_LOCATION: temporary,
  });
  servers.push(server);
  await server.answers(`${url(management)}/models/iris`, (body) => body.includes('"READY"'));
  return {
    rest: url(inference),
    management: url(management),
    grpc: `grpc://127.0.0.1:${grpc}`,
    managementGrpc: `grpc://127.0.0.1:${managementGrpc}`,
  };
}

interface Server {
  /** Resolves when the address answers well; rejects with what the server said when it ends or takes too long. */
  answers(address: string, isGood?: (body: string) => boolean): Promise<void>;
  stop(): Promise<void>;
}

/** In a process group of its own: these servers start others, which must not outlive them. */
function startServer(
  name: string,
  command: string,
  parameters: readonly string[],
  directory: string,
  variables: Readonly<Record<string, string>> = {},
): Server {
  const child = spawn(command, parameters, {
    cwd: directory,
    env: { ...environment(command), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-4_000);
    });
  }
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      hasEnded = true;
      resolve();
    });
  });
  return {
    async answers(address, isGood = () => true) {
      const deadline = Date.now() + START_LIMIT_MS;
      while (!hasEnded && Date.now() < deadline) {
        const body = await fetch(address, { signal: AbortSignal.timeout(5_000) }).then(
          async (response) => (response.ok ? response.text() : undefined),
          () => undefined,
        );
        if (body !== undefined && isGood(body)) return;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      throw new Error(`${name} ${hasEnded ? 'ended' : 'does not answer'}:\n${said}`);
    },
    async stop() {
      if (hasEnded || child.pid === undefined) return;
      signalGroup(child.pid, 'SIGTERM');
      const timer = setTimeout(() => signalGroup(child.pid as number, 'SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
      // Whoever of the group has not followed its leader.
      signalGroup(child.pid, 'SIGKILL');
    },
  };
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left.
  }
}

function environment(python: string): Record<string, string> {
  const binaries = dirname(python);
  const { PATH = '', HOME = '', JAVA_HOME } = process.env;
  return {
    PATH: `${binaries}${delimiter}${PATH}`,
    HOME,
    ...(JAVA_HOME === undefined ? {} : { JAVA_HOME }),
    PYTHONPATH: join(here, 'stand-ins'),
    PYTHONDONTWRITEBYTECODE: '1',
    OMP_NUM_THREADS: '1',
    MLFLOW_DISABLE_TELEMETRY: 'true',
  };
}

/** Held until all are known, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
