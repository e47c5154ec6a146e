import type { Policy } from '@switchyard/contracts';
import { describe, expect, it } from 'vitest';
import {
  compilePolicy,
  decide,
  describePolicyChanges,
  endpointFeatures,
  listModelReferences,
  listModels,
  type RegistryView,
  validatePolicy,
} from '../src/index.ts';
import { input, model, registry, rules, split } from './builders.ts';

const members = (...names: string[]) => names.map((name) => ({ name, policy: model(name) }));

describe('combining nodes', () => {
  it('are where a decision ends, with a decision for each branch', () => {
    const policy: Policy = {
      kind: 'ensemble',
      method: 'soft_vote',
      members: [
        { name: 'one', policy: model('a') },
        { name: 'two', policy: split(['left', 0.5, model('a')], ['right', 0.5, model('b')]) },
      ],
    };
    const decision = decide(compilePolicy(rules([['all', 'true', policy]], model('b'))), input());
    expect(decision).toMatchObject({ node: { kind: 'ensemble' }, path: 'all', propensity: 1 });
    expect(decision.branches.map(({ name, decision: { path } }) => [name, path])).toEqual([
      ['one', 'all/one'],
      ['two', expect.stringMatching(/^all\/two\/(left|right)$/)],
    ]);
    expect(decision.branches[1]?.decision.propensity).toBe(0.5);
  });

  it('nest anywhere, in any order', () => {
    const kinds: ((inner: Policy) => Policy)[] = [
      (inner) => split(['x', 1, inner]),
      (inner) => rules([['x', 'true', inner]], model('a')),
      (inner) => ({ kind: 'best', metric: 'accuracy', candidates: [{ name: 'x', policy: inner }] }),
      (inner) => ({
        kind: 'bandit',
        algorithm: 'epsilon_greedy',
        reward: { from: 'correct' },
        arms: [{ name: 'x', policy: inner }, ...members('a')],
      }),
      (inner) => ({
        kind: 'ensemble',
        method: 'majority_vote',
        members: [{ name: 'x', policy: inner }, ...members('a')],
      }),
      (inner) => ({
        kind: 'cascade',
        steps: [{ name: 'x', policy: inner, minimumConfidence: 0.9 }, ...members('a')],
      }),
      (inner) => ({ kind: 'fallback', targets: [{ name: 'x', policy: inner }, ...members('a')] }),
      (inner) => ({ kind: 'shadow', primary: inner, shadows: [{ name: `beside-${inner.kind}`, policy: model('a') }] }),
    ];
    for (const outer of kinds) {
      for (const inner of kinds) {
        const policy = outer(inner(model('b')));
        expect(validatePolicy(policy, registry)).toEqual([]);
        const compiled = compilePolicy(policy, { salt: 'e' });
        expect(compiled.leaves.length).toBe(listModels(policy).length);
        const walk = (decision: ReturnType<typeof decide>): number =>
          decision.node.kind === 'model'
            ? 1
            : decision.branches.reduce((sum, branch) => sum + walk(branch.decision), 0);
        expect(walk(decide(compiled, input()))).toBeGreaterThan(0);
      }
    }
  });

  it('a shadow beside a branch moves no unit and renames no path', () => {
    const plain = split(['left', 0.5, model('a')], ['right', 0.5, model('b')]);
    const shadowed: Policy = { kind: 'shadow', primary: plain, shadows: members('a') };
    const before = compilePolicy(plain, { salt: 'e' });
    const after = compilePolicy(shadowed, { salt: 'e' });
    for (let n = 0; n < 200; n += 1) {
      const unit = `u${n}`;
      expect(decide(after, input({ unit })).branches[0]?.decision.path).toBe(decide(before, input({ unit })).path);
    }
  });

  it('draws a share of the requests for a shadow, by request', () => {
    const compiled = compilePolicy({
      kind: 'shadow',
      primary: model('a'),
      shadows: [{ name: 's', share: 0.2, policy: model('b') }],
    });
    let drawn = 0;
    for (let n = 0; n < 20_000; n += 1) {
      drawn += decide(compiled, input({ unit: 'one', requestId: `r${n}` })).branches.length - 1;
    }
    // 20 % ± 4 standard errors.
    expect(Math.abs(drawn / 20_000 - 0.2)).toBeLessThan(0.0114);
  });
});

