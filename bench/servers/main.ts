// The same ONNX model, the same row, the same generator, one after the other in one run: Switchyard (one gateway process,
// everything switched on, every answer logged) beside MLServer, MLflow, BentoML and TorchServe (one worker each).
// node bench/servers/main.ts FOLDER
// with one Python environment a server in the folder, made from bench/servers/requirements/*.txt; TorchServe needs Java.
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Fixture, freePort, publish, startFixture } from '../fixture.ts';
import type { LoadResult } from '../load/generator.ts';
import { runLoad } from '../load/run-load.ts';

interface Candidate {
  readonly name: string;
  readonly port: number;
  readonly path: string;
  readonly bodiesFile: string;
  stop(): void;
}

const here = fileURLToPath(new URL('.', import.meta.url));
const environments = process.argv[2] ?? '.venvs';
const pythonOf = (server: string) => join(environments, server, 'bin/python');
const model = fileURLToPath(new URL('../../examples/fraud/artifacts/neural-network.onnx', import.meta.url));
const CONNECTIONS = 64;
const ROUNDS = 3;

const directory = mkdtempSync(join(tmpdir(), 'switchyard-bench-servers-'));
const fixture: Fixture = await startFixture(() => {});
await publish(fixture.platform, 'one-model', { kind: 'model', model: 'neural-network', alias: 'champion' });
const instances = readFileSync(fixture.bodiesFile, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => (JSON.parse(line) as { instances: Record<string, number>[] }).instances[0] as Record<string, number>);
const metadata = (await (await fetch(`${fixture.platform.gatewayUrl}/v2/models/one-model`)).json()) as {
  inputs: { name: string }[];
};
const names = metadata.inputs.map(({ name }) => name);
const rows = instances.map((instance) => names.map((name) => instance[name] as number));
const bodies = (name: string, make: (row: number[]) => unknown): string => {
  const file = join(directory, `${name}.ndjson`);
  writeFileSync(file, `${rows.map((row) => JSON.stringify(make(row))).join('\n')}\n`);
  return file;
};
const tensor = (name: string) => (row: number[]) => ({
  inputs: [{ name, shape: [1, row.length], datatype: 'FP32', data: row }],
});
const inputName = JSON.parse(
  execFileSync(
    pythonOf('mlserver'),
    ['-c', `import onnx,json;print(json.dumps(onnx.load(${JSON.stringify(model)}).graph.input[0].name))`],
    {
      encoding: 'utf8',
    },
  ),
) as string;

const candidates: (() => Promise<Candidate>)[] = [
  async () => ({
    name: 'Switchyard, JSON',
    port: fixture.gatewayPort,
    path: '/v1/models/one-model:predict',
    bodiesFile: bodies('switchyard', (row) => ({ instances: [row] })),
    stop: () => {},
  }),
  async () => ({
    name: 'Switchyard, Open Inference Protocol',
    port: fixture.gatewayPort,
    path: '/v2/models/one-model/infer',
    bodiesFile: bodies('switchyard-v2', tensor(inputName)),
    stop: () => {},
  }),
  async () => {
    const folder = join(directory, 'mlserver');
    mkdirSync(folder);
    const [http, grpc, metrics] = [await freePort(), await freePort(), await freePort()];
    writeFileSync(
      join(folder, 'settings.json'),
      JSON.stringify({
        host: '127.0.0.1',
        http_port: http,
        grpc_port: grpc,
        metrics_port: metrics,
        parallel_workers: 0,
      }),
    );
    writeFileSync(
      join(folder, 'model-settings.json'),
      JSON.stringify({ name: 'fraud', implementation: 'mlserver_runtime.OnnxModel', parameters: { uri: model } }),
    );
    const stop = await start(
      'mlserver',
      ['-m', 'mlserver.cli.main', 'start', folder],
      `http://127.0.0.1:${http}/v2/models/fraud/ready`,
    );
    return {
      name: 'MLServer',
      port: http,
      path: '/v2/models/fraud/infer',
      bodiesFile: bodies('mlserver', tensor(inputName)),
      stop,
    };
  },
  async () => {
    const folder = join(directory, 'mlflow');
    execFileSync(pythonOf('mlflow'), [join(here, 'save_mlflow_model.py'), model, folder], {
      env: environment('mlflow'),
      stdio: 'pipe',
    });
    const port = await freePort();
    const stop = await start(
      'mlflow',
      [
        '-m',
        'mlflow',
        'models',
        'serve',
        '--model-uri',
        folder,
        '--env-manager',
        'local',
        '--host',
        '127.0.0.1',
        '--port',
        String(port),
        '--workers',
        '1',
      ],
      `http://127.0.0.1:${port}/ping`,
    );
    return {
      name: 'MLflow',
      port,
      path: '/invocations',
      bodiesFile: bodies('mlflow', (row) => ({ inputs: [row] })),
      stop,
    };
  },
  async () => {
    const port = await freePort();
    const stop = await start(
      'bentoml',
      ['-m', 'bentoml', 'serve', 'bento_service:Fraud', '--host', '127.0.0.1', '--port', String(port)],
      `http://127.0.0.1:${port}/readyz`,
    );
    return { name: 'BentoML', port, path: '/predict', bodiesFile: bodies('bentoml', (row) => ({ rows: [row] })), stop };
  },
  async () => {
    const store = join(directory, 'torchserve');
    mkdirSync(store);
    execFileSync(
      join(dirname(pythonOf('torchserve')), 'torch-model-archiver'),
      [
        '--model-name',
        'fraud',
        '--version',
        '1',
        '--handler',
        join(here, 'torchserve_handler.py'),
        '--export-path',
        store,
      ],
      { env: environment('torchserve'), stdio: 'pipe' },
    );
    const [inference, management, metrics] = [await freePort(), await freePort(), await freePort()];
    const config = join(directory, 'torchserve.properties');
    writeFileSync(
      config,
      [
        `inference_address=http://127.0.0.1:${inference}`,
        `management_address=http://127.0.0.1:${management}`,
        `metrics_address=http://127.0.0.1:${metrics}`,
        `grpc_inference_port=${await freePort()}`,
        `grpc_management_port=${await freePort()}`,
        'default_workers_per_model=1',
        'disable_token_authorization=true',
        'disable_system_metrics=true',
        'job_queue_size=1000',
        '',
      ].join('\n'),
    );
    const stop = await start(
      'torchserve',
      [
        '-m',
        'ts.model_server',
        '--start',
        '--foreground',
        '--no-config-snapshots',
        '--disable-token-auth',
        '--model-store',
        store,
        '--models',
        'fraud=fraud.mar',
        '--ts-config',
        config,
      ],
      `http://127.0.0.1:${management}/models/fraud`,
      (body) => body.includes('"READY"'),
    );
    return {
      name: 'TorchServe',
      port: inference,
      path: '/predictions/fraud',
      bodiesFile: bodies('torchserve', (row) => ({ rows: [row] })),
      stop,
    };
  },
];

