import type { Policy } from '@switchyard/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assignmentSalt,
  bucketOf,
  compilePolicy,
  decide,
  describePolicyChanges,
  featuresUsedInConditions,
  listModels,
} from '../src/index.ts';
import { input, model, rules, split } from './builders.ts';

describe('a model', () => {
  it('is reached without a step', () => {
    const compiled = compilePolicy({ kind: 'model', model: 'a', alias: 'champion' });
    expect(decide(compiled, input())).toEqual({
      node: { kind: 'model', path: '', model: 'a', alias: 'champion' },
      path: '',
      steps: [],
      propensity: 1,
      branches: [],
    });
  });
});

describe('a split', () => {
  const policy = split(['control', 0.8, model('a')], ['treatment', 0.2, model('b')]);

  it('logs the bucket and the probability of every arm', () => {
    const decision = decide(compilePolicy(policy, { salt: 'fraud' }), input({ unit: 'user-42' }));
    const bucket = bucketOf(assignmentSalt('fraud/'), 'user-42');
    const chosen = bucket < 500_000 || bucket >= 700_000 ? 'control' : 'treatment';
    expect(decision.steps).toEqual([
      { node: '', kind: 'split', chosen, probabilities: { control: 0.8, treatment: 0.2 }, bucket },
    ]);
    expect(decision.path).toBe(chosen);
    expect(decision.propensity).toBe(chosen === 'control' ? 0.8 : 0.2);
  });

  it('is sticky per unit, and random but replayable without one', () => {
    const compiled = compilePolicy(policy, { salt: 'fraud' });
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.uuid(), fc.uuid(), (unit, first, second) => {
        expect(decide(compiled, input({ unit, requestId: first })).path).toBe(
          decide(compiled, input({ unit, requestId: second })).path,
        );
      }),
    );
    const paths = new Set(
      Array.from({ length: 200 }, (_, n) => decide(compiled, input({ requestId: `request-${n}` })).path),
    );
    expect(paths).toEqual(new Set(['control', 'treatment']));
  });

  it('moves only the units that the change of weight needs, and only one way', () => {
    const before = compilePolicy(policy, { salt: 'fraud' });
    const after = compilePolicy(split(['control', 0.7, model('a')], ['treatment', 0.3, model('b')]), { salt: 'fraud' });
    let moved = 0;
    for (let unit = 0; unit < 20_000; unit += 1) {
      const from = decide(before, input({ unit: `user-${unit}` })).path;
      const to = decide(after, input({ unit: `user-${unit}` })).path;
      if (from === to) continue;
      moved += 1;
      expect([from, to]).toEqual(['control', 'treatment']);
    }
    // 10 % ± 4 standard errors.
    expect(moved / 20_000).toBeGreaterThan(0.0915);
    expect(moved / 20_000).toBeLessThan(0.1085);
  });

  it('reshuffles with another salt and not with another place for its own salt', () => {
    const salted = (salt: string): Policy => ({ ...(policy as Policy & { kind: 'split' }), salt });
    const paths = (compiled: ReturnType<typeof compilePolicy>) =>
      Array.from({ length: 500 }, (_, n) =>
        decide(compiled, input({ unit: `u${n}` }))
          .path.split('/')
          .at(-1),
      ).join();
    expect(paths(compilePolicy(policy, { salt: 'x' }))).not.toBe(paths(compilePolicy(policy, { salt: 'y' })));
    expect(paths(compilePolicy(salted('s'), { salt: 'x' }))).toBe(
      paths(compilePolicy(rules([['all', 'true', salted('s')]], model('a')), { salt: 'y' })),
    );
  });

  it('inside a split draws independently and multiplies the probabilities', () => {
    const inner = split(['x', 0.5, model('a')], ['y', 0.5, model('b')]);
    const compiled = compilePolicy(split(['left', 0.5, inner], ['right', 0.5, inner]), { salt: 'nested' });
    const counts = new Map<string, number>();
    for (let unit = 0; unit < 20_000; unit += 1) {
      const { path, propensity } = decide(compiled, input({ unit: `user-${unit}` }));
      expect(propensity).toBe(0.25);
      counts.set(path, (counts.get(path) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['left/x', 'left/y', 'right/x', 'right/y']);
    for (const count of counts.values()) expect(Math.abs(count - 5_000)).toBeLessThan(5 * 61.3);
  });
});

