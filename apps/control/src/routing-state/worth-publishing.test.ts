import type { BanditNode, BanditState, BestNode, BestState } from '@switchyard/contracts';
import { describe, expect, it } from 'vitest';
import { isWorthPublishing } from './worth-publishing.ts';

const MINUTE = 60_000;
const branches = ['a', 'b'].map((name) => ({ name, policy: { kind: 'model', model: name, version: '1' } as const }));
const best: BestNode = { kind: 'best', metric: 'accuracy', candidates: branches, minimumLabels: 1_000 };
const bandit: BanditNode = { kind: 'bandit', algorithm: 'linucb', reward: { from: 'reward' }, arms: branches };

const compared = (value: number, labels: number, atMs = 0): BestState => ({
  kind: 'best',
  computedAtMs: atMs,
  segments: { '': { a: { value, labels } } },
});
const learnt = (count: number, sum: number, atMs = 0, gram = [count]): BanditState => ({
  kind: 'bandit',
  epoch: 1,
  computedAtMs: atMs,
  arms: { a: { count, sum, sumOfSquares: sum, linear: { gram, moment: [sum] } } },
});

describe('what a node knows is published', () => {
  it.each<[string, boolean, BestState | undefined, BestState]>([
    ['when it is the first thing that is known', true, undefined, compared(0.5, 1)],
    ['not while nothing is known', false, undefined, { ...compared(0, 0), segments: {} }],
    ['not when it is the same', false, compared(0.5, 10), compared(0.5, 10, 14 * MINUTE)],
    ['not when it differs by the order of adding up', false, compared(0.3, 10), compared(0.1 + 0.2, 10, 14 * MINUTE)],
    [
      'at a quarter of the time after which it is stale, also the same',
      true,
      compared(0.5, 10),
      compared(0.5, 10, 15 * MINUTE),
    ],
    ['at once when the metric moves by more than 1 %', true, compared(0.5, 1e6), compared(0.506, 1e6, 1)],
    ['at once when the number of labels does', true, compared(0.5, 50), compared(0.5, 51, 1)],
    ['when a small change is five minutes old', true, compared(0.5, 1e6), compared(0.504, 1e6, 5 * MINUTE)],
    ['not before', false, compared(0.5, 1e6), compared(0.504, 1e6, 5 * MINUTE - 1)],
    ['at once when a candidate has enough labels now', true, compared(0.5, 999), compared(0.5, 1_000, 1)],
    ['at once when a candidate is gone', true, compared(0.5, 10), { ...compared(0, 0, 1), segments: { '': {} } }],
    [
      'at once when another segment is known',
      true,
      compared(0.5, 10),
      { ...compared(0, 0, 1), segments: { ...compared(0.5, 10).segments, gold: {} } },
    ],
  ])('%s (best)', (_, isWorth, before, now) => {
    expect(isWorthPublishing(best, before, now)).toBe(isWorth);
  });

  it.each<[string, boolean, BanditState | undefined, BanditState]>([
    ['when it is the first thing that is known', true, undefined, learnt(1, 0)],
    ['not while there are no rewards', false, undefined, learnt(0, 0)],
    ['never when it is the same', false, learnt(10, 5), learnt(10, 5, 1e12)],
    ['at once when there are more than 1 % more rewards', true, learnt(50, 5), learnt(51, 5, 1)],
    ['at once when they are worth more', true, learnt(1_000, 500), learnt(1_000, 506, 1)],
    ['when a small change is five minutes old', true, learnt(1_000, 500), learnt(1_001, 501, 5 * MINUTE)],
    ['not before', false, learnt(1_000, 500), learnt(1_001, 501, 5 * MINUTE - 1)],
    [
      'later when only a sum of features moves, which may be near zero',
      false,
      learnt(9, 5, 0, [-0.1]),
      learnt(9, 5, 1, [0.1]),
    ],
    ['but then it is', true, learnt(9, 5, 0, [-0.1]), learnt(9, 5, 5 * MINUTE, [0.1])],
    ['at once when all rewards are too old to count', true, learnt(9, 5), learnt(0, 0, 1)],
  ])('%s (bandit)', (_, isWorth, before, now) => {
    expect(isWorthPublishing(bandit, before, now)).toBe(isWorth);
  });
});
