import type { FeatureSpec, PredictionDetail } from '@switchyard/contracts';
import { expect, test } from 'vitest';
import { readValues, valuesOf } from './try-values.ts';

const specs: FeatureSpec[] = [
  { name: 'amount', type: 'number' },
  { name: 'country', type: 'string', categories: ['de', 'fr'] },
  { name: 'known', type: 'boolean' },
  { name: 'age', type: 'integer', default: 30 },
];
const prediction = {
  features: { amount: 12.5, country: 'fr', known: false, age: null, other: 1 },
  unit: 'card-1',
  segment: { region: 'eu' },
  context: { hour: 14, weekend: false, channel: 'app', source: 'dashboard' },
} as unknown as PredictionDetail;

test('what a prediction was made from comes back as it was', () => {
  const read = readValues(specs, valuesOf(specs, prediction));
  expect(read).toEqual({
    ok: true,
    body: {
      features: { amount: 12.5, country: 'fr', known: false },
      unit: 'card-1',
      segment: { region: 'eu' },
      context: { hour: 14, weekend: false, channel: 'app' },
    },
  });
});

test('without a prediction there is an example', () => {
  expect(readValues(specs, valuesOf(specs, undefined))).toMatchObject({
    ok: true,
    body: { features: { amount: 12.5, country: 'de', known: true, age: 30 }, unit: 'customer-1' },
  });
});

test('what cannot be read is told where it is', () => {
  const values = { features: { amount: 'much', age: '3' }, unit: '', segment: 'region', context: 'a=b=c' };
  expect(readValues(specs, values)).toEqual({
    ok: false,
    problems: [
      { field: 'features.amount', detail: 'is no number' },
      { field: 'segment', detail: "'region' is not of the form name=value" },
    ],
  });
  expect(readValues(specs, { ...values, features: {}, segment: '' })).toEqual({
    ok: true,
    body: { features: {}, context: { a: 'b=c' } },
  });
});
