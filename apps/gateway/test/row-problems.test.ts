import type { FeatureSpec, Policy } from '@switchyard/contracts';
import { endpointFeatures, findRowProblems } from '@switchyard/routing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planFeatures, readRow } from '../src/predict/feature-plan.ts';

const NAMES = ['amount', 'visits', 'country', 'is_new', 'tier', 'depth', 'constructor'];
const CATEGORIES = ['ch', 'de', 'fr'];

const featureOf = (name: string): fc.Arbitrary<FeatureSpec> =>
  fc.oneof(
    fc.record({ name: fc.constant(name), type: fc.constant('number' as const) }),
    fc.record({ name: fc.constant(name), type: fc.constant('number' as const), default: fc.constant(0) }),
    fc.record({ name: fc.constant(name), type: fc.constant('integer' as const) }),
    fc.record({ name: fc.constant(name), type: fc.constant('boolean' as const), default: fc.constant(false) }),
    fc.record({ name: fc.constant(name), type: fc.constant('string' as const) }),
    fc.record({
      name: fc.constant(name),
      type: fc.constant('string' as const),
      categories: fc.subarray(CATEGORIES, { minLength: 1 }),
      default: fc.constantFrom('ch', undefined),
      onUnknownCategory: fc.constantFrom('reject' as const, 'default' as const),
    }) as fc.Arbitrary<FeatureSpec>,
  );
const features = fc.subarray(NAMES, { minLength: 1 }).chain((names) => fc.tuple(...names.map(featureOf)));
/** Of what JSON can hold; numbers stay within 32-bit floats, which is what the gateway checks beyond this. */
const value = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 'ch', 'fr', 'elsewhere', '', 0, 1, -3, 1.5, 2 ** 60, 1e30),
  fc.constantFrom<unknown>([], [1], {}, { ch: 1 }),
);
const row = fc.dictionary(fc.constantFrom(...NAMES, 'other'), value);

it('what control finds wrong with a row is what the gateway refuses it for', () => {
  let refused = 0;
  let taken = 0;
  fc.assert(
    fc.property(
      features,
      features,
      row,
      fc.constantFrom('reject' as const, 'ignore' as const),
      (mine, shadows, instance, unknown) => {
        const policy: Policy = {
          kind: 'shadow',
          primary: {
            kind: 'rules',
            rules: [
              { name: 'gold', when: 'features.tier == "gold"', policy: { kind: 'model', model: 'a', version: '1' } },
            ],
            otherwise: { kind: 'model', model: 'a', version: '1' },
          },
          shadows: [{ name: 's', policy: { kind: 'model', model: 'b', version: '1' }, percent: 100 }],
        } as unknown as Policy;
        const version = (specs: readonly FeatureSpec[]) => ({ signature: { features: [...specs] } });
        const view = {
          models: {
            a: { task: 'binary' as const, aliases: {}, versions: { '1': version(mine) } },
            b: { task: 'binary' as const, aliases: {}, versions: { '1': version(shadows) } },
          },
        };
        const merged = endpointFeatures(policy, view);
        fc.pre(merged.conflicts.length === 0);
        const problems: Parameters<typeof readRow>[3] = [];
        const read = readRow(planFeatures(merged, [], unknown), instance, 0, problems);
        const found = findRowProblems(merged, instance, unknown);
        const nameAndCode = (name: string | undefined, code: string | undefined) => `${name}: ${code}`;
        expect(found.map(({ feature, code }) => nameAndCode(feature, code)).sort()).toEqual(
          problems.map(({ field, code }) => nameAndCode(field, code)).sort(),
        );
        expect(found.length === 0).toBe(read !== undefined);
        if (read === undefined) refused += 1;
        else taken += 1;
      },
    ),
    { numRuns: 5_000, seed: 7 },
  );
  expect(Math.min(refused, taken)).toBeGreaterThan(100);
});
