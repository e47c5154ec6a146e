// Prints the tables of results.md:  node packages/explanations/simulations/run.ts [replicates]
import { importanceCoverage } from './importance-coverage.ts';

const replicates = Number(process.argv[2] ?? 1000);
console.log(
  '| metric | rows | repeats | intervals that hold the truth | bias | half width |\n|---|--:|--:|--:|--:|--:|',
);
for (const metric of ['mean-squared-error', 'accuracy', 'roc-auc'] as const) {
  for (const rowCount of [100, 400]) {
    for (const repeats of [1, 5, 20]) {
      const { share, error, bias, halfWidth } = await importanceCoverage({
        metric,
        rowCount,
        repeats,
        replicates: metric === 'roc-auc' ? Math.ceil(replicates / 5) : replicates,
        seed: 20_261,
      });
      const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
      console.log(
        `| ${metric} | ${rowCount} | ${repeats} | ${percent(share)} ± ${percent(error)} | ${percent(bias)} | ${halfWidth.toFixed(4)} |`,
      );
    }
  }
}
