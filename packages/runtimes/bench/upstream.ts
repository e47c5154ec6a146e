// What the way to another server costs beyond a bare HTTP request to it: `node packages/runtimes/bench/upstream.ts [calls a second]`.
// A stand-in for a model server runs in a process of its own; both ways take turns in the same run, at a fixed rate.
import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { type Signature, upstreamSchema } from '@switchyard/contracts';
import { Pool } from 'undici';
import { loadUpstreamModel } from '../src/upstream/index.ts';

const RATE = Number(process.argv[2] ?? 2_000);
const SECONDS = 5;
const ROUNDS = 3;
const FEATURES = 30;
const METADATA = JSON.stringify({
  name: 'm',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, FEATURES] }],
  outputs: [{ name: 'p', datatype: 'FP32', shape: [-1, 2] }],
});
const OUTPUTS = '[{"name":"p","datatype":"FP32","shape":[1,2],"data":[0.25,0.75]}]';

if (process.argv[2] === 'server') serve();
else await measure();

function serve(): void {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const body = request.url === '/v2/models/m' ? METADATA : `{"model_name":"m","outputs":${OUTPUTS}}`;
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
    });
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as { port: number }).port));
}

async function measure(): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), ['server']);
  const port = await new Promise<number>((resolve) => child.once('message', (message) => resolve(message as number)));
  const url = `http://127.0.0.1:${port}`;
  const signature: Signature = {
    features: Array.from({ length: FEATURES }, (_, index) => ({ name: `f${index}`, type: 'number' as const })),
    layout: 'single-tensor',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, FEATURES] }],
    outputs: [{ name: 'p', datatype: 'FP32', shape: [-1, 2] }],
    roles: { probabilities: 'p' },
    labels: [0, 1],
  };
  const upstream = upstreamSchema.parse({
    kind: 'open-inference',
    protocol: 'rest',
    url,
    model: 'm',
    maxConnections: 64,
  });
  const model = await loadUpstreamModel({ upstream, signature, readSecret: () => undefined });
  const pool = new Pool(url, { connections: 64, pipelining: 1 });
  const row = signature.features.map((_, index) => index / 7);
  const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, FEATURES], data: row }] });
  const bare = async (): Promise<void> => {
    const response = await pool.request({ method: 'POST', path: '/v2/models/m/infer', body });
    await response.body.text();
  };
  const viaRuntime = async (): Promise<void> => {
    await model.predict([row]);
  };
  await run(bare, 1);
  await run(viaRuntime, 1);
  console.log(
    `processor time of one call: bare ${(await processorMicros(bare)).toFixed(0)} µs, runtime ${(await processorMicros(viaRuntime)).toFixed(0)} µs`,
  );
  const bareTimes: number[] = [];
  const runtimeTimes: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    bareTimes.push(...(await run(bare, SECONDS)));
    runtimeTimes.push(...(await run(viaRuntime, SECONDS)));
  }
  console.log(`${RATE} calls/s of one row with ${FEATURES} features, ${ROUNDS} rounds of ${SECONDS} s each, in ms:`);
  const [first, second] = [percentiles(bareTimes), percentiles(runtimeTimes)];
  console.log(`bare request  p50 ${first[0]?.toFixed(3)}  p99 ${first[1]?.toFixed(3)}`);
  console.log(`runtime       p50 ${second[0]?.toFixed(3)}  p99 ${second[1]?.toFixed(3)}`);
  console.log(
    `difference    p50 ${((second[0] ?? 0) - (first[0] ?? 0)).toFixed(3)}  p99 ${((second[1] ?? 0) - (first[1] ?? 0)).toFixed(3)}`,
  );
  await Promise.all([model.close(), pool.destroy()]);
  child.kill();
}

/** What a call costs this process, the best of five: says something on a busy machine, too. */
async function processorMicros(call: () => Promise<void>): Promise<number> {
  const costs: number[] = [];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const before = process.cpuUsage();
    for (let count = 0; count < 1_000; count += 1) await call();
    const { user, system } = process.cpuUsage(before);
    costs.push((user + system) / 1_000);
  }
  return Math.min(...costs);
}

/** Open loop: calls start when their time has come, whatever has become of those before; latency counts from then. */
async function run(call: () => Promise<void>, seconds: number): Promise<number[]> {
  const times: number[] = [];
  const calls: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let sent = 0; sent < RATE * seconds; ) {
    const due = Math.min(RATE * seconds, Math.floor(((performance.now() - startedAt) / 1_000) * RATE));
    for (; sent < due; sent += 1) {
      const intended = startedAt + (sent / RATE) * 1_000;
      calls.push(call().then(() => void times.push(performance.now() - intended)));
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(calls);
  return times;
}

function percentiles(times: number[]): number[] {
  const sorted = Float64Array.from(times).sort();
  return [0.5, 0.99].map((share) => sorted[Math.floor(share * sorted.length)] ?? Number.NaN);
}
