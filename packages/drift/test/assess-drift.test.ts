import { describe, expect, test } from 'vitest';
import {
  type AssessOptions,
  adjustPValues,
  assessDrift,
  buildReferenceProfile,
  createDriftWindow,
  criticalDistance,
  type DriftReport,
  type FeatureVerdict,
  levelForLook,
  type ReferenceColumn,
} from '../src/index.ts';
import { bell, mulberry32 } from './cases.ts';

function judge(
  reference: Record<string, ReferenceColumn>,
  current: Record<string, ArrayLike<number | string | null>>,
  options?: AssessOptions,
): DriftReport {
  const built = buildReferenceProfile(reference);
  if (!built.ok) throw new Error(built.needed);
  const created = createDriftWindow(built.profile);
  if (!created.ok) throw new Error(created.needed);
  for (const [name, values] of Object.entries(current)) created.window.addValues(name, values);
  const report = assessDrift(created.window, options);
  if (!report.ok) throw new Error(report.needed);
  return report;
}

function only(report: DriftReport): FeatureVerdict {
  expect(report.features).toHaveLength(1);
  return report.features[0]!;
}

const uniform = mulberry32(77);
const normal = (size: number, shift = 0, scale = 1): Float64Array =>
  Float64Array.from({ length: size }, () => bell(uniform) * scale + shift);
const choose = (size: number, shares: Record<string, number>): string[] =>
  Array.from({ length: size }, () => {
    let u = uniform();
    for (const [category, share] of Object.entries(shares)) {
      u -= share;
      if (u < 0) return category;
    }
    return Object.keys(shares)[0]!;
  });

describe('assessDrift', () => {
  test('names what moved, by how much and where', () => {
    const report = judge(
      {
        amount: { kind: 'numeric', values: normal(5_000) },
        country: { kind: 'categorical', values: choose(5_000, { de: 0.5, fr: 0.3, it: 0.2 }) },
      },
      { amount: normal(2_000), country: choose(2_000, { de: 0.2, fr: 0.3, it: 0.5 }) },
    );
    expect(report.driftedFeatures).toEqual(['country']);
    expect(report.severity).toBe('high');
    const [worst] = report.features;
    expect(worst!.explanation!.summary).toMatch(/^country: "(de|it)": \d\d\.\d % → \d\d\.\d %/);
    expect(report.summary).toContain('1 of 2 features drifted');
  });

  test('shift, spread and their direction', () => {
    const reference = { x: { kind: 'numeric', values: normal(10_000) } } as const;
    const up = only(judge(reference, { x: normal(2_000, 0.4) }));
    expect(up.status).toBe('drifted');
    expect(up.explanation!.meanShift).toBeGreaterThan(0.3);
    expect(up.explanation!.summary).toContain('the mean moved up by about 0.');
    expect(only(judge(reference, { x: normal(2_000, 0, 1.4) })).status).toBe('drifted');
  });

  test('a large window with a change below the minimum is significant and negligible', () => {
    const verdict = only(judge({ x: { kind: 'numeric', values: normal(400_000) } }, { x: normal(400_000, 0.02) }));
    expect(verdict.status).toBe('negligible');
    expect(verdict.adjustedPValue).toBeLessThan(0.01);
    const strict = judge(
      { x: { kind: 'numeric', values: normal(400_000) } },
      { x: normal(400_000, 0.02) },
      { minimumEffect: { distribution: 0.001 } },
    );
    expect(only(strict).status).toBe('drifted');
  });

  test('one row of a new category never alarms; one in a hundred does', () => {
    const shares = { a: 0.5, b: 0.3, c: 0.2 };
    const reference = { x: { kind: 'categorical', values: choose(10_000, shares) } } as const;
    const current = choose(1_000, shares);
    current[0] = 'new';
    expect(only(judge(reference, { x: current })).status).not.toBe('drifted');
    for (let i = 0; i < 15; i += 1) current[i] = 'new';
    const verdict = only(judge(reference, { x: current }));
    expect(verdict.status).toBe('drifted');
    expect(verdict.signals.find((signal) => signal.name === 'new-categories')!.effect).toBeCloseTo(0.015, 3);
  });

  test('missing values: a feature that stops arriving is drift, not lack of data', () => {
    const reference = { x: { kind: 'numeric', values: normal(2_000) } } as const;
    const silent = only(judge(reference, { x: new Array<null>(500).fill(null) }));
    expect(silent).toMatchObject({ status: 'drifted', severity: 'high' });
    expect(silent.explanation!.summary).toContain('missing values: 0.0 % → 100.0 %');
    const some = [...normal(950), ...new Array<null>(50).fill(null)];
    expect(only(judge(reference, { x: some })).signals.find(({ name }) => name === 'missing')!.effect).toBeCloseTo(
      0.05,
    );
  });

  test('values beyond the range of the reference', () => {
    const reference = { x: { kind: 'numeric', values: normal(5_000) } } as const;
    const current = normal(1_000);
    current.fill(1_000, 0, 12);
    const verdict = only(judge(reference, { x: current }));
    expect(verdict.status).toBe('drifted');
    expect(verdict.explanation!.movements.some(({ what }) => what.startsWith('values above'))).toBe(true);
  });

  test('a constant feature is stable until it changes', () => {
    const reference = { x: { kind: 'numeric', values: new Float64Array(500).fill(5) } } as const;
    expect(only(judge(reference, { x: new Float64Array(200).fill(5) }))).toMatchObject({ status: 'stable', pValue: 1 });
    expect(only(judge(reference, { x: new Float64Array(200).fill(7) }))).toMatchObject({ status: 'drifted' });
  });

  test('too few rows are not judged, and say what is needed', () => {
    const verdict = only(judge({ x: { kind: 'numeric', values: normal(500) } }, { x: normal(20, 3) }));
    expect(verdict).toMatchObject({ status: 'insufficient-data', pValue: null });
    expect(verdict.needed).toContain('at least 50 values');
  });

  test('dependent rows weigh less', () => {
    const reference = { x: { kind: 'numeric', values: normal(3_000) } } as const;
    const current = normal(600, 0.25);
    const independent = only(judge(reference, { x: current }));
    const clustered = only(judge(reference, { x: current }, { designEffect: 8 }));
    expect(clustered.pValue).toBeGreaterThan(independent.pValue!);
  });

  test('Kolmogorov–Smirnov gives its p-value as an interval over the bins', () => {
    const reference = { x: { kind: 'numeric', values: normal(3_000) } } as const;
    const verdict = only(judge(reference, { x: normal(500, 0.1) }, { numericRule: 'kolmogorov-smirnov' }));
    const [low, high] = verdict.pValueInterval!;
    expect(low).toBeLessThan(high);
  });
});

