// Runs every simulation and writes simulations/results.md. From the repository: node packages/ensembles/simulations/run.ts
import { writeFileSync } from 'node:fs';
import { missInErrors, type SimulationRow } from '../../metrics/simulations/row.ts';
import { learnedEnsembles } from './learned-ensembles.ts';
import { replayIntervals } from './replay-intervals.ts';

const RUNS = 2000;

function table(rows: readonly SimulationRow[]): string {
  const lines = rows.map((row) => {
    const { what, setting, measured, monteCarloError, target, runs, note = '' } = row;
    const reached = missInErrors(row) === 0 ? 'yes' : missInErrors(row) <= 2 ? 'within 2 errors' : '**no**';
    return `| ${what} | ${setting} | ${measured.toFixed(4)} | ${monteCarloError.toFixed(4)} | ${target.join(' to ')} | ${reached} | ${runs} | ${note} |`;
  });
  const head = '| what | setting | measured | Monte Carlo error | target | reached | runs | note |';
  return [head, '|---|---|---|---|---|---|---|---|', ...lines].join('\n');
}

const page = `# Simulations of the ensembles package

Seeded; \`node packages/ensembles/simulations/run.ts\` writes this page again, the same to the digit. "Monte Carlo error"
is one standard error of the measured figure. A smaller version runs as \`test/ensembles.simulation.test.ts\`.

## Replayed configurations

Share of 95 % intervals of paired differences that hold the true difference (of 400,000 rows), and of false verdicts.
Runs without an interval (too few rows that tell the two apart) are left out.

${table(replayIntervals(RUNS))}

## Learned ensembles

Four members of unequal skill, two of them too bold or too shy.

${table(learnedEnsembles(RUNS / 10))}
`;
writeFileSync(new URL('./results.md', import.meta.url), page);
