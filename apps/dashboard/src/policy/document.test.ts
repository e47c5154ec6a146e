import { endpointSettingsSchema } from '@switchyard/contracts';
import { expect, test } from 'vitest';
import { DEFAULT_SETTINGS, documentOf, placeInDocument, policyOf, publishedOf } from './document.ts';

const policy = { kind: 'model', model: 'forest', version: '1' } as const;

test('the defaults are those of the contracts', () => {
  expect(DEFAULT_SETTINGS).toEqual(endpointSettingsSchema.parse({}));
});

test('what is published is the document and nothing of what was before', () => {
  const live = { policy, settings: { ...DEFAULT_SETTINGS, timeoutMs: 500, cache: { ttlSeconds: 60 } } };
  expect(documentOf(live)).toEqual(live);
  expect(documentOf({ policy, settings: { ...DEFAULT_SETTINGS, cache: null } })).toEqual({
    policy,
    settings: DEFAULT_SETTINGS,
  });
  // Taken out of the document: off, and back to what it is unless given.
  expect(publishedOf({ policy, settings: { unknownFeatures: 'ignore' } })).toEqual({
    policy,
    settings: { ...DEFAULT_SETTINGS, unknownFeatures: 'ignore', cache: null },
  });
  expect(publishedOf(documentOf(live))).toEqual(live);
  expect(publishedOf({ policy })).toEqual({ policy, settings: { ...DEFAULT_SETTINGS, cache: null } });
});

test('a document of another shape has no policy to show, and its places still have names', () => {
  for (const odd of [null, [], 'text', {}, { policy: { kind: 'split' } }]) expect(policyOf(odd)).toBe(undefined);
  expect(policyOf({ policy, settings: 3 })).toBe(policy);
  const split = { kind: 'split', arms: [{ name: 'a', weight: 1, policy }] };
  expect(
    ['policy.arms.0.policy.version', 'policy', 'settings.cache.ttlSeconds', 'settings', 'settings.odd', 'name', ''].map(
      (field) => placeInDocument({ policy: split, settings: {} }, field),
    ),
  ).toEqual(['a: version', 'the policy', 'Answers to the same row', 'the settings', 'odd', 'Name', 'the endpoint']);
});
