import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startFakeControl } from '../apps/gateway/test/support/fake-control.ts';
import {
  type FraudModel,
  inspectFraudModel,
  servedEndpoint,
  servedModel,
} from '../apps/gateway/test/support/fraud-models.ts';
import { spawnGateway } from '../apps/gateway/test/support/gateway-process.ts';
import { readTransactions } from '../examples/fraud/dataset.ts';
import type { RawOptions } from '../packages/runtimes/bench/raw-onnx.ts';
import type { LoadOptions } from './load/generator.ts';
import { runLoad } from './load/run-load.ts';

const BATCH_ROWS = 256;
const BATCHES = 12;
const ROUNDS = 3;
const SECONDS = 4;
/** Of /proc, in which Linux counts processor time. */
const TICKS_PER_SECOND = 100;
const CONNECTIONS = 16;
const WARM_UP_REQUESTS = 1_000;
const MODELS: readonly FraudModel[] = ['xgboost', 'neural-network'];

const execute = promisify(execFile);

/**
 * Rows a second with binary tensors of the Open Inference Protocol, 256 rows a request, every row logged with all its
 * features, against ONNX Runtime alone on the same arrays: in turn, several rounds, the median of the ratios.
 * For each model as it is (its own tensors) and as an endpoint (features checked, decided, logged with the decision).
 * ONNX Runtime has the same rows in the same batches, the same options and one thread, is awaited through its public
 * interface, and has the machine for itself; the gateway shares it with the load generator. Beside them, what node:http
 * reaches with the same bytes and nothing to do: where a model takes less time than its bytes, that is the limit.
 * The gateway writes its log to disk; nothing ships it meanwhile, because how fast it becomes queryable is another row.
 */
