import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { FeaturePlan, PlannedFeature } from '../src/predict/feature-plan.ts';
import { readPredictRequest } from '../src/predict/prediction-request.ts';
import { longestFeatures, sentFeatures } from '../src/predict/sent-features.ts';

const feature = (name: string, type: PlannedFeature['type'], isRequired = true): PlannedFeature => ({
  name,
  type,
  isRequired,
  minimum: -1e300,
  maximum: 1e300,
  categories: undefined,
  fallback: null,
});
const features = [feature('amount', 'number'), feature('country', 'string'), feature('age', 'number', false)];
const plan: FeaturePlan = {
  features,
  indexByName: new Map(features.map(({ name }, index) => [name, index])),
  rejectsUnknown: false,
};

/** What is taken from a body, after the body was found to be right. */
function taken(text: string): string | undefined {
  const { rows } = readPredictRequest(JSON.parse(text), plan, 10);
  return rows.length === 1 ? sentFeatures(text, rows[0] as (typeof rows)[number], longestFeatures(plan)) : undefined;
}

it('takes the text of the only row, in whatever order and with whatever spaces', () => {
  expect(taken('{"instances":[{"amount":1.50,"country":"DE","age":-2e1}]}')).toBe(
    '{"amount":1.50,"country":"DE","age":-2e1}',
  );
  expect(taken('{"instances": [{"country": "DE", "age": 3, "amount": 1}], "unit": "u"}')).toBe(
    '{"country": "DE", "age": 3, "amount": 1}',
  );
});

it.each([
  ['a feature is missing', '{"instances":[{"amount":1,"country":"DE"}]}'],
  ['a feature is null', '{"instances":[{"amount":1,"country":"DE","age":null}]}'],
  ['there is one more', '{"instances":[{"amount":1,"country":"DE","age":3,"more":4}]}'],
  ['one comes twice', '{"instances":[{"amount":1,"country":"DE","age":3,"age":4}]}'],
  ['one comes twice and one is missing', '{"instances":[{"amount":1,"country":"DE","amount":3}]}'],
  [
    'rows come twice',
    '{"instances":[{"amount":1,"country":"DE","age":3}],"instances":[{"amount":2,"country":"FR","age":4}]}',
  ],
  [
    'rows come twice, once escaped',
    '{"instances":[{"amount":1,"country":"DE","age":3}],"\\u0069nstances":[{"amount":2,"country":"FR","age":4}]}',
  ],
  ['there are two rows', '{"instances":[{"amount":1,"country":"DE","age":3},{"amount":1,"country":"DE","age":3}]}'],
  ['the row is a list', '{"instances":[[1,"DE",3]]}'],
  ['rows do not come first', '{"unit":"u","instances":[{"amount":1,"country":"DE","age":3}]}'],
  ['a text holds a bracket', '{"instances":[{"amount":1,"country":"}]","age":3}]}'],
  ['a text is escaped', '{"instances":[{"amount":1,"country":"\\n","age":3}]}'],
  ['a text is of other letters', '{"instances":[{"amount":1,"country":"Ö","age":3}]}'],
  ['lines are broken', '{"instances":[{"amount":1,\n"country":"DE","age":3}]}'],
  ['a number has digits without end', `{"instances":[{"amount":1.${'0'.repeat(500)},"country":"DE","age":3}]}`],
])('leaves the writing to the log where %s', (_, text) => {
  expect(taken(text)).toBeUndefined();
});

it('whatever is taken is one line and says what was read', () => {
  const value = fc.oneof(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), fc.integer());
  const name = fc.constantFrom('amount', 'country', 'age', 'more', 'instances');
  const member = fc
    .tuple(name, fc.oneof(value, fc.string({ maxLength: 4 }), fc.constant('DE')))
    .map(([key, given]) => `${JSON.stringify(key)}:${JSON.stringify(given)}`);
  const row = fc.tuple(
    fc.array(member, { maxLength: 2 }),
    fc.tuple(value, value).map(([amount, age]) => [`"amount":${amount}`, '"country":"DE"', `"age":${age}`]),
  );
  let count = 0;
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 2 }), fc.array(member, { maxLength: 2 }), (rows, rest) => {
      const list = rows.map(([more, plain]) => `{${[...plain, ...more].join(',')}}`).join(',');
      const text = `{"instances":[${list}]${rest.map((one) => `,${one}`).join('')}}`;
      let read: string | undefined;
      try {
        read = taken(text);
      } catch {
        return;
      }
      if (read === undefined) return;
      count += 1;
      expect(read).not.toMatch(/[\n\r]/);
      const { instances } = JSON.parse(text) as { instances: object[] };
      expect(JSON.parse(read)).toEqual(instances[0]);
    }),
    { numRuns: 3_000 },
  );
  expect(count).toBeGreaterThan(100);
});