const results: { name: string; result: LoadResult }[] = [];
try {
  for (const make of candidates) {
    let candidate: Candidate;
    try {
      candidate = await make();
    } catch (error) {
      console.log(`left out: ${error instanceof Error ? error.message.slice(0, 400) : String(error)}`);
      continue;
    }
    const rounds: LoadResult[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      rounds.push(
        await runLoad({
          host: '127.0.0.1',
          port: candidate.port,
          path: candidate.path,
          bodiesFile: candidate.bodiesFile,
          connections: CONNECTIONS,
          seconds: 5,
          warmUpSeconds: round === 0 ? 3 : 1,
        }),
      );
    }
    candidate.stop();
    const result = rounds.sort((a, b) => a.perSecond - b.perSecond)[Math.floor(ROUNDS / 2)] as LoadResult;
    results.push({ name: candidate.name, result });
    console.log(
      `${candidate.name.padEnd(38)} ${result.perSecond.toFixed(0).padStart(7)}/s  p50 ${result.latencyMs.p50.toFixed(1)} ms  p99 ${result.latencyMs.p99.toFixed(1)} ms  failed ${result.failed}`,
    );
  }
  const best = (ours: boolean) =>
    results
      .filter(({ name }) => name.startsWith('Switchyard') === ours)
      .sort((a, b) => b.result.perSecond - a.result.perSecond)[0];
  const [ours, theirs] = [best(true), best(false)];
  if (ours !== undefined && theirs !== undefined) {
    console.log(
      `${(ours.result.perSecond / theirs.result.perSecond).toFixed(1)} × the best of the others, ${theirs.name}`,
    );
  }
  const file = fileURLToPath(new URL('../results/servers.ndjson', import.meta.url));
  mkdirSync(dirname(file), { recursive: true });
  const entry = {
    at: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
    connections: CONNECTIONS,
    results,
  };
  appendFileSync(file, `${JSON.stringify(entry)}\n`);
} finally {
  await fixture.stop();
  rmSync(directory, { recursive: true, force: true });
}
process.exit(0);

function environment(server: string): Record<string, string> {
  return {
    PATH: `${dirname(pythonOf(server))}${delimiter}${process.env.PATH ?? ''}`,
    HOME: process.env.HOME ?? directory,
    MODEL_FILE: model,
    OMP_NUM_THREADS: '1',
    MLFLOW_DISABLE_TELEMETRY: 'true',
    BENTOML_DO_NOT_TRACK: 'True',
    PYTHONDONTWRITEBYTECODE: '1',
    TEMP: directory,
    LOG_LOCATION: directory,
    METRICS_LOCATION: directory,
    // TorchServe's launcher imports torch; nothing here computes with it.
    PYTHONPATH: [here, fileURLToPath(new URL('../../scripts/upstream-servers/stand-ins', import.meta.url))]
      .filter((path) => existsSync(path))
      .join(delimiter),
  };
}

/** Starts a server in a process group of its own; gives what ends it. */
async function start(
  server: string,
  args: string[],
  address: string,
  isGood: (body: string) => boolean = () => true,
): Promise<() => void> {
  const child = spawn(pythonOf(server), args, {
    cwd: here,
    env: environment(server),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-2_000);
    });
  }
  const stop = () => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {}
  };
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline && child.exitCode === null) {
    const body = await fetch(address).then(
      async (response) => (response.ok ? response.text() : undefined),
      () => undefined,
    );
    if (body !== undefined && isGood(body)) return stop;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  stop();
  throw new Error(`${args[1]} does not answer: ${said}`);
}
