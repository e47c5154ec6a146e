import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';

export interface RawOptions {
  readonly modelFile: string;
  readonly input: string;
  readonly outputs: readonly string[];
  /** Rows of 32-bit floats, one after the other. */
  readonly rowsFile: string;
  readonly width: number;
  readonly batchRows: number;
  readonly seconds: number;
}

/**
 * Rows a second of ONNX Runtime alone, in a loop: the tensors are made before, nothing is parsed, logged or answered.
 * One thread, as the gateway gives every run.
 */
async function run(options: RawOptions): Promise<{ perSecond: number; perProcessorSecond: number }> {
  const { width, batchRows } = options;
  const session = await InferenceSession.create(options.modelFile, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
  });
  const bytes = readFileSync(options.rowsFile);
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const batches: Tensor[] = [];
  for (let from = 0; from + batchRows * width <= values.length; from += batchRows * width) {
    batches.push(new Tensor('float32', values.slice(from, from + batchRows * width), [batchRows, width]));
  }
  const wanted = [...options.outputs];
  for (const batch of batches) await session.run({ [options.input]: batch }, wanted);
  const before = process.cpuUsage();
  const startedAt = performance.now();
  const endsAt = startedAt + options.seconds * 1_000;
  let runs = 0;
  while (performance.now() < endsAt) {
    await session.run({ [options.input]: batches[runs % batches.length] as Tensor }, wanted);
    runs += 1;
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(before);
  const rows = runs * batchRows;
  return { perSecond: rows / seconds, perProcessorSecond: rows / ((user + system) / 1e6) };
}

if (process.argv[1] === import.meta.filename) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(process.argv[2] ?? '{}') as RawOptions))}\n`);
  process.exit(0);
}
