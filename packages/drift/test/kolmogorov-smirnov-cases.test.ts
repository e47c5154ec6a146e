// 10,000 random cases (those of parity/cases.py) against whole-number arithmetic: no tail is lost to rounding, neither
// ours nor an oracle's. The asymptotic law is SciPy's, which loses none there.
import { expect, test } from 'vitest';
import { compareSamples, kolmogorovSmirnov } from '../src/index.ts';
import { mulberry32 } from './cases.ts';
import scipy from './fixtures/scipy.json' with { type: 'json' };

const CASES = 10_000;

/** Largest |i·n − j·m| over the pooled values, i and j the rows of each side up to there: D·m·n without rounding. */
function widestGap(reference: readonly number[], current: readonly number[]): number {
  let widest = 0;
  for (const value of new Set([...reference, ...current])) {
    const i = reference.filter((one) => one <= value).length;
    const j = current.filter((one) => one <= value).length;
    widest = Math.max(widest, Math.abs(i * current.length - j * reference.length));
  }
  return widest;
}

/** Of all orders of m + n rows, how many never reach a gap of `gap`, and how many there are. */
function countOrders(m: number, n: number, gap: number): { inside: bigint; all: bigint } {
  let inside: bigint[] = [];
  let all: bigint[] = [];
  for (let i = 0; i <= m; i += 1) {
    const [nextInside, nextAll]: [bigint[], bigint[]] = [[], []];
    for (let j = 0; j <= n; j += 1) {
      const start = i === 0 && j === 0 ? 1n : 0n;
      const add = (before: readonly bigint[], now: readonly bigint[]) => start + (before[j] ?? 0n) + (now[j - 1] ?? 0n);
      nextAll.push(add(all, nextAll));
      nextInside.push(Math.abs(i * n - j * m) < gap ? add(inside, nextInside) : 0n);
    }
    [inside, all] = [nextInside, nextAll];
  }
  return { inside: inside[n]!, all: all[n]! };
}

/** A quotient of whole numbers of any length, to 17 digits. */
function divide(numerator: bigint, denominator: bigint): number {
  let power = 0;
  let scaled = numerator;
  while (scaled > 0n && scaled < denominator * 10n ** 20n) {
    scaled *= 10n ** 20n;
    power += 20;
  }
  return Number(`${scaled / denominator}e-${power}`);
}

const KINDS = ['continuous', 'ties', 'binary', 'shifted', 'apart', 'constant against varied', 'tiny', 'huge'] as const;

test(`Kolmogorov–Smirnov: D within 1e-15, exact and asymptotic p within 1e-9 relative, on ${CASES} cases`, () => {
  const asymptotic = Buffer.from(scipy.ksAsymptotic, 'base64');
  expect(asymptotic.length).toBe(8 * CASES);
  const counted = new Map<string, number>();
  let smallest = 1;
  for (let index = 0; index < CASES; index += 1) {
    const uniform = mulberry32(2_000_000 + index);
    const kind = KINDS[index % KINDS.length]!;
    // One case in 500 is large, and so reaches p-values near 1e-180.
    const most = index % 500 === 4 ? 300 : 24;
    const m = 2 + Math.floor(uniform() * (most - 2));
    const n = index % 3 === 0 ? m : 2 + Math.floor(uniform() * (most - 2));
    const draw = (isCurrent: boolean): number => {
      if (kind === 'ties') return Math.floor(uniform() * 5);
      if (kind === 'binary') return uniform() < (isCurrent ? 0.7 : 0.3) ? 1 : 0;
      if (kind === 'shifted') return uniform() + (isCurrent ? 0.4 : 0);
      if (kind === 'apart') return uniform() + (isCurrent ? 2 : 0);
      if (kind === 'constant against varied') return isCurrent ? 0.5 : uniform();
      return uniform() * (kind === 'tiny' ? 1e-300 : kind === 'huge' ? 1e300 : 1);
    };
    const reference = Array.from({ length: m }, () => draw(false));
    const current = Array.from({ length: n }, () => draw(true));
    const result = kolmogorovSmirnov(compareSamples(reference, current), { method: 'exact' });
    if (!result.ok) throw new Error(`case ${index}: ${result.needed}`);

    const gap = widestGap(reference, current);
    const label = `case ${index} (${kind}, ${m} v ${n})`;
    expect(Math.abs(result.statistic - gap / (m * n)), label).toBeLessThanOrEqual(1e-15);
    const { inside, all } = countOrders(m, n, gap);
    const wanted = divide(all - inside, all);
    expect(Math.abs(result.pValue - wanted), label).toBeLessThanOrEqual(1e-9 * wanted);
    smallest = Math.min(smallest, result.pValue);

    const limit = kolmogorovSmirnov(compareSamples(reference, current), { method: 'asymptotic' });
    if (!limit.ok) throw new Error(`case ${index}: ${limit.needed}`);
    const theirs = asymptotic.readDoubleLE(8 * index);
    expect(Math.abs(limit.pValue - theirs), label).toBeLessThanOrEqual(1e-9 * theirs);
    counted.set(kind, (counted.get(kind) ?? 0) + 1);
  }
  expect([...counted.values()].every((count) => count === CASES / KINDS.length)).toBe(true);
  expect(smallest).toBeLessThan(1e-100);
  expect(smallest).toBeGreaterThan(0);
});
