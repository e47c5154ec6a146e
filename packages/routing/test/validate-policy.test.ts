import type { Policy } from '@switchyard/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endpointFeatures, validatePolicy } from '../src/index.ts';
import { model, registry, rules, split } from './builders.ts';

const problemsOf = (policy: unknown) => validatePolicy(policy, registry);
const conditionProblem = (when: string) => problemsOf(rules([['only', when, model('a')]], model('b')));

describe('a policy that can be served has no problems', () => {
  it.each<[string, Policy]>([
    ['a model by version', model('a', '2')],
    ['a model by alias', { kind: 'model', model: 'a', alias: 'champion' }],
    ['a split', split(['left', 0.5, model('a')], ['right', 0.5, model('b')])],
    ['thirds', split(['x', 1 / 3, model('a')], ['y', 1 / 3, model('a')], ['z', 1 / 3, model('b')])],
    ['an arm that is switched off', split(['on', 1, model('a')], ['off', 0, model('b')])],
    [
      'rules over everything that can be asked',
      rules(
        [
          ['small', 'features.amount < 100', model('a')],
          ['even', 'features.visits % 2 == 0 && features.is_new', model('a')],
          ['gold', 'segment.tier == "gold" || unit.startsWith("vip-")', model('b')],
          ['web', 'has(context.channel) && context.channel in ["web", "app"]', model('b')],
          ['own', 'features["not of a model"] == 3 && features.country != "ch"', model('b')],
        ],
        split(['left', 0.5, model('a')], ['right', 0.5, model('b')]),
      ),
    ],
  ])('%s', (_name, policy) => {
    expect(problemsOf(policy)).toEqual([]);
  });
});

describe('weights', () => {
  it('must sum to 1 within 1e-9', () => {
    expect(problemsOf(split(['l', 0.5, model('a')], ['r', 0.4, model('b')]))).toEqual([
      { field: 'arms', detail: 'the weights sum to 0.9, not to 1' },
    ]);
    expect(problemsOf(split(['l', 0.5, model('a')], ['r', 0.5 + 2e-9, model('b')]))).toHaveLength(1);
    expect(problemsOf(split(['l', 0.5, model('a')], ['r', 0.5 + 5e-10, model('b')]))).toEqual([]);
  });

  it('must be large enough to be assigned', () => {
    const problems = problemsOf(split(['l', 1 - 1e-7, model('a')], ['r', 1e-7, model('b')]));
    expect(problems.map(({ field }) => field)).toEqual(['arms.1.weight']);
  });

  it('must be numbers from 0 to 1', () => {
    for (const weight of [-0.1, 1.1, Number.NaN, '0.5', null]) {
      const policy = { kind: 'split', arms: [{ name: 'l', weight, policy: model('a') }] };
      expect(
        problemsOf(policy).map(({ field }) => field),
        `${weight}`,
      ).toContain('arms.0.weight');
    }
  });
});

describe('names', () => {
  it('must be unique among the arms of a split and the rules of a node', () => {
    expect(problemsOf(split(['same', 0.5, model('a')], ['same', 0.5, model('b')]))[0]?.field).toBe('arms.1.name');
    expect(
      problemsOf(
        rules(
          [
            ['same', 'true', model('a')],
            ['same', 'false', model('b')],
          ],
          model('a'),
        ),
      )[0]?.field,
    ).toBe('rules.1.name');
  });

  it("cannot hold a '/' or stand for the last branch, so that paths are unambiguous", () => {
    expect(problemsOf(split(['a/b', 1, model('a')]))[0]?.field).toBe('arms.0.name');
    expect(problemsOf(split(['../x', 1, model('a')]))[0]?.field).toBe('arms.0.name');
    expect(problemsOf(rules([['otherwise', 'true', model('a')]], model('a')))[0]?.field).toBe('rules.0.name');
  });
});

describe('models', () => {
  it.each<[string, Policy, string]>([
    ['a model', model('nobody'), 'model'],
    ['a property that every object has', model('constructor'), 'model'],
    ['a version', model('a', '7'), 'version'],
    ['an alias', { kind: 'model', model: 'a', alias: 'challenger' }, 'alias'],
    ['the target of an alias', { kind: 'model', model: 'a', alias: 'gone' }, 'alias'],
    [
      'deep in the tree',
      rules([['x', 'true', split(['y', 1, model('a', '7')])]], model('b')),
      'rules.0.policy.arms.0.policy.version',
    ],
  ])('that do not exist are named: %s', (_name, policy, field) => {
    expect(problemsOf(policy).map((problem) => problem.field)).toEqual([field]);
  });

  it('of one endpoint agree about the task and the types of features', () => {
    const details = problemsOf(split(['l', 0.5, model('a')], ['r', 0.5, model('price')])).map(({ detail }) => detail);
    expect(details).toEqual([
      "its models disagree about the type of feature 'amount': number and string",
      'its models answer different tasks: binary and regression',
    ]);
  });

  it('are given by either a version or an alias', () => {
    expect(problemsOf({ kind: 'model', model: 'a' })).toHaveLength(1);
    expect(problemsOf({ kind: 'model', model: 'a', version: '1', alias: 'champion' })).toHaveLength(1);
  });
});

