import { expect, test } from 'vitest';
import { domainClassifier, fitReconstruction, maximumMeanDiscrepancy, reconstructionError } from '../src/index.ts';
import { matrixCase, mulberry32 } from './cases.ts';
import multivariate from './fixtures/multivariate.json' with { type: 'json' };

type Discrepancy = [statistic: number, pValue: number, bandwidth: number];
type Reconstruction = [reference: number, current: number, pValue: number, explained: number];
type Classifier = [area: number, pValue: number, weights: number[]];

const cases = multivariate.cases as unknown as [Discrepancy, Reconstruction | null, Classifier][];

function compareAll(
  check: (index: number, differ: (what: string, actual: number, wanted: number, unit?: number) => void) => void,
) {
  const found: string[] = [];
  for (let index = 0; index < cases.length; index += 1) {
    check(index, (what, actual, wanted, unit = 0) => {
      if (!(Math.abs(actual - wanted) <= 1e-9 * Math.max(Math.abs(wanted), unit))) {
        found.push(`case ${index} (${matrixCase(index).kind}) ${what}: ${actual} v ${wanted}`);
      }
    });
  }
  expect(found).toEqual([]);
}

test('there are 1,000 random matrices', () => expect(cases.length).toBe(1_000));

test('maximum mean discrepancy: statistic, bandwidth and permutation p-value, by NumPy', () => {
  compareAll((index, differ) => {
    const { reference, current } = matrixCase(index);
    const random = mulberry32(index);
    const result = maximumMeanDiscrepancy(reference, current, { random, permutations: multivariate.permutations });
    if (!result.ok) throw new Error(result.needed);
    const [statistic, pValue, bandwidth] = cases[index]![0];
    // A difference of means of kernel values, which are at most 1.
    differ('statistic', result.statistic, statistic, 1e-3);
    differ('p', result.pValue, pValue);
    differ('bandwidth', result.bandwidth, bandwidth);
  });
});

test('reconstruction error, by scikit-learn and SciPy', () => {
  compareAll((index, differ) => {
    const { reference, current } = matrixCase(index);
    const fit = fitReconstruction(reference);
    if (!fit.ok) throw new Error(fit.needed);
    const result = reconstructionError(fit.model, current);
    const wanted = cases[index]![1];
    if (wanted === null) {
      expect(result).toMatchObject({ ok: false, reason: 'constant' });
      return;
    }
    if (!result.ok) throw new Error(result.needed);
    const [first, second, pValue, explained] = wanted;
    differ('reference', result.referenceMeanError, first);
    differ('current', result.meanError, second);
    differ('p', result.pValue, pValue);
    differ('explained', fit.model.explainedShare, explained);
  });
});

test('domain classifier: area, p-value and weights, by scikit-learn and SciPy', () => {
  compareAll((index, differ) => {
    const { reference, current } = matrixCase(index);
    const result = domainClassifier(reference, current, { random: mulberry32(index) });
    if (!result.ok) throw new Error(result.needed);
    const [area, pValue, weights] = cases[index]![2];
    differ('area', result.areaUnderCurve, area);
    differ('p', result.pValue, pValue);
    const largest = Math.max(...weights);
    for (const { column, weight } of result.importance) differ(`weight ${column}`, weight, weights[column]!, largest);
  });
});
