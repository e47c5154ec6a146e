import { type Policy, type PolicyKind, policySchema } from '@switchyard/contracts';
import { expect, test } from 'vitest';
import { branchesOf, policyLeaves } from './branches.ts';
import {
  addBranch,
  changeKind,
  isShaped,
  moveBranch,
  normalise,
  placeOf,
  removeBranch,
  valueAt,
  withValueAt,
  wrapIn,
} from './edit.ts';

const leaf = (model: string): Policy => ({ kind: 'model', model, version: '1' });
const split: Policy = {
  kind: 'split',
  arms: [
    { name: 'a', weight: 0.5, policy: leaf('forest') },
    { name: 'b', weight: 0.3, policy: leaf('network') },
    { name: 'c', weight: 0.2, policy: leaf('boost') },
  ],
};
const KINDS: PolicyKind[] = ['model', 'split', 'rules', 'best', 'bandit', 'ensemble', 'cascade', 'fallback', 'shadow'];

test('a field is set without changing anything else, and taken away with what it leaves empty', () => {
  const changed = withValueAt(split, 'arms.1.weight', 0.4);
  expect(valueAt(changed, 'arms.1.weight')).toBe(0.4);
  expect(valueAt(split, 'arms.1.weight')).toBe(0.3);
  expect(changed).toEqual({ ...split, arms: [split.arms[0], { ...split.arms[1], weight: 0.4 }, split.arms[2]] });
  const fallback = withValueAt(wrapIn(split, 'fallback'), 'breaker.openSeconds', 5);
  expect(valueAt(fallback, 'breaker')).toEqual({ openSeconds: 5 });
  expect(withValueAt(fallback, 'breaker.openSeconds', undefined)).not.toHaveProperty('breaker');
  expect(JSON.stringify(withValueAt({ a: 1, b: 2 }, 'a', 3))).toBe('{"a":3,"b":2}');
});

test('branches are added under a free name, removed and moved', () => {
  const added = addBranch(addBranch(split));
  expect(branchesOf(added).map(({ name }) => name)).toEqual(['a', 'b', 'c', 'arm-4', 'arm-5']);
  expect(branchesOf(removeBranch(split, 1)).map(({ name }) => name)).toEqual(['a', 'c']);
  expect(branchesOf(moveBranch(split, 2, -1)).map(({ name }) => name)).toEqual(['a', 'c', 'b']);
  // What was the last step of a cascade has to say how sure is sure enough.
  expect(valueAt(addBranch(wrapIn(leaf('forest'), 'cascade')), 'steps.1.minimumConfidence')).toBe(0.9);
});

test.each(KINDS)('anything can be turned into %s or wrapped in it, and keeps its models', (kind) => {
  for (const from of KINDS.map((each) => changeKind(split, each))) {
    for (const made of [changeKind(from, kind), wrapIn(from, kind)]) {
      expect(isShaped(made)).toBe(true);
      const models = policyLeaves(made).map(({ node }) => node.model);
      for (const { node } of kind === 'model'
        ? [policyLeaves(from)[0]].flatMap((one) => one ?? [])
        : policyLeaves(from))
        expect(models).toContain(node.model);
      // Nothing but a condition, or a meta-model, is left to fill in.
      const problems = policySchema.safeParse(made).error?.issues.map((issue) => issue.path.at(-1)) ?? [];
      expect(problems.filter((key) => key !== 'when')).toEqual([]);
    }
  }
});

test('normalised weights keep their proportions and sum to 1', () => {
  const weights = (values: unknown[]) => normalise(values.map((weight) => ({ weight }))).map(({ weight }) => weight);
  expect(weights([1, 1, 2])).toEqual([0.25, 0.25, 0.5]);
  expect(weights([1, 1, 1])).toEqual([0.333334, 0.333333, 0.333333]);
  expect(weights([0, 0])).toEqual([0.5, 0.5]);
  expect(weights([0.2, 'much', undefined])).toEqual([1, 0, 0]);
  for (const values of [
    [3, 7, 11, 0.1],
    [1e-9, 1],
    [0.1, 0.2, 0.3, 0.15],
  ])
    expect(Math.abs(weights(values).reduce((sum, one) => sum + one, 0) - 1)).toBeLessThan(1e-9);
});

test('what a form cannot show is known before it tries', () => {
  expect(isShaped(split)).toBe(true);
  for (const broken of [null, [], {}, { kind: 'nothing' }, { kind: 'split' }, { kind: 'split', arms: [{ name: 'a' }] }])
    expect(isShaped(broken)).toBe(false);
});

test('a field is told in names', () => {
  const nested: Policy = {
    kind: 'rules',
    rules: [{ name: 'middle', when: 'true', policy: split }],
    otherwise: leaf('x'),
  };
  expect(placeOf(nested, 'rules.0.policy.arms.1.weight')).toBe('middle › b: weight');
  expect(placeOf(nested, 'rules.0.policy.arms.1.policy.model')).toBe('middle › b: model');
  expect(placeOf(nested, 'rules.0.when')).toBe('middle: when');
  expect(placeOf(nested, 'otherwise.version')).toBe('otherwise: version');
  expect(placeOf(nested, '')).toBe('the policy');
});