describe('rules', () => {
  const bank = rules(
    [
      ['small', 'features.Amount < 100', model('rule-based')],
      [
        'middle',
        'features.Amount <= 1000',
        split(['forest', 0.5, model('forest')], ['network', 0.5, model('network')]),
      ],
    ],
    model('xgboost'),
  );
  const compiled = compilePolicy(bank, { salt: 'fraud' });

  it('take the first that holds, else otherwise', () => {
    const at = (amount: number) => decide(compiled, input({ unit: 'u', features: { Amount: amount } }));
    expect(at(99.99)).toMatchObject({ path: 'small', node: { model: 'rule-based' }, propensity: 1 });
    expect(at(100).path).toMatch(/^middle\/(forest|network)$/);
    expect(at(100).steps.map(({ node, kind, chosen }) => [node, kind, chosen])).toEqual([
      ['', 'rules', 'middle'],
      ['middle', 'split', at(100).path.split('/')[1]],
    ]);
    expect(at(1000.01)).toMatchObject({ path: 'otherwise', steps: [{ node: '', kind: 'rules', chosen: 'otherwise' }] });
  });

  it('that fail while they run do not hold, and the step says so', () => {
    expect(decide(compiled, input()).steps).toEqual([
      {
        node: '',
        kind: 'rules',
        chosen: 'otherwise',
        reason: 'did not hold because it failed: small: No such key: Amount; middle: No such key: Amount',
      },
    ]);
    const mixed = compilePolicy(rules([['x', 'context.n > 3', model('a')]], model('b')));
    expect(decide(mixed, input({ context: { n: 'text' } })).steps[0]?.reason).toContain('x: no such overload');
  });

  it('see whole-number features as int, and null as missing', () => {
    const specs = [{ name: 'n', type: 'integer' as const }];
    const even = compilePolicy(rules([['even', 'has(features.n) && features.n % 2 == 0', model('a')]], model('b')), {
      features: specs,
    });
    expect(decide(even, input({ features: { n: 4 } })).path).toBe('even');
    expect(decide(even, input({ features: { n: 5 } })).path).toBe('otherwise');
    expect(decide(even, input({ features: { n: null } }))).toMatchObject({
      path: 'otherwise',
      steps: [{ chosen: 'otherwise' }],
    });
    expect(decide(even, input({ features: { n: null } })).steps[0]?.reason).toBeUndefined();
  });

  it('find nothing that is not the own property of what was sent', () => {
    const nasty = compilePolicy(
      rules([['x', 'has(features.toString) || has(features.__proto__)', model('a')]], model('b')),
    );
    expect(decide(nasty, input({ features: { ...input().features } })).path).toBe('otherwise');
    expect(decide(nasty, input({ features: JSON.parse('{"__proto__": 1}') })).path).toBe('x');
  });
});

it('replays: the same input gives the same decision, whatever came between', () => {
  const leaf = fc.constantFrom(model('a'), model('b'), model('c'));
  const { tree } = fc.letrec<{ tree: Policy; split: Policy; rules: Policy; leaf: Policy }>((tie) => ({
    leaf,
    split: fc
      .tuple(fc.integer({ min: 0, max: 1_000 }), tie('tree'), tie('tree'))
      .map(([weight, left, right]) => split(['l', weight / 1_000, left], ['r', 1 - weight / 1_000, right])),
    rules: fc
      .tuple(fc.integer({ min: 0, max: 100 }), tie('tree'), tie('tree'))
      .map(([bound, then, otherwise]) => rules([['then', `features.x < ${bound}.5`, then]], otherwise)),
    tree: fc.oneof({ maxDepth: 5 }, tie('leaf'), tie('split'), tie('rules')),
  }));
  fc.assert(
    fc.property(
      tree,
      fc.string(),
      fc.uuid(),
      fc.double({ min: 0, max: 100, noNaN: true }),
      (policy, unit, requestId, x) => {
        const row = input({ unit, requestId, features: { x } });
        const compiled = compilePolicy(policy, { salt: 'replay' });
        const first = decide(compiled, row);
        for (let other = 0; other < 5; other += 1) decide(compiled, input({ unit: `noise-${other}` }));
        expect(decide(compilePolicy(structuredClone(policy), { salt: 'replay' }), row)).toEqual(first);
        expect(first.propensity).toBeGreaterThan(0);
        expect(first.steps.map(({ chosen }) => chosen).join('/')).toBe(first.path);
        const product = first.steps.reduce((total, step) => total * (step.probabilities?.[step.chosen] ?? 1), 1);
        expect(first.propensity).toBeCloseTo(product, 12);
      },
    ),
  );
});

describe('questions about a policy', () => {
  const policy = rules(
    [['small', 'features.amount < 10 && features["a b"] == 1', model('a')]],
    split(
      ['l', 0.25, model('a')],
      ['r', 0.75, rules([['n', 'features.amount > 3 || has(features.z)', model('b')]], model('c'))],
    ),
  );

  it('lists leaves and features', () => {
    expect(listModels(policy).map(({ node, path }) => [path, node.model])).toEqual([
      ['small', 'a'],
      ['otherwise/l', 'a'],
      ['otherwise/r/n', 'b'],
      ['otherwise/r/otherwise', 'c'],
    ]);
    expect(featuresUsedInConditions(policy)).toEqual(['amount', 'a b', 'z']);
  });

  it('describes what changes, node by node', () => {
    const before = split(['l', 0.5, model('a')], ['r', 0.5, model('b')]);
    const after = split(['l', 0.4, model('a')], ['r', 0.5, model('b', '2')], ['new', 0.1, model('c')]);
    expect(describePolicyChanges(before, after)).toEqual([
      { path: 'l', before: '50 %: a version 1', after: '40 %: a version 1' },
      { path: 'r', before: '50 %: b version 1', after: '50 %: b version 2' },
      { path: 'new', before: null, after: '10 %: c version 1' },
    ]);
    expect(describePolicyChanges(after, after)).toEqual([]);
    expect(describePolicyChanges(null, model('a'))).toEqual([{ path: '', before: null, after: 'a version 1' }]);
    expect(describePolicyChanges(policy, model('a')).find(({ path }) => path === 'small')).toEqual({
      path: 'small',
      before: 'rule 1, when features.amount < 10 && features["a b"] == 1: a version 1',
      after: null,
    });
  });
});
