// Speed of Tree SHAP:  node bench/explanations/main.ts
// With EXPLANATIONS_PYTHON=/path/to/python (versions in packages/explanations/parity/requirements.txt) Python's shap
// explains the same rows of the same forest in the same run, and the values are compared.
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Answer,
  buildTreeEnsemble,
  countNodeCovers,
  interventionalTreeShap,
  pathDependentTreeShap,
  readOnnxTrees,
  type TreeDefinition,
  type TreeExplanation,
} from '@switchyard/explanations';
import { FIRST_REPLAY_ROW, readTransactions } from '../../examples/fraud/dataset.ts';
import { seededRandom } from '../../packages/metrics/simulations/random.ts';

const ROWS = 1_000;
const BACKGROUND = 100;
const here = fileURLToPath(new URL('.', import.meta.url));
const lines: string[] = [];
const row = (what: string, measured: string, target = ''): void => {
  lines.push(`| ${what} | ${measured} | ${target} |`);
  console.log(`${what}: ${measured}${target ? ` (target ${target})` : ''}`);
};

const features = [...Array.from({ length: 28 }, (_, index) => `V${index + 1}`), 'Amount'];
const transactions = readTransactions().map((one) => Float64Array.from(features, (name) => one.features[name]!));
const training = transactions.slice(0, FIRST_REPLAY_ROW);
const rows = transactions.slice(FIRST_REPLAY_ROW, FIRST_REPLAY_ROW + ROWS);
const background = Array.from(
  { length: BACKGROUND },
  (_, at) => training[Math.floor((at * training.length) / BACKGROUND)]!,
);

const { ensemble } = done(
  readOnnxTrees(readFileSync(new URL('../../examples/fraud/artifacts/random-forest.onnx', import.meta.url))),
);
const { covers } = done(countNodeCovers(ensemble, training));
const ours = {
  pathDependent: measure(() => done(pathDependentTreeShap(ensemble, rows, covers))),
  interventional: measure(() => done(interventionalTreeShap(ensemble, rows, background))),
};
row(`path-dependent, ${ROWS} rows of the fraud forest (60 trees, depth 8)`, seconds(ours.pathDependent.ms));
row(`interventional, the same rows, ${BACKGROUND} background rows`, seconds(ours.interventional.ms));
measureOneRow();
comparePython();
const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.versions.node}`;
const heading = `\n## ${new Date().toISOString().slice(0, 10)}, ${machine}\n\n| what | measured | target |\n|---|--:|--:|\n`;
appendFileSync(join(here, 'results.md'), `${heading}${lines.join('\n')}\n`);

function done<T>(answer: Answer<T>): T {
  if (!answer.ok) throw new Error(`${answer.needed}: ${answer.have}`);
  return answer;
}

/** Median processor time (all threads of this process) of some runs, after some that warm up. */
function measure<T>(run: () => T, runs = 5): { readonly ms: number; readonly result: T } {
  let result = run();
  for (let warm = 1; warm < runs; warm += 1) result = run();
  const times = Array.from({ length: runs }, () => {
    const before = process.cpuUsage();
    result = run();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return { ms: times.sort((a, b) => a - b)[Math.floor(runs / 2)]!, result };
}

function seconds(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

/** One row at a time, everything prepared anew: 100 full trees of depth 6. */
function measureOneRow(): void {
  const random = seededRandom(1);
  const grow = (depth: number): TreeDefinition =>
    depth === 0
      ? { values: [random.normal()] }
      : {
          feature: random.below(20),
          threshold: random.normal() / 2,
          whenTrue: grow(depth - 1),
          whenFalse: grow(depth - 1),
        };
  const trees = Array.from({ length: 100 }, () => grow(6));
  const made = done(buildTreeEnsemble(trees, { featureCount: 20 })).ensemble;
  const draw = (count: number) =>
    Array.from({ length: count }, () => Array.from({ length: 20 }, () => random.normal()));
  const others = draw(BACKGROUND);
  const counted = done(countNodeCovers(made, draw(2_000))).covers;
  const one = draw(1);
  const path = measure(() => done(pathDependentTreeShap(made, one, counted)), 30);
  const interventional = measure(() => done(interventionalTreeShap(made, one, others)), 30);
  row('one row, 100 full trees of depth 6, path-dependent', seconds(path.ms), '≤ 2 ms');
  row(`the same, interventional, ${BACKGROUND} background rows`, seconds(interventional.ms), '≤ 50 ms');
  const many = draw(ROWS);
  row(
    `the same trees, path-dependent, per row of ${ROWS}`,
    seconds(measure(() => done(pathDependentTreeShap(made, many, counted))).ms / ROWS),
    '≤ 2 ms',
  );
}

function comparePython(): void {
  const python = process.env.EXPLANATIONS_PYTHON;
  if (!python) {
    console.log('EXPLANATIONS_PYTHON is not set: shap is left out.');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'switchyard-explanations-'));
  try {
    const output = execFileSync(python, [join(here, 'side_by_side.py'), String(ROWS), String(BACKGROUND), folder], {
      encoding: 'utf8',
      maxBuffer: 1e8,
      cwd: folder,
    });
    const peer = JSON.parse(output.trim().split('\n').at(-1)!) as Record<string, number | string>;
    for (const kind of ['pathDependent', 'interventional'] as const) {
      const theirs = Number(peer[`${kind}Seconds`]) * 1000;
      const name = kind === 'pathDependent' ? 'path-dependent' : 'interventional';
      row(`shap ${peer.shap}, ${name}, same rows, same trees`, seconds(theirs));
      row(`shap / Switchyard, time, ${name}`, `${(theirs / ours[kind].ms).toFixed(2)} ×`);
      row(`largest difference, ${name}`, difference(ours[kind].result, join(folder, `${kind}.f64`)).toExponential(1));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function difference(explained: TreeExplanation, path: string): number {
  const bytes = readFileSync(path);
  let largest = 0;
  explained.values.forEach(([values], at) => {
    values!.forEach((value, feature) => {
      const other = bytes.readDoubleLE((at * values!.length + feature) * 8);
      largest = Math.max(largest, Math.abs(value - other));
    });
  });
  return largest;
}
