import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { measureBatchRows } from './batch-rows.ts';
import { measureDeploy } from './deploy-under-load.ts';
import { measureEchoRatio } from './echo-ratio.ts';
import { startFixture } from './fixture.ts';
import { measureLatency, measureOverhead } from './latency.ts';
import { measureLogToQueryable } from './log-to-queryable.ts';
import { measureManyModels } from './many-models.ts';
import { measureOverload } from './overload.ts';
import { measureShadows } from './shadows.ts';
import { measureStartAndMemory } from './start-and-memory.ts';

/**
 * `npm run bench [-- name …]`: every measure (or those named) in one run, with the load generator on the same machine;
 * results are appended to bench/results/.
 */
const print = (line: string) => process.stdout.write(`${line}\n`);
const fixture = await startFixture((line) => process.stderr.write(`${line}\n`));
const results: Record<string, unknown> = {};
try {
  print(machine());
  const wanted = process.argv.slice(2);
  for (const [name, measure] of [
    ['echoRatio', measureEchoRatio],
    ['overheadAt2000PerSecond', measureOverhead],
    ['latencyAt10000PerSecond', measureLatency],
    ['logToQueryable', measureLogToQueryable],
    ['deployUnderLoad', measureDeploy],
    ['overload', measureOverload],
    ['shadows', measureShadows],
    ['batchRows', measureBatchRows],
    ['manyModels', measureManyModels],
    ['startAndMemory', measureStartAndMemory],
  ] as const) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    results[name] = await measure(fixture, print);
  }
} finally {
  await fixture.stop();
}
const entry = { at: new Date().toISOString(), machine: machine(), versions: versions(), results };
mkdirSync(new URL('./results/', import.meta.url), { recursive: true });
appendFileSync(fileURLToPath(new URL('./results/results.ndjson', import.meta.url)), `${JSON.stringify(entry)}\n`);
process.exit(0);

function machine(): string {
  const processors = cpus();
  return `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}`;
}

function versions(): Record<string, string> {
  const manifest = (name: string) =>
    (
      JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')) as {
        version: string;
      }
    ).version;
  const revision = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  return {
    switchyard: revision,
    node: process.versions.node,
    onnxruntime: manifest('onnxruntime-node'),
    chdb: manifest('chdb'),
  };
}