describe('levels', () => {
  test('Benjamini–Hochberg and Bonferroni on a worked example', () => {
    const values = [0.01, 0.04, 0.03, 0.005];
    const adjusted = adjustPValues(values);
    expect(adjusted.ok && [...adjusted.adjusted]).toEqual([0.02, 0.04, 0.04, 0.02]);
    const strict = adjustPValues(values, 'bonferroni');
    expect(strict.ok && [...strict.adjusted].map((value) => Number(value.toFixed(4)))).toEqual([
      0.04, 0.16, 0.12, 0.02,
    ]);
  });

  test('spending adds up to no more than the rate', () => {
    let spent = 0;
    for (let look = 1; look <= 100_000; look += 1) {
      const level = levelForLook(0.05, { kind: 'unlimited' }, look);
      if (level.ok) spent += level.level;
    }
    expect(spent).toBeLessThanOrEqual(0.05);
    expect(spent).toBeGreaterThan(0.0499);
    expect(levelForLook(0.05, { kind: 'horizon', looks: 10 }, 10)).toEqual({ ok: true, level: 0.005 });
    expect(levelForLook(0.05, { kind: 'horizon', looks: 10 }, 11)).toMatchObject({ ok: false });
  });

  test('critical distances shrink with size and grow with cells', () => {
    const critical = (cells: number, currentSize: number): number => {
      const answer = criticalDistance('population-stability-index', { cells, referenceSize: 5_000, currentSize });
      if (!answer.ok) throw new Error(answer.needed);
      return answer.critical;
    };
    expect(critical(10, 200)).toBeGreaterThan(0.1);
    expect(critical(10, 20_000)).toBeLessThan(0.01);
    expect(critical(30, 200)).toBeGreaterThan(critical(10, 200));
  });
});
