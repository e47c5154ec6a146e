import { parseArgs } from 'node:util';
import { openGateway } from './gateway.ts';
import { type FuzzReport, fuzz } from './run.ts';

/**
 * `node apps/gateway/test/fuzz/main.ts --inputs 1000000 --seed 1` sends that many changed requests to the gateway's
 * parsers and prints what became of them; `--from N --inputs 1` sends one of them again. Exits 1 when something is wrong.
 */
const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
  },
});
process.on('uncaughtException', (error) => {
  process.stderr.write(`uncaught: ${error.stack}\n`);
  process.exit(1);
});
const startedAt = performance.now();
const gateway = await openGateway();
const report = await fuzz(gateway, {
  inputs: Number(values.inputs),
  seed: Number(values.seed),
  from: Number(values.from),
});
await gateway.close();
print(report, (performance.now() - startedAt) / 1_000);
process.exit(report.failures.length === 0 ? 0 : 1);

function print({ inputs, outcomes, slowestMs, failures }: FuzzReport, seconds: number): void {
  const lines = [
    `${inputs} inputs in ${seconds.toFixed(0)} s, the slowest took ${slowestMs.toFixed(0)} ms of processor time.`,
    '',
    '| kind | inputs | answered | refused |',
    '| --- | --- | --- | --- |',
  ];
  for (const [kind, counts] of Object.entries(outcomes).sort()) {
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const refused = Object.entries(counts)
      .filter(([code]) => code !== 'answered')
      .sort((a, b) => b[1] - a[1])
      .map(([code, count]) => `${code} ${count}`);
    lines.push(`| ${kind} | ${total} | ${counts.answered ?? 0} | ${refused.join(', ')} |`);
  }
  lines.push('', failures.length === 0 ? 'Nothing was wrong.' : `WRONG:\n${failures.join('\n')}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}
