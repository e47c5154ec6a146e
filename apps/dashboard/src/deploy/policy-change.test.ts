import type { Policy } from '@switchyard/contracts';
import { expect, test } from 'vitest';
import { policyLeaves } from '../policy/branches.ts';
import { leafLabel, usesModel, withModelVersion } from './policy-change.ts';

const policy: Policy = {
  kind: 'rules',
  rules: [
    { name: 'low', when: 'features.amount < 100.0', policy: { kind: 'model', model: 'rules', version: '1' } },
    {
      name: 'middle',
      when: 'true',
      policy: {
        kind: 'split',
        experiment: 'x',
        arms: [
          { name: 'a', weight: 0.5, policy: { kind: 'model', model: 'forest', alias: 'champion' } },
          { name: 'b', weight: 0.5, policy: { kind: 'model', model: 'network', version: '1' } },
        ],
      },
    },
  ],
  otherwise: { kind: 'model', model: 'forest', version: '1' },
};

test('leaves carry the path that predictions carry', () => {
  expect(policyLeaves(policy).map((leaf) => `${leaf.path}: ${leafLabel(leaf.node)}`)).toEqual([
    'low: rules v1',
    'middle/a: forest @champion',
    'middle/b: network v1',
    'otherwise: forest v1',
  ]);
});

test('every use of the model becomes the version, and nothing else changes', () => {
  const changed = withModelVersion(policy, 'forest', '7');
  expect(policyLeaves(changed).map((leaf) => leafLabel(leaf.node))).toEqual([
    'rules v1',
    'forest v7',
    'network v1',
    'forest v7',
  ]);
  expect(withModelVersion(changed, 'absent', '1')).toEqual(changed);
  expect(usesModel(policy, 'network')).toBe(true);
  expect(usesModel(policy, 'absent')).toBe(false);
});

test('the meta-model of a stacking ensemble is a use of a model too', () => {
  const stacking: Policy = {
    kind: 'ensemble',
    method: 'stacking',
    members: [{ name: 'a', policy: { kind: 'model', model: 'forest', version: '1' } }],
    meta: { model: 'judge', alias: 'champion' },
  };
  const shadowed: Policy = {
    kind: 'shadow',
    primary: stacking,
    shadows: [{ name: 'next', policy: { kind: 'model', model: 'network', version: '1' } }],
  };
  expect(usesModel(shadowed, 'judge')).toBe(true);
  expect(withModelVersion(shadowed, 'judge', '2')).toEqual({
    ...shadowed,
    primary: { ...stacking, meta: { model: 'judge', version: '2' } },
  });
  expect(policyLeaves(shadowed).map((leaf) => leaf.path)).toEqual(['a', 'next']);
});
