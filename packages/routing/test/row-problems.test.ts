import type { FeatureSpec } from '@switchyard/contracts';
import { describe, expect, it } from 'vitest';
import { type EndpointFeatures, findRowProblems } from '../src/index.ts';

const of = (features: FeatureSpec[], over: Partial<EndpointFeatures> = {}): EndpointFeatures => ({
  features,
  shadowOnly: [],
  conditionOnly: [],
  conflicts: [],
  ...over,
});
const codes = (features: EndpointFeatures, row: Record<string, unknown>, unknown: 'reject' | 'ignore' = 'reject') =>
  findRowProblems(features, row, unknown).map(({ feature, code }) => `${feature}: ${code}`);

describe('findRowProblems', () => {
  const shop = of([
    { name: 'amount', type: 'number' },
    { name: 'visits', type: 'integer', default: 1 },
    { name: 'country', type: 'string', categories: ['ch', 'de'] },
    { name: 'is_new', type: 'boolean', default: false },
  ]);

  it.each([
    [{ amount: 1, country: 'ch' }, []],
    [{ amount: -0.5, visits: 3, country: 'de', is_new: true }, []],
    [{ amount: 1, country: 'ch', visits: null }, []],
    [{ country: 'ch' }, ['amount: missing_feature']],
    [{ amount: null, country: 'ch' }, ['amount: missing_feature']],
    [{ amount: '1', country: 7 }, ['amount: wrong_type', 'country: wrong_type']],
    [{ amount: 1, country: 'fr' }, ['country: unknown_category']],
    [{ amount: 1, country: 'ch', visits: 1.5 }, ['visits: wrong_type']],
    [{ amount: 1, country: 'ch', visits: 2 ** 60 }, ['visits: out_of_range']],
    [{ amount: Number.NaN, country: 'ch' }, ['amount: not_finite']],
    [{ amount: 1, country: 'ch', is_new: 'yes' }, ['is_new: wrong_type']],
    [{ amount: [1], country: { ch: 1 } }, ['amount: wrong_type', 'country: wrong_type']],
    [{ amount: 1, country: 'ch', toString: 'x' }, ['toString: unknown_feature']],
  ])('of %j are %j', (row, expected) => {
    expect(codes(shop, row)).toEqual(expected);
  });

  it('of features that nothing knows depend on the setting', () => {
    const row = { amount: 1, country: 'ch', extra: 1 };
    expect(codes(shop, row, 'reject')).toEqual(['extra: unknown_feature']);
    expect(codes(shop, row, 'ignore')).toEqual([]);
  });

  it('never asks for what only shadows or conditions look at, but minds its type', () => {
    const features = of([], {
      shadowOnly: [{ name: 'depth', type: 'number' }],
      conditionOnly: ['tier'],
    });
    expect(codes(features, {})).toEqual([]);
    expect(codes(features, { depth: 'deep', tier: ['gold'] })).toEqual(['depth: wrong_type', 'tier: wrong_type']);
    expect(codes(features, { depth: 3, tier: 'gold' })).toEqual([]);
  });

  it('takes unknown categories that a default stands in for', () => {
    const features = of([
      { name: 'country', type: 'string', categories: ['ch'], default: 'ch', onUnknownCategory: 'default' },
    ]);
    expect(codes(features, { country: 'fr' })).toEqual([]);
  });
});
