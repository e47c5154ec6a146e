import type { BanditState, BestState, Policy } from '@switchyard/contracts';
import { describe, expect, it } from 'vitest';
import { findLearningNodes } from './learning-nodes.ts';
import { nextEpoch, usableState } from './usable-state.ts';

const leaf = (model: string, version = '1'): Policy => ({ kind: 'model', model, version });
const arms = (...policies: Policy[]) => policies.map((policy, index) => ({ name: `${'abcdef'[index]}`, policy }));
const bandit = (...policies: Policy[]): Policy => ({
  kind: 'bandit',
  algorithm: 'thompson',
  reward: { from: 'reward' },
  arms: arms(...policies),
});
const best = (...policies: Policy[]): Policy => ({ kind: 'best', metric: 'f1', candidates: arms(...policies) });
const ensemble = (...policies: Policy[]): Policy => ({
  kind: 'ensemble',
  method: 'soft_vote',
  members: arms(...policies),
});

let champion = '3';
const find = (policy: Policy) =>
  findLearningNodes(policy, ({ model, version, alias }) =>
    model === 'gone' ? undefined : { model, version: version ?? (alias === undefined ? '' : champion) },
  );
const shapeOf = (policy: Policy) =>
  find(policy).map(({ path, branches }) => [
    path,
    Object.fromEntries(
      branches.map(({ name, places }) => [name, places.map((at) => `${at.path}=${at.model}@${at.version}`)]),
    ),
  ]);

describe('nodes that learn', () => {
  it('are found anywhere, with what answers below each branch, ends of other branches left out', () => {
    const inner = bandit(leaf('x'), leaf('y'));
    expect(
      shapeOf(
        best(leaf('p'), {
          kind: 'fallback',
          targets: [
            { name: 'first', policy: inner },
            { name: 'a', policy: leaf('z') },
          ],
        }),
      ),
    ).toEqual([
      ['', { a: ['a=p@1'], b: ['b/first/a=x@1', 'b/first/b=y@1', 'b/a=z@1'] }],
      ['b/first', { a: ['b/first/a=x@1'], b: ['b/first/b=y@1'] }],
    ]);
  });

  it('keep their path below the primary of a shadow; shadows themselves do not learn', () => {
    const policy: Policy = {
      kind: 'shadow',
      primary: bandit(leaf('x'), leaf('y')),
      shadows: [{ name: 'next', policy: best(leaf('x'), leaf('y')) }],
    };
    expect(shapeOf(policy)).toEqual([['', { a: ['a=x@1'], b: ['b=y@1'] }]]);
  });

  it('do not learn below an ensemble, which answers as one', () => {
    expect(shapeOf(ensemble(bandit(leaf('x'), leaf('y'))))).toEqual([]);
    expect(shapeOf(bandit(ensemble(leaf('x'), best(leaf('y'), leaf('z'))), leaf('x')))).toEqual([
      ['', { a: ['a=ensemble:soft_vote@'], b: ['b=x@1'] }],
    ]);
  });

  it('do without leaves that nothing is registered for', () => {
    expect(shapeOf(bandit(leaf('gone'), leaf('y')))).toEqual([['', { a: [], b: ['b=y@1'] }]]);
  });
});

describe('a stored state', () => {
  const followed: Policy = { kind: 'model', model: 'x', alias: 'champion' };
  const one = (policy: Policy) => {
    const [node] = find(policy);
    if (node === undefined) throw new Error('a node that learns');
    return node;
  };
  const learnt: BanditState = {
    kind: 'bandit',
    epoch: 7,
    computedAtMs: 1,
    arms: { a: { count: 1, sum: 1, sumOfSquares: 1 }, b: { count: 2, sum: 1, sumOfSquares: 1 } },
  };

  it('holds while the same is asked of the same models', () => {
    const node = one(bandit(followed, leaf('y')));
    const stored = { basis: node.basis, state: learnt };
    expect(usableState(node, stored)).toEqual(learnt);
    // Another algorithm reads the same sums.
    const greedy = one({ ...(bandit(followed, leaf('y')) as object), algorithm: 'epsilon_greedy' } as Policy);
    expect(usableState(greedy, stored)).toEqual(learnt);
    expect(nextEpoch(stored, learnt)).toBe(8);
    expect(usableState(node, undefined)).toBeUndefined();
    expect(nextEpoch(undefined, undefined)).toBe(1);
  });

  it('loses the branch that another version answers for now, and every epoch is above those served before', () => {
    const node = one(bandit(followed, leaf('y')));
    const stored = { basis: node.basis, state: learnt };
    champion = '4';
    const rest = usableState(one(bandit(followed, leaf('y'))), stored);
    champion = '3';
    expect(rest).toEqual({ ...learnt, epoch: 8, arms: { b: learnt.arms.b } });
    expect(nextEpoch(stored, rest)).toBe(9);
  });

  it('is nothing once something else is measured', () => {
    const node = one(best(leaf('x'), leaf('y')));
    const state: BestState = { kind: 'best', computedAtMs: 1, segments: { '': { a: { value: 0.5, labels: 9 } } } };
    const stored = { basis: node.basis, state };
    expect(usableState(node, stored)).toEqual(state);
    const metric = one({ ...(best(leaf('x'), leaf('y')) as object), metric: 'log_loss' } as Policy);
    expect(usableState(metric, stored)).toBeUndefined();
    expect(usableState(one(bandit(leaf('x'), leaf('y'))), stored)).toBeUndefined();
    expect(usableState(one(best(leaf('z'), leaf('y'))), stored)).toEqual({ ...state, segments: {} });
  });
});