describe('validation', () => {
  const problemsOf = (policy: unknown, view: RegistryView = registry) =>
    validatePolicy(policy, view).map(({ field, detail }) => `${field}: ${detail}`);

  it.each<[string, unknown, RegExp]>([
    [
      'two members with one name',
      { kind: 'ensemble', method: 'soft_vote', members: [...members('a'), ...members('a')] },
      /^members\.1\.name: .*twice/,
    ],
    [
      'more members wanted than there are',
      { kind: 'ensemble', method: 'soft_vote', minimumMembers: 3, members: members('a', 'b') },
      /^minimumMembers: there are only 2/,
    ],
    [
      'no weight',
      { kind: 'ensemble', method: 'soft_vote', members: [{ ...members('a')[0], weight: 0 }] },
      /^members: every weight is 0/,
    ],
    [
      'an unknown best member',
      { kind: 'ensemble', method: 'majority_vote', tie: 'best_member', bestMember: 'z', members: members('a') },
      /^bestMember/,
    ],
    [
      'a tie rule without its member',
      { kind: 'ensemble', method: 'majority_vote', tie: 'best_member', members: members('a') },
      /^bestMember/,
    ],
    [
      'stacking without a meta-model',
      { kind: 'ensemble', method: 'stacking', members: members('a') },
      /^meta: stacking needs/,
    ],
    [
      'a meta-model without stacking',
      { kind: 'ensemble', method: 'soft_vote', meta: { model: 'a', version: '1' }, members: members('a') },
      /^meta: soft_vote/,
    ],
    [
      'an unknown meta-model',
      { kind: 'ensemble', method: 'stacking', meta: { model: 'z', version: '1' }, members: members('a') },
      /^meta\.model/,
    ],
    [
      'voting on values',
      { kind: 'ensemble', method: 'soft_vote', members: members('price') },
      /^method: soft_vote is for classification/,
    ],
    ['a cascade without a threshold', { kind: 'cascade', steps: members('a', 'b') }, /^steps\.0\.minimumConfidence/],
    [
      'a threshold on the last step',
      { kind: 'cascade', steps: members('a', 'b').map((step) => ({ ...step, minimumConfidence: 0.5 })) },
      /^steps\.1\.minimumConfidence/,
    ],
    [
      'a cascade of values',
      {
        kind: 'cascade',
        steps: [
          { ...members('price')[0], minimumConfidence: 0.5 },
          { name: 'x', policy: model('price') },
        ],
      },
      /a cascade needs probabilities/,
    ],
    [
      'a fallback to two of one name',
      { kind: 'fallback', targets: [...members('a'), ...members('a')] },
      /^targets\.1\.name/,
    ],
    [
      'a shadow called primary',
      { kind: 'shadow', primary: model('a'), shadows: [{ name: 'primary', policy: model('b') }] },
      /^shadows\.0\.name/,
    ],
    [
      'a shadow with the path of a branch that answers',
      { kind: 'shadow', primary: split(['x', 1, model('a')]), shadows: [{ name: 'x', policy: model('b') }] },
      /^shadows\.0\.name: the primary has a branch 'x' too/,
    ],
    [
      'a fallback candidate that is none',
      { kind: 'best', metric: 'f1', candidates: members('a'), fallback: 'z' },
      /^fallback/,
    ],
    [
      'too high a floor',
      {
        kind: 'bandit',
        algorithm: 'thompson',
        reward: { from: 'reward' },
        minimumPropensity: 0.5,
        arms: [...members('a', 'b'), { name: 'c', policy: model('a') }],
      },
      /^minimumPropensity/,
    ],
    [
      'a contextual bandit without features',
      { kind: 'bandit', algorithm: 'linucb', reward: { from: 'reward' }, arms: members('a', 'b') },
      /^contextFeatures: linucb needs/,
    ],
    [
      'a feature that is text',
      {
        kind: 'bandit',
        algorithm: 'squarecb',
        reward: { from: 'reward' },
        contextFeatures: ['amount', 'country', 'nothing'],
        arms: members('a', 'b'),
      },
      /^contextFeatures\.1: 'country' is a string/,
    ],
    [
      'a value without a range',
      {
        kind: 'bandit',
        algorithm: 'thompson',
        reward: { from: 'value', name: 'x', minimum: 1, maximum: 1 },
        arms: members('a', 'b'),
      },
      /^reward\.maximum/,
    ],
    [
      'a negative timeout',
      { kind: 'fallback', targets: [{ ...members('a')[0], timeoutMs: -1 }] },
      /^targets\.0\.timeoutMs/,
    ],
    ['a misspelt setting', { kind: 'fallback', targets: members('a'), retyBudget: 1 }, /retyBudget|nrecognized/],
  ])('refuses %s', (_, policy, pattern) => {
    expect(problemsOf(policy)).toEqual(expect.arrayContaining([expect.stringMatching(pattern)]));
  });

  const view: RegistryView = {
    models: Object.fromEntries(
      (
        [
          ['yes-no', [0, 1], { probabilities: 'p' }],
          ['no-yes', [1, 0], { probabilities: 'p' }],
          ['words', ['no', 'yes'], { probabilities: 'p' }],
          ['hard', [0, 1], { label: 'l' }],
          ['meta', [0, 1], { probabilities: 'p' }],
        ] as const
      ).map(([name, labels, roles]) => [
        name,
        {
          task: 'binary' as const,
          aliases: {},
          versions: {
            '1': {
              signature: {
                labels: [...labels],
                roles,
                features:
                  name === 'meta'
                    ? [
                        { name: 'm0', type: 'number' as const },
                        { name: 'm1', type: 'number' as const },
                      ]
                    : [{ name: 'x', type: 'number' as const }],
              },
            },
          },
        },
      ]),
    ),
  };

  it('wants members to answer the same classes, in any order, with probabilities', () => {
    const ensemble = (method: string, ...names: string[]) => ({ kind: 'ensemble', method, members: members(...names) });
    expect(problemsOf(ensemble('soft_vote', 'yes-no', 'no-yes'), view)).toEqual([]);
    expect(problemsOf(ensemble('soft_vote', 'yes-no', 'words'), view)).toEqual([
      "members.1.policy: member 'words' answers no, yes, but 'yes-no' answers 0, 1",
    ]);
    expect(problemsOf(ensemble('soft_vote', 'yes-no', 'hard'), view)[0]).toMatch(/gives no probabilities/);
    expect(problemsOf(ensemble('majority_vote', 'yes-no', 'hard'), view)).toEqual([]);
  });

  it('wants a meta-model to take what the members give, and asks callers for none of it', () => {
    const stacking = (...names: string[]): Policy => ({
      kind: 'ensemble',
      method: 'stacking',
      meta: { model: 'meta', version: '1' },
      members: members(...names),
    });
    expect(problemsOf(stacking('yes-no', 'no-yes'), view)).toEqual([]);
    expect(problemsOf(stacking('yes-no'), view)).toEqual(['meta.model: it takes 2 features, but 1 members give 1']);
    expect(endpointFeatures(stacking('yes-no', 'no-yes'), view).features.map(({ name }) => name)).toEqual(['x']);
    expect(listModelReferences(stacking('yes-no')).map(({ node }) => node.model)).toEqual(['meta', 'yes-no']);
  });

  it('lets no shadow demand features of callers', () => {
    const own: RegistryView = {
      models: {
        a: {
          task: 'binary',
          aliases: {},
          versions: { '1': { signature: { features: [{ name: 'x', type: 'number' }] } } },
        },
        b: {
          task: 'binary',
          aliases: {},
          versions: {
            '1': {
              signature: {
                features: [
                  { name: 'x', type: 'integer' },
                  { name: 'y', type: 'number' },
                ],
              },
            },
          },
        },
      },
    };
    const features = endpointFeatures({ kind: 'shadow', primary: model('a'), shadows: members('b') }, own);
    expect(features.features).toEqual([{ name: 'x', type: 'number' }]);
    expect(features.shadowOnly).toEqual([{ name: 'y', type: 'number' }]);
  });
});

it('changes are told in words', () => {
  const before: Policy = { kind: 'fallback', targets: [{ name: 'first', policy: model('a') }] };
  const after: Policy = {
    kind: 'shadow',
    primary: { kind: 'fallback', targets: [{ name: 'first', timeoutMs: 50, retries: 1, policy: model('a') }] },
    shadows: [{ name: 'new', share: 0.1, policy: model('b') }],
  };
  expect(describePolicyChanges(before, after)).toEqual([
    { path: '', before: 'fallback', after: 'shadow, primary: fallback' },
    { path: 'first', before: 'first: a version 1', after: 'first, within 50 ms, 1 retry: a version 1' },
    { path: 'new', before: null, after: 'shadow of 10 %: b version 1' },
  ]);
  const more: Policy = { kind: 'fallback', targets: [{ name: 'first', retries: 2, policy: model('a') }] };
  expect(describePolicyChanges(before, more)).toEqual([
    { path: 'first', before: 'first: a version 1', after: 'first, 2 retries: a version 1' },
  ]);
});
