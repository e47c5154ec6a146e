// How fast the runtime layer is, next to the bare native binding in the same run:
//   node packages/runtimes/bench/onnx.ts [file.onnx …]
import { createRequire } from 'node:module';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createOnnxWorkerPool, inspectOnnxFile, loadOnnxModel } from '@switchyard/runtimes/onnx';
import type { LoadedModel } from '../src/model-runtime.ts';
import { layOutColumns } from '../src/onnx/encode-rows.ts';
import { encodeRows } from '../src/onnx/probe-rows.ts';
import { openSession } from '../src/onnx/session.ts';

const examples = fileURLToPath(new URL('../../../examples/fraud/artifacts/', import.meta.url));
const files = process.argv.slice(2);
if (files.length === 0) {
  for (const name of ['neural-network', 'xgboost', 'random-forest']) files.push(`${examples}${name}.onnx`);
}
const runtime = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
process.stdout.write(
  `${cpus()[0]?.model}, ${availableParallelism()} processors, node ${process.version}, onnxruntime-node ${runtime.version}\n`,
);

const print = (what: string, value: number, unit: string): void => {
  process.stdout.write(`  ${what.padEnd(58)} ${Math.round(value * 10) / 10} ${unit}\n`);
};

/** The best of five, in microseconds for one of `count`: other work on the machine only ever adds. */
async function microsEach(count: number, work: () => Promise<unknown> | unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const startedAt = performance.now();
    await work();
    best = Math.min(best, ((performance.now() - startedAt) * 1000) / count);
  }
  return best;
}

async function benchModel(model: LoadedModel, row: number[]): Promise<void> {
  const one = await microsEach(2_000, async () => {
    for (let call = 0; call < 2_000; call += 1) await model.predict([row]);
  });
  print(`${model.execution}: one caller, one row a call`, one, 'µs a call');
  const many = await microsEach(64 * 100, async () => {
    for (let turn = 0; turn < 100; turn += 1) {
      await Promise.all(Array.from({ length: 64 }, () => model.predict([row])));
    }
  });
  print(`${model.execution}: 64 callers at once, one row each`, 1e6 / many, 'rows/s');
  const rows = new Array<number[]>(256).fill(row);
  const batch = await microsEach(256 * 100, async () => {
    for (let call = 0; call < 100; call += 1) await model.predict(rows);
  });
  print(`${model.execution}: 256 rows a call`, 1e6 / batch, 'rows/s');
  const inputs = encodeRows(layOutColumns(model.signature), model.signature.features, rows).map((tensor, index) => ({
    name: tensor.name,
    datatype: model.signature.inputs[index]?.datatype ?? 'FP32',
    shape: tensor.dims,
    data: tensor.values,
  }));
  const infer = await microsEach(256 * 100, async () => {
    for (let call = 0; call < 100; call += 1) await model.infer(inputs);
  });
  print(`${model.execution}: 256 rows a call as tensors`, 1e6 / infer, 'rows/s');
}

const pool = createOnnxWorkerPool();
for (const path of files) {
  process.stdout.write(`${path.split('/').at(-1)}\n`);
  const inspection = await inspectOnnxFile({ path, task: 'binary', spec: { format: 'onnx' } });
  if (!inspection.ok) {
    process.stdout.write(`  ${inspection.reason}\n`);
    continue;
  }
  const { signature } = inspection;
  const row = signature.features.map((_, index) => index / 10);
  const session = await openSession(path);
  const outputNames = signature.outputs.map((output) => output.name);
  for (const count of [1, 256]) {
    const inputs = encodeRows(layOutColumns(signature), signature.features, new Array<number[]>(count).fill(row));
    const micros = await microsEach(count * 500, () => {
      for (let run = 0; run < 500; run += 1) session.run(inputs, outputNames);
    });
    if (count === 1) print('bare runtime: one row a run', micros, 'µs a run');
    else print(`bare runtime: ${count} rows a run`, 1e6 / micros, 'rows/s');
  }
  await session.close();
  for (const execution of ['inline', 'worker'] as const) {
    const model = await loadOnnxModel({ path, signature, pool, execution });
    await benchModel(model, row);
    await model.close();
  }
}
await pool.close();
