// Speed and memory of drift detection:  node bench/drift/main.ts
// With DRIFT_PYTHON=/path/to/python (Evidently and SciPy installed, versions in packages/drift/parity/requirements.txt)
// the same arrays go through Evidently's default tests and SciPy in the same run.
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  assessDrift,
  buildReferenceProfile,
  createDriftWindow,
  encodeProfile,
  type FeatureValue,
  type ReferenceColumn,
} from '@switchyard/drift';
import { COLUMNS, makeColumn, writeColumns } from './data.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'switchyard-drift-'));
const lines: string[] = [];
let buildProcessorSeconds = 0;
let verdictProcessorSeconds = 0;
const row = (what: string, measured: string, target: string): void => {
  lines.push(`| ${what} | ${measured} | ${target} |`);
  console.log(`${what}: ${measured}${target ? ` (target ${target})` : ''}`);
};

try {
  writeColumns(folder);
  storeProfile();
  measureVerdict();
  measureHundredColumns();
  measureThousandFeatures();
  measureRows();
  comparePython();
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.versions.node}`;
  const text = `\n## ${new Date().toISOString().slice(0, 10)}, ${machine}\n\n| what | measured | target |\n|---|--:|--:|\n${lines.join('\n')}\n`;
  appendFileSync(join(here, 'results.md'), text);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function storeProfile(): void {
  const columns: Record<string, ReferenceColumn> = {};
  for (let k = 0; k < COLUMNS; k += 1) columns[`column${k}`] = { kind: 'numeric', values: makeColumn(k, 'reference') };
  const started = performance.now();
  const before = process.cpuUsage();
  const built = buildReferenceProfile(columns);
  const elapsed = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  if (!built.ok) throw new Error(built.needed);
  const encoded = encodeProfile(built.profile);
  if (!encoded.ok) throw new Error(encoded.needed);
  writeFileSync(join(folder, 'profile.bin'), encoded.bytes);
  buildProcessorSeconds = (user + system) / 1e6;
  row('building the profile of 1,000,000 rows × 20 columns (once)', `${(elapsed / 1000).toFixed(2)} s`, '');
  row('size of that profile', `${(encoded.bytes.length / 1024).toFixed(1)} kB`, '');
}

function measureVerdict(): void {
  const runs = Array.from({ length: 3 }, () => {
    const output = execFileSync(process.execPath, [join(here, 'verdict-process.ts'), folder], { encoding: 'utf8' });
    return JSON.parse(output) as { elapsedMs: number; processorMs: number; peakMb: number; drifted: number };
  });
  const median = runs.sort((a, b) => a.elapsedMs - b.elapsedMs)[1]!;
  verdictProcessorSeconds = runs.map(({ processorMs }) => processorMs).sort((a, b) => a - b)[1]! / 1000;
  row(
    '1,000,000 rows × 20 columns against the stored profile, median of 3',
    `${(median.elapsedMs / 1000).toFixed(3)} s`,
    '≤ 4 s',
  );
  row('processor time of that, all threads', `${verdictProcessorSeconds.toFixed(3)} s`, '≤ 4 s');
  row('peak memory of that process, 160 MB of raw columns included', `${median.peakMb.toFixed(0)} MB`, '≤ 300 MB');
  row('columns found drifted (5 are shifted by 0.1 sd)', String(median.drifted), '');
}

/** Linear in columns? The 20 arrays five times over, under 100 names; 20 and 100 columns by turns in one process. */
function measureHundredColumns(): void {
  const references = Array.from({ length: COLUMNS }, (_, k) => makeColumn(k, 'reference'));
  const currents = Array.from({ length: COLUMNS }, (_, k) => makeColumn(k, 'current'));
  const prepare = (count: number) => {
    const columns: Record<string, ReferenceColumn> = {};
    for (let k = 0; k < count; k += 1) columns[`column${k}`] = { kind: 'numeric', values: references[k % COLUMNS]! };
    const built = buildReferenceProfile(columns);
    if (!built.ok) throw new Error(built.needed);
    return () => {
      const started = performance.now();
      const before = process.cpuUsage();
      const created = createDriftWindow(built.profile);
      if (!created.ok) throw new Error(created.needed);
      for (let k = 0; k < count; k += 1) created.window.addValues(`column${k}`, currents[k % COLUMNS]!);
      const report = assessDrift(created.window);
      if (!report.ok) throw new Error(report.needed);
      const { user, system } = process.cpuUsage(before);
      return { clock: (performance.now() - started) / 1000, processor: (user + system) / 1e6 };
    };
  };
  const [narrow, wide] = [prepare(COLUMNS), prepare(5 * COLUMNS)];
  const times = Array.from({ length: 3 }, () => [narrow(), wide()] as const);
  const median = (which: 0 | 1, time: 'clock' | 'processor') =>
    times.map((pair) => pair[which][time]).sort((a, b) => a - b)[1]!;
  const clock = `${median(1, 'clock').toFixed(2)} s`;
  row('1,000,000 rows × 100 columns against a profile of 100, median of 3', clock, '≤ 20 s');
  const growth = median(1, 'processor') / median(0, 'processor');
  row('processor time of that over that of 20 columns in the same process (5 = linear)', `${growth.toFixed(2)} ×`, '');
}