describe('conditions', () => {
  it.each([
    ['that do not parse', 'features.amount >', 'does not parse'],
    ['over a variable that does not exist', 'amount < 100', 'does not type-check: Unknown variable: amount'],
    ['that are not true or false', 'features.amount', 'must be true or false, but is of type double'],
    ['that may not be true or false', 'context.flag', 'must be true or false, which is not certain'],
    ['that compare a number with text', 'features.amount == "100"', 'does not type-check'],
    ['that compare text with a number', 'segment.tier > 3', 'does not type-check'],
    ['that add a whole number to a number', 'features.amount + 1 > 2.0', 'does not type-check'],
    ['that call what is not there', 'shell("rm")', 'does not type-check'],
    ['that loop over all features', 'features.all(name, name != "")', 'name each feature'],
    ['that compute the name of a feature', 'features[unit] == 1', 'name each feature'],
    ['that use a pattern', 'unit.matches("(a+)+$")', 'matches() is not available'],
    ['that are absurdly long', `${'(true) && '.repeat(390)}true`, 'does not parse'],
    ['that nest absurdly deep', `${'!('.repeat(500)}true${')'.repeat(500)}`, 'does not parse'],
  ])('%s are refused', (_name, when, detail) => {
    const problems = conditionProblem(when);
    if (when.length < 3_000) expect(problems.map(({ field }) => field)).toEqual(['rules.0.when']);
    if (detail !== 'does not parse' || !when.includes('&& ')) expect(problems[0]?.detail).toContain(detail);
  });
});

describe('size', () => {
  const nest = (levels: number): Policy => {
    let policy = model('a');
    for (let level = 1; level < levels; level += 1) policy = split(['only', 1, policy]);
    return policy;
  };

  it('is bounded in depth', () => {
    expect(problemsOf(nest(20))).toEqual([]);
    expect(problemsOf(nest(21))).toEqual([{ field: '', detail: 'the policy is more than 20 nodes deep' }]);
    expect(problemsOf(nest(20_000))).toHaveLength(1);
  });

  it('is bounded in nodes', () => {
    const wide = (inner: Policy) =>
      split(...Array.from({ length: 50 }, (_, n): [string, number, Policy] => [`n${n}`, 0.02, inner]));
    expect(problemsOf(wide(wide(model('a'))))[0]?.detail).toContain('more than 1000');
  });
});

it('answers problems for any input, and never throws', () => {
  fc.assert(
    fc.property(fc.anything(), (anything) => {
      expect(validatePolicy(anything, registry).length).toBeGreaterThan(0);
    }),
  );
  expect(problemsOf({ kind: 'model', model: 'a', version: '1', extra: 1 })).toHaveLength(1);
  expect(problemsOf(JSON.parse('{"kind":"split","arms":[],"__proto__":{"x":1}}')).length).toBeGreaterThan(0);
});

it('merges the features of all reachable models and names those that only conditions use', () => {
  const view = {
    models: {
      x: {
        task: 'binary' as const,
        aliases: {},
        versions: {
          '1': {
            signature: {
              features: [
                { name: 'amount', type: 'number' as const, default: 1 },
                { name: 'city', type: 'string' as const, categories: ['a', 'b'] },
              ],
            },
          },
          '2': {
            signature: {
              features: [
                { name: 'amount', type: 'integer' as const },
                { name: 'city', type: 'string' as const, categories: ['b', 'c'] },
                { name: 'age', type: 'number' as const, default: 3 },
              ],
            },
          },
        },
      },
    },
  };
  const policy = rules([['one', 'features.amount > 1 && features.other == "x"', model('x', '1')]], model('x', '2'));
  expect(endpointFeatures(policy, view)).toEqual({
    features: [
      { name: 'amount', type: 'integer' },
      { name: 'city', type: 'string', categories: ['b'] },
      { name: 'age', type: 'number', default: 3 },
    ],
    shadowOnly: [],
    conditionOnly: ['other'],
    conflicts: [],
  });
});