export async function measureBatchRows(_fixture: unknown, print: (line: string) => void) {
  const directory = mkdtempSync(join(tmpdir(), 'switchyard-batch-rows-'));
  const artifacts = await Promise.all(MODELS.map(inspectFraudModel));
  const control = await startFakeControl(new Map(artifacts.map(({ sha256, path }) => [sha256, path])));
  control.publish({
    models: Object.fromEntries(
      MODELS.map((name, index) => [name, servedModel(name, { '1': artifacts[index]! }, { champion: '1' })]),
    ),
    endpoints: Object.fromEntries(
      MODELS.map((name) => [
        `endpoint-${name}`,
        servedEndpoint(`endpoint-${name}`, { kind: 'model', model: name, alias: 'champion' }),
      ]),
    ),
    keepWarm: [],
  });
  const gateway = spawnGateway({ dataDir: join(directory, 'data'), controlUrl: control.url });
  try {
    const port = await gateway.port();
    const results: Record<string, unknown> = {};
    for (const [index, name] of MODELS.entries()) {
      const { path, signature } = artifacts[index]!;
      const input = signature.inputs[0]!.name;
      const names = signature.features.map((feature) => feature.name);
      const values = Float32Array.from(
        readTransactions(6_340)
          .slice(0, BATCH_ROWS * BATCHES)
          .flatMap(({ features }) => names.map((feature) => features[feature] as number)),
      );
      const rowsFile = join(directory, `${name}.rows`);
      writeFileSync(rowsFile, Buffer.from(values.buffer));
      const { bodiesFile, headerLength } = writeBodies(directory, name, input, values, names.length);
      const rounds: Record<Kind | 'raw', Rate>[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const raw = await runRaw({
          modelFile: path,
          input,
          outputs: signature.outputs.map((output) => output.name),
          rowsFile,
          width: names.length,
          batchRows: BATCH_ROWS,
          seconds: SECONDS,
        });
        const load = {
          host: '127.0.0.1',
          port,
          bodiesFile,
          isBase64: true,
          headers: { 'inference-header-content-length': String(headerLength) },
          connections: CONNECTIONS,
          seconds: SECONDS,
          warmUpSeconds: 0,
        };
        const [toModel, toEndpoint] = [name, `endpoint-${name}`].map((target) => ({
          ...load,
          path: `/v2/models/${target}/infer`,
        })) as unknown as [LoadOptions, LoadOptions];
        if (round === 0) for (const options of [toModel, toEndpoint]) await warmUp(options);
        const model = await loadAndCount(gateway.pid, toModel);
        const endpoint = await loadAndCount(gateway.pid, toEndpoint);
        const transport = await measureTransport(toEndpoint);
        rounds.push({ raw, model, endpoint, transport });
      }
      const ratio = (kind: Kind, of: keyof Rate) => median(rounds.map((round) => round[kind][of] / round.raw[of]));
      const ratiosOf = (of: keyof Rate) => Object.fromEntries(KINDS.map((kind) => [kind, ratio(kind, of)]));
      results[name] = {
        ratio: ratiosOf('perSecond'),
        ratioPerProcessorSecond: ratiosOf('perProcessorSecond'),
        rounds,
      };
      const rateOf = (kind: Kind | 'raw') => median(rounds.map((round) => round[kind].perSecond)).toFixed(0);
      for (const kind of KINDS) {
        print(
          `batch rows ${name.padEnd(15)} ${ratio(kind, 'perSecond').toFixed(2)} of ONNX Runtime ${WHAT[kind]}, ` +
            `${ratio(kind, 'perProcessorSecond').toFixed(2)} by processor time (${rateOf(kind)} of ${rateOf('raw')} rows/s)`,
        );
      }
    }
    return { ...results, batchRows: BATCH_ROWS, connections: CONNECTIONS };
  } finally {
    gateway.child.kill('SIGTERM');
    await gateway.ended;
    await control.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function writeBodies(directory: string, name: string, input: string, values: Float32Array, width: number) {
  const batchValues = BATCH_ROWS * width;
  const header = Buffer.from(
    JSON.stringify({
      parameters: { binary_data_output: true },
      inputs: [
        {
          name: input,
          datatype: 'FP32',
          shape: [BATCH_ROWS, width],
          parameters: { binary_data_size: batchValues * 4 },
        },
      ],
    }),
  );
  const bodies = Array.from({ length: BATCHES }, (_, batch) => {
    const part = values.slice(batch * batchValues, (batch + 1) * batchValues);
    return Buffer.concat([header, Buffer.from(part.buffer)]).toString('base64');
  });
  const bodiesFile = join(directory, `${name}.bodies`);
  writeFileSync(bodiesFile, `${bodies.join('\n')}\n`);
  return { bodiesFile, headerLength: header.length };
}

const KINDS = ['model', 'endpoint', 'transport'] as const;
type Kind = (typeof KINDS)[number];
const WHAT: Readonly<Record<Kind, string>> = {
  model: 'as a model',
  endpoint: 'as an endpoint',
  transport: 'by node:http alone with the same bytes',
};

/** Rows a second, and rows a second of processor time, which other work on the machine does not change. */
interface Rate {
  readonly perSecond: number;
  readonly perProcessorSecond: number;
}

/** By number, not by time: on a busy machine a second is too short for the code to be compiled. */
async function warmUp(options: LoadOptions): Promise<void> {
  for (let requests = 0; requests < WARM_UP_REQUESTS; ) {
    requests += (await runLoad({ ...options, seconds: 1, warmUpSeconds: 0 })).requests;
  }
}

async function loadAndCount(pid: number, options: LoadOptions): Promise<Rate> {
  const before = processorSeconds(pid);
  const { requests, perSecond, failed } = await runLoad({ ...options, warmUpSeconds: 0 });
  const used = processorSeconds(pid) - before;
  // What is refused or late answers no rows; more than a few mean that something else is wrong.
  if (failed > requests / 50) throw new Error(`${failed} of ${requests} requests failed`);
  const answeredRows = (requests - failed) * BATCH_ROWS;
  return { perSecond: (perSecond / requests) * answeredRows, perProcessorSecond: answeredRows / used };
}

/** The most that any server of this kind can reach: the same bytes there and back, and nothing done with them. */
async function measureTransport(options: LoadOptions): Promise<Rate> {
  const [body = ''] = readFileSync(options.bodiesFile, 'utf8').split('\n', 1);
  const response = await fetch(`http://${options.host}:${options.port}${options.path}`, {
    method: 'POST',
    body: Buffer.from(body, 'base64'),
    headers: options.headers ?? {},
  });
  const bytes = (await response.arrayBuffer()).byteLength;
  const script = new URL('./load/sink-server.ts', import.meta.url).pathname;
  const server = spawn(process.execPath, [script, String(bytes)], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [port] = (await once(server.stdout, 'data')) as [Buffer];
    const own = { ...options, port: Number(port.toString()) };
    await runLoad({ ...own, seconds: 1 });
    return await loadAndCount(server.pid as number, own);
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
}

/** What a process has used so far, all its threads together. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function runRaw(options: RawOptions): Promise<Rate> {
  const script = new URL('../packages/runtimes/bench/raw-onnx.ts', import.meta.url).pathname;
  const { stdout } = await execute(process.execPath, [script, JSON.stringify(options)]);
  return JSON.parse(stdout) as Rate;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

// `node bench/batch-rows.ts` measures this alone.
if (process.argv[1] === import.meta.filename) {
  await measureBatchRows(undefined, (line) => process.stdout.write(`${line}\n`));
  process.exit(0);
}
