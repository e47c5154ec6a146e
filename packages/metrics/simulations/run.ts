// Runs every simulation and writes simulations/results.md. From the repository: node packages/metrics/simulations/run.ts
import { writeFileSync } from 'node:fs';
import { delaysAndSegments } from './delays-and-segments.ts';
import { estimationError } from './estimation-error.ts';
import { intervalCoverage } from './interval-coverage.ts';
import { missInErrors, type SimulationRow } from './row.ts';

const RUNS = 4000;

const digits = (value: number) => (value !== 0 && Math.abs(value) < 5e-5 ? value.toExponential(0) : value.toFixed(4));

function table(rows: readonly SimulationRow[]): string {
  const line = (row: SimulationRow) => {
    const { what, setting, measured, monteCarloError, target, runs, note = '' } = row;
    const verdict = missInErrors(row) === 0 ? 'yes' : missInErrors(row) <= 2 ? 'within 2 errors' : '**no**';
    return `| ${what} | ${setting} | ${digits(measured)} | ${digits(monteCarloError)} | ${target[0]} to ${target[1]} | ${verdict} | ${runs} | ${note} |`;
  };
  const head =
    '| what | setting | measured | Monte Carlo error | target | reached | runs | note |\n|---|---|---|---|---|---|---|---|';
  return [head, ...rows.map(line)].join('\n');
}

const sections: [string, string, SimulationRow[]][] = [
  ['Intervals', 'Share of 95 % intervals that hold the truth.', intervalCoverage(RUNS)],
  [
    'Performance without labels',
    'The band is ± 3 sampling errors; chunks share a reference by fives. The estimates are NannyML’s by construction (test/estimation.test.ts), so their error is too. Of the real sets with a shift of their own, two come with NannyML and are here; lending club does not.',
    estimationError(RUNS / 4),
  ],
  ['Label delay, segments, calibration error', '', delaysAndSegments(RUNS)],
];
const text = sections.map(([title, lead, rows]) => `## ${title}\n\n${lead}\n\n${table(rows)}`).join('\n\n');
const intro = `# Simulations of the metrics package

Seeded; \`node packages/metrics/simulations/run.ts\` writes this page again, the same to the digit. "Monte Carlo error" is
one standard error of the measured figure. A smaller version runs as \`test/metrics.simulation.test.ts\`.`;
writeFileSync(new URL('./results.md', import.meta.url), `${intro}\n\n${text}\n`);
