import { expect, test } from 'vitest';
import { diffLines, hunks } from './line-diff.ts';

const show = (before: string, after: string) =>
  diffLines(before, after)
    .map(({ kind, text }) => `${kind === 'same' ? ' ' : kind === 'added' ? '+' : '-'}${text}`)
    .join('|');

test('lines that were added and removed', () => {
  expect(show('a\nb\nc', 'a\nc')).toBe(' a|-b| c');
  expect(show('a\nc', 'a\nb\nc')).toBe(' a|+b| c');
  expect(show('a\nb\nc\nd', 'a\nx\nc\ny')).toBe(' a|-b|+x| c|-d|+y');
  expect(show('a', 'a')).toBe(' a');
});

test('applying the difference gives the other text', () => {
  let state = 7;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
  for (let round = 0; round < 200; round += 1) {
    const text = () => Array.from({ length: 1 + random(12) }, () => 'abcd'[random(4)]).join('\n');
    const [before, after] = [text(), text()];
    const lines = diffLines(before, after);
    const side = (other: string) =>
      lines
        .filter((line) => line.kind !== other)
        .map((line) => line.text)
        .join('\n');
    expect(side('removed')).toBe(after);
    expect(side('added')).toBe(before);
  }
});

test('only what is near a change is shown', () => {
  const before = Array.from({ length: 20 }, (_, index) => `line ${index}`);
  const found = hunks(diffLines(before.join('\n'), before.with(2, 'x').with(15, 'y').join('\n')), 1);
  expect(found.map(({ skipped, lines }) => [skipped, lines.length])).toEqual([
    [1, 4],
    [10, 4],
  ]);
});
