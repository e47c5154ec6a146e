// Runs the simulations on two threads and writes results.md beside this file, about half an hour of two idle cores:
//   node packages/experiments/simulations/run.ts [share of the full number of runs, default 1] [words of a title …]
// With words, only sections whose title holds one of them are run; the others stay as they are on the page.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { simulateBandit } from './bandit.ts';
import { simulateCoverage } from './coverage.ts';
import { simulateAnytimeOffPolicy, simulateOffPolicy } from './off-policy.ts';
import { simulateLatencyPeeking, simulateOtherExactMethods, simulatePeeking, simulatePower } from './peeking.ts';
import { simulateRollback } from './rollback.ts';
import { missInErrors, type SimulationRow } from './row.ts';
import { simulateSampleRatio } from './sample-ratio.ts';

const PAGE = new URL('./results.md', import.meta.url);

interface Section {
  readonly title: string;
  readonly lead: string;
  readonly simulate: () => SimulationRow[];
}

const SHARE = Number(process.argv[2] ?? workerData?.share ?? 1);
const scaled = (runs: number) => Math.round(runs * SHARE);

const SECTIONS: readonly Section[] = [
  {
    title: 'Looking after every batch, no difference',
    lead: 'Share of experiments in which a method ever claims a difference, at alpha 0.05. A method that may be looked at any time stays below 0.05 plus two errors.',
    simulate: () => simulatePeeking(scaled(10_000)),
  },
  {
    title: 'Latency, no difference',
    lead: 'The same for methods that compare quantiles, distributions or means of latency.',
    simulate: () => simulateLatencyPeeking(scaled(10_000)),
  },
  {
    title: 'Paired outcomes and drifting rates, no difference',
    lead: '',
    simulate: () => simulateOtherExactMethods(scaled(10_000)),
  },
  {
    title: 'Under a bandit',
    lead: 'Thompson sampling in batches of 50, propensities of at least 0.05, base rate wandering between 4 % and 16 %. Power is on +5 points.',
    simulate: () => simulateBandit(scaled(10_000)),
  },
  {
    title: 'Power',
    lead: 'What looking at any time costs beside one look at the planned end.',
    simulate: () => simulatePower(scaled(4_000)),
  },
  {
    title: 'Simultaneous coverage',
    lead: 'Share of paths on which a sequence holds the true value at all 30 looks; the truth is not 0.',
    simulate: () => simulateCoverage(scaled(10_000)),
  },
  { title: 'Sample ratio', lead: '', simulate: () => simulateSampleRatio(scaled(10_000)) },
  { title: 'Rollback of a canary', lead: 'A look every second.', simulate: () => simulateRollback(scaled(10_000)) },
  {
    title: 'Value of another policy from a log',
    lead: 'Worlds whose true values are exact. The fixture with an effective sample of 2 is refused in `test/off-policy.test.ts`.',
    simulate: () => [...simulateOffPolicy(scaled(1_000)), ...simulateAnytimeOffPolicy(scaled(10_000))],
  },
];

function table(rows: readonly SimulationRow[]): string {
  const digits = (value: number) =>
    value === 0 || Math.abs(value) >= 1e-4 ? value.toFixed(value >= 2 ? 1 : 4) : value.toPrecision(2);
  const lines = rows.map((row) => {
    const miss = missInErrors(row);
    const verdict = row.target === null ? '–' : miss === 0 ? 'yes' : miss <= 2 ? 'within 2 errors' : '**no**';
    const target = row.target === null ? '–' : `${row.target[0]} to ${row.target[1]}`;
    return `| ${row.what} | ${row.setting} | ${digits(row.measured)} | ${digits(row.monteCarloError)} | ${target} | ${verdict} | ${row.runs} | ${row.note ?? ''} |`;
  });
  return [
    '| what | setting | measured | Monte Carlo error | target | reached | runs | note |',
    '|---|---|--:|--:|--:|---|--:|---|',
    ...lines,
  ].join('\n');
}

/** Rows of one section, computed on a thread of its own. */
function onThread(index: number): Promise<SimulationRow[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { index, share: SHARE } });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function main(): Promise<void> {
  const results: SimulationRow[][] = [];
  const words = process.argv.slice(3);
  const isWanted = (index: number) => words.length === 0 || words.some((word) => SECTIONS[index]!.title.includes(word));
  const queue = SECTIONS.map((_, index) => index).filter(isWanted);
  const take = async () => {
    for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
      results[index] = await onThread(index);
      write(results);
      console.log(`${SECTIONS[index]!.title}: done after ${(performance.now() / 60_000).toFixed(1)} minutes`);
    }
  };
  await Promise.all([take(), take()]);
}

/** The page with what is known: sections just run, and those of an earlier run that were not asked for again. */
function write(results: readonly (SimulationRow[] | undefined)[]): void {
  const before = existsSync(PAGE) ? readFileSync(PAGE, 'utf8').split(/^(?=## )/m) : [];
  const intro = `# What the tests, sequences and estimates really do

Seeded; \`node packages/experiments/simulations/run.ts\` writes this page again, the same to the digit where the number of
runs is the same. "Monte Carlo error" is one standard error of the measured figure. A smaller version runs as
\`test/experiments.simulation.test.ts\`.`;
  const parts = SECTIONS.map(({ title, lead }, index) => {
    const rows = results[index];
    if (!rows) return before.find((part) => part.startsWith(`## ${title}\n`))?.trimEnd();
    return [`## ${title}`, lead, table(rows)].filter(Boolean).join('\n\n');
  });
  writeFileSync(PAGE, `${[intro, ...parts.filter((part) => part !== undefined)].join('\n\n')}\n`);
}

if (isMainThread) await main();
else parentPort?.postMessage(SECTIONS[workerData.index]!.simulate());
