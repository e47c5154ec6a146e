import { expect, test } from 'vitest';
import { compare } from './compare.ts';
import { formatAgo, formatBytes, formatCount, formatMicros, formatNumber, formatPercent, plural } from './format.ts';

test('what is not known is a dash, never a zero', () => {
  for (const format of [formatCount, formatMicros, formatPercent, formatNumber, formatBytes]) {
    expect(format(null)).toBe('—');
    expect(format(Number.NaN)).toBe('—');
  }
});

test('numbers', () => {
  expect(formatCount(12_345)).toBe('12,345');
  expect(formatCount(1_234_567)).toBe('1.23 M');
  expect([84, 1_250, 2_100_000].map(formatMicros)).toEqual(['84 µs', '1.25 ms', '2.1 s']);
  expect([0, 0.00001, 0.1234, 0.99999, 1].map((value) => formatPercent(value))).toEqual([
    '0 %',
    '< 0.1 %',
    '12.3 %',
    '> 99.9 %',
    '100 %',
  ]);
  expect(formatNumber(0.123456)).toBe('0.1235');
  expect(formatNumber(1e-9)).toBe('1.00e-9');
  expect(formatBytes(1_234_567)).toBe('1.23 MB');
  expect(plural(1, 'version')).toBe('1 version');
  expect(formatAgo('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:05:10Z'))).toBe('5 min ago');
});

test('a change is judged by what is better', () => {
  expect(compare(110, 100, 'relative', 'neither')).toEqual({ direction: 'up', judgement: 'neutral', text: '+10 %' });
  expect(compare(90, 100, 'relative', 'lower-is-better')).toMatchObject({ judgement: 'better', text: '−10 %' });
  expect(compare(0.95, 0.96, 'points', 'higher-is-better')).toMatchObject({ judgement: 'worse', text: '−1 pts' });
  expect(compare(0.5, 0.5, 'points', 'higher-is-better')).toMatchObject({ direction: 'flat' });
  expect(compare(5_000, 100, 'relative', 'neither')).toMatchObject({ text: '×50' });
});

test('no comparison where one side is not known, or from nothing to something', () => {
  expect(compare(null, 1, 'relative', 'neither')).toBe(null);
  expect(compare(1, null, 'points', 'neither')).toBe(null);
  expect(compare(5, 0, 'relative', 'neither')).toBe(null);
});