function measureThousandFeatures(): void {
  const columns: Record<string, ReferenceColumn> = {};
  const base = makeColumn(0, 'reference').subarray(0, 5_000);
  for (let k = 0; k < 1_000; k += 1) {
    columns[`f${k}`] =
      k % 4 === 0
        ? { kind: 'categorical', values: Array.from(base, (value) => `c${Math.abs(Math.round(value * 3 + k)) % 10}`) }
        : { kind: 'numeric', values: base.map((value) => value * (k + 1)) };
  }
  const built = buildReferenceProfile(columns);
  if (!built.ok) throw new Error(built.needed);
  const created = createDriftWindow(built.profile);
  if (!created.ok) throw new Error(created.needed);
  for (const [name, { values }] of Object.entries(columns)) {
    created.window.addValues(name, Array.from(values as ArrayLike<FeatureValue>).slice(0, 2_000));
  }
  const times: number[] = [];
  const processorTimes: number[] = [];
  for (let run = 0; run < 12; run += 1) {
    const started = performance.now();
    const before = process.cpuUsage();
    const report = assessDrift(created.window);
    times.push(performance.now() - started);
    const { user, system } = process.cpuUsage(before);
    processorTimes.push((user + system) / 1000);
    if (!report.ok) throw new Error(report.needed);
  }
  const first = times[0]!;
  const median = (all: readonly number[]) => all.slice(1).sort((a, b) => a - b)[5]!;
  row('verdict for 1,000 features from counters, first call (cold)', `${first.toFixed(1)} ms`, '≤ 100 ms');
  row('the same, median of later calls', `${median(times).toFixed(1)} ms`, '≤ 100 ms');
  row('processor time of those, all threads', `${median(processorTimes).toFixed(1)} ms`, '≤ 100 ms');
}

function measureRows(): void {
  const columns: Record<string, ReferenceColumn> = {};
  const sources = Array.from({ length: COLUMNS }, (_, k) => makeColumn(k, 'current').subarray(0, 200_000));
  sources.forEach((values, k) => {
    columns[`column${k}`] = { kind: 'numeric', values: values.subarray(0, 20_000) };
  });
  const built = buildReferenceProfile(columns);
  if (!built.ok) throw new Error(built.needed);
  const created = createDriftWindow(built.profile);
  if (!created.ok) throw new Error(created.needed);
  const rows = Array.from({ length: 200_000 }, (_, i) =>
    Object.fromEntries(sources.map((values, k) => [`column${k}`, values[i]!])),
  );
  for (const one of rows.slice(0, 20_000)) created.window.addRow(one);
  const started = performance.now();
  for (const one of rows) created.window.addRow(one);
  const perSecond = rows.length / ((performance.now() - started) / 1000);
  row(
    'rows of 20 features counted one by one, one core',
    `${Math.round(perSecond).toLocaleString('en')} /s`,
    '≥ 200,000 /s',
  );
}

function comparePython(): void {
  const python = process.env.DRIFT_PYTHON;
  if (!python) {
    console.log('DRIFT_PYTHON is not set: Evidently and SciPy are left out.');
    return;
  }
  const script = join(here, 'side_by_side.py');
  const output = execFileSync(python, [script, folder, String(COLUMNS)], {
    encoding: 'utf8',
    maxBuffer: 1e8,
    cwd: folder,
  });
  const peers = JSON.parse(output.trim().split('\n').at(-1)!) as Record<string, number | string>;
  const versions = `Evidently ${peers.evidently}, SciPy ${peers.scipy}`;
  const [evidently, kolmogorov] = [Number(peers.evidentlyProcessor), Number(peers.kolmogorovProcessor)];
  const times = (clock: number | string | undefined, processor: number) =>
    `${Number(clock).toFixed(1)} s, ${processor.toFixed(1)} s of the processor`;
  row(
    `${versions}: Evidently's default test of each column, same arrays`,
    times(peers.evidentlySeconds, evidently),
    '',
  );
  row('SciPy ks_2samp of each column, same arrays', times(peers.kolmogorovSeconds, kolmogorov), '');
  row('peak memory of that Python process', `${Number(peers.peakMb).toFixed(0)} MB`, '');
  row('Evidently / Switchyard, processor time', `${(evidently / verdictProcessorSeconds).toFixed(0)} ×`, '≥ 10 ×');
  row('SciPy ks_2samp / Switchyard, processor time', `${(kolmogorov / verdictProcessorSeconds).toFixed(1)} ×`, '');
  row(
    'Evidently / Switchyard with the profile built anew every time, processor time',
    `${(evidently / (verdictProcessorSeconds + buildProcessorSeconds)).toFixed(1)} ×`,
    '',
  );
}
