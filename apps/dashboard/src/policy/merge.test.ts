import type { Policy } from '@switchyard/contracts';
import { expect, test } from 'vitest';
import { isSame, mergeDocuments } from './merge.ts';

const leaf = (model: string, version = '1') => ({ kind: 'model', model, version }) as const;
const policy = (weights: Record<string, number>, extra: object = {}, version = '1'): Policy =>
  ({
    kind: 'split',
    arms: Object.entries(weights).map(([name, weight]) => ({ name, weight, policy: leaf(name, version) })),
    ...extra,
  }) as Policy;
const base = policy({ a: 0.5, b: 0.5 });

test('what only one side changed is taken from that side', () => {
  const mine = policy({ a: 0.7, b: 0.3 });
  const theirs = policy({ a: 0.5, b: 0.5 }, { experiment: 'x' }, '2');
  expect(mergeDocuments(base, mine, theirs)).toEqual({
    value: policy({ a: 0.7, b: 0.3 }, { experiment: 'x' }, '2'),
    conflicts: [],
  });
});

test('branches are found by name, wherever they stand', () => {
  const mine = policy({ b: 0.5, a: 0.5 });
  const theirs = policy({ a: 0.4, b: 0.4, c: 0.2 });
  expect(mergeDocuments(base, mine, theirs)).toEqual({ value: policy({ b: 0.4, a: 0.4, c: 0.2 }), conflicts: [] });
  const without = policy({ a: 1 });
  expect(mergeDocuments(base, base, without).value).toEqual(without);
  expect(mergeDocuments(base, without, base).value).toEqual(without);
});

test('what both changed differently stays mine and is told', () => {
  const mine = policy({ a: 0.7, b: 0.3 });
  const theirs = policy({ a: 0.9, b: 0.1 });
  expect(mergeDocuments(base, mine, theirs)).toEqual({
    value: mine,
    conflicts: [{ field: 'arms.0.weight' }, { field: 'arms.1.weight' }],
  });
  expect(mergeDocuments<Policy>(base, leaf('x'), theirs)).toEqual({ value: leaf('x'), conflicts: [{ field: '' }] });
  // A branch that one side removed and the other changed is kept.
  const removed = mergeDocuments(base, policy({ a: 0.5 }), policy({ a: 0.5, b: 0.9 }));
  expect(removed.conflicts).toHaveLength(1);
  expect(removed.value).toEqual(policy({ a: 0.5, b: 0.9 }));
});

test('the order of keys makes no difference, and what is undefined is not there', () => {
  expect(isSame({ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1, d: undefined })).toBe(true);
  expect(isSame({ a: 1 }, { a: 1, b: null })).toBe(false);
  expect(isSame([1, 2], [2, 1])).toBe(false);
});
