// Rows of several columns without drift: do the multivariate tests hold their level?
import { domainClassifier, fitReconstruction, maximumMeanDiscrepancy, reconstructionError } from '../src/index.ts';
import { createSources } from './scenario.ts';

export interface MultivariateRow {
  readonly test: string;
  readonly runs: number;
  /** Share of runs with p ≤ 0.05 without drift, and after the correlation of two columns changed from 0.6 to 0. */
  readonly falseAlarms: number;
  readonly found: number;
}

export function simulateMultivariate(runs: number, seed: number): MultivariateRow[] {
  const { random, normal } = createSources(seed);
  const rows = (size: number, correlation: number): number[][] =>
    Array.from({ length: size }, () => {
      const a = normal();
      return [a, correlation * a + Math.sqrt(1 - correlation ** 2) * normal(), Math.exp(normal()), normal()];
    });
  const tests: [string, number, (correlation: number) => number | undefined][] = [
    [
      'domain classifier, 300 v 300 rows',
      runs,
      (correlation) => {
        const answer = domainClassifier(rows(300, 0.6), rows(300, correlation), { random });
        return answer.ok ? answer.pValue : undefined;
      },
    ],
    [
      'maximum mean discrepancy, 100 v 100 rows, 99 permutations',
      Math.round(runs / 2),
      (correlation) => {
        const answer = maximumMeanDiscrepancy(rows(100, 0.6), rows(100, correlation), { random, permutations: 99 });
        return answer.ok ? answer.pValue : undefined;
      },
    ],
    [
      'reconstruction error, 2,000 v 500 rows',
      runs,
      (correlation) => {
        const fit = fitReconstruction(rows(2_000, 0.6));
        const answer = fit.ok ? reconstructionError(fit.model, rows(500, correlation)) : fit;
        return answer.ok ? answer.pValue : undefined;
      },
    ],
  ];
  return tests.map(([test, repeats, run]) => {
    const share = (correlation: number): number => {
      let hits = 0;
      for (let k = 0; k < repeats; k += 1) if (run(correlation)! <= 0.05) hits += 1;
      return hits;
    };
    return { test, runs: repeats, falseAlarms: share(0.6), found: share(0) };
  });
}
