import { describe, expect, test } from 'vitest';
import {
  type CombineSettings,
  combine,
  findAnswerProblem,
  type MemberAnswer,
  stackingFeatures,
  type TieRule,
} from '../src/index.ts';
import { must } from './fixture.ts';

const two = { kind: 'classification', classes: 2 } as const;
const three = { kind: 'classification', classes: 3 } as const;
const vote = (weight: number, labelIndex: number): MemberAnswer => ({ weight, labelIndex });
const sure = (weight: number, ...probabilities: number[]): MemberAnswer => ({ weight, probabilities });
const missing = (weight: number): MemberAnswer => ({ weight, missing: true });

describe('members that are missing', () => {
  test('leave their weight to the others', () => {
    const answer = must(
      combine({ method: 'soft_vote', task: two }, [sure(2, 0.9, 0.1), missing(5), sure(6, 0.1, 0.9)]),
    );
    expect([...answer.weights]).toEqual([0.25, 0, 0.75]);
    expect(answer.usedMembers).toEqual([0, 2]);
    expect(answer.probabilities[1]).toBeCloseTo(0.7, 12);
  });

  test('may be as many as minimumMembers lets', () => {
    const members = [vote(1, 0), missing(1), vote(1, 1)];
    const settings: CombineSettings = { method: 'majority_vote', task: two };
    expect(combine({ ...settings, minimumMembers: 2 }, members).ok).toBe(true);
    expect(combine({ ...settings, minimumMembers: 3 }, members)).toMatchObject({
      reason: 'too-few-members',
      needed: 'answers of at least 3 members; there are 2',
    });
  });

  test('of weight 0 do not count as answers', () => {
    expect(combine({ method: 'majority_vote', task: two, minimumMembers: 2 }, [vote(1, 0), vote(0, 0)])).toMatchObject({
      reason: 'too-few-members',
    });
    expect(combine({ method: 'majority_vote', task: two }, [missing(1), vote(0, 0)])).toMatchObject({
      reason: 'zero-weights',
    });
  });
});

describe('a tie of votes', () => {
  const members: MemberAnswer[] = [
    { weight: 0.1, labelIndex: 2, probabilities: [0.1, 0.3, 0.6] },
    { weight: 0.2, labelIndex: 2, probabilities: [0.1, 0.4, 0.5] },
    { weight: 0.3, labelIndex: 1, probabilities: [0, 0.9, 0.1] },
    { weight: 0.3, labelIndex: 0, probabilities: [0.5, 0.25, 0.25] },
  ];
  const by = (ties: TieRule, bestMember?: number, from = members) =>
    must(combine({ method: 'majority_vote', task: three, ties, bestMember }, from));

  test('is one although 0.1 + 0.2 is not 0.3', () => {
    const answer = by('label_order');
    expect(answer.tie).toBe(true);
    expect(answer.labelIndex).toBe(0);
  });

  test('goes to the label of the higher mean probability', () => {
    expect(by('confidence').labelIndex).toBe(1);
  });

  test('goes to the label of the best member, or to the tied label it prefers', () => {
    expect(by('best_member', 1).labelIndex).toBe(2);
    const [first, ...others] = members as [MemberAnswer, ...MemberAnswer[]];
    const withoutVotes = [{ ...first, missing: true as const }, ...others];
    expect(by('best_member', 1, withoutVotes)).toMatchObject({ tie: true, labelIndex: 1 });
    expect(by('best_member', 0, withoutVotes)).toMatchObject({ tie: true, labelIndex: 0 });
  });

  test('is left open by abstain', () => {
    expect(by('abstain')).toMatchObject({ ok: true, tie: true, labelIndex: undefined });
  });

  test('goes by label order where a rule has nothing to go by', () => {
    const labels = members.map(({ weight, labelIndex }) => ({ weight, labelIndex }));
    expect(by('confidence', undefined, labels).labelIndex).toBe(0);
  });
});

describe('a tie of probabilities', () => {
  const members = [sure(1, 0.2, 0.8), sure(1, 0.9, 0.1), sure(1, 0.4, 0.6)];
  const by = (ties: TieRule, bestMember?: number) =>
    must(combine({ method: 'soft_vote', task: two, ties, bestMember }, members));

  test('is seen through rounding and goes by the rule', () => {
    expect(by('label_order')).toMatchObject({ tie: true, labelIndex: 0 });
    expect(by('confidence').labelIndex).toBe(0);
    expect(by('best_member', 2).labelIndex).toBe(1);
    expect(by('abstain').labelIndex).toBeUndefined();
  });

  test('needs no rule when there is a winner', () => {
    const answer = must(combine({ method: 'soft_vote', task: two, ties: 'abstain' }, members.slice(0, 1)));
    expect(answer).toMatchObject({ tie: false, labelIndex: 1 });
  });
});

describe('by confidence', () => {
  test('a member that knows nothing counts for nothing', () => {
    const answer = must(combine({ method: 'confidence', task: two }, [sure(9, 0.5, 0.5), sure(1, 0.2, 0.8)]));
    expect([...answer.weights]).toEqual([0, 1]);
    expect([...answer.probabilities]).toEqual([0.2, 0.8]);
  });

  test('when no member knows anything, neither does the ensemble', () => {
    const answer = must(combine({ method: 'confidence', task: two }, [sure(3, 0.5, 0.5), sure(1, 0.5, 0.5)]));
    expect([...answer.weights]).toEqual([0.75, 0.25]);
    expect(answer).toMatchObject({ tie: true, labelIndex: 0 });
  });

  test('numbers are weighed by inverse variance, tiny ones too', () => {
    const answer = must(
      combine({ method: 'confidence', task: { kind: 'regression' } }, [
        { weight: 1, value: 10, variance: 1e-310 },
        { weight: 1, value: 20, variance: 3e-310 },
      ]),
    );
    expect(answer.value).toBeCloseTo(12.5, 9);
  });
});

test('a member that answers garbage is told from one that does not', () => {
  const problemOf = (answer: MemberAnswer) => findAnswerProblem(three, 'soft_vote', answer)?.reason;
  expect(problemOf(sure(1, 0.2, 0.3, 0.5))).toBeUndefined();
  expect(problemOf(missing(1))).toBeUndefined();
  expect(problemOf(sure(1, 0.2, 0.8))).toBe('length-mismatch');
  expect(problemOf(sure(1, 0.2, Number.NaN, 0.5))).toBe('not-finite');
  expect(problemOf(sure(1, 2.5, -1, -0.5))).toBe('not-a-probability');
  expect(problemOf(sure(1, 0.9, 0.9, 0.9))).toBe('not-a-probability');
  expect(problemOf(vote(1, 2))).toBe('no-probabilities');
  expect(problemOf(sure(Number.NaN, 0.2, 0.3, 0.5))).toBe('invalid-argument');
  expect(findAnswerProblem(three, 'majority_vote', vote(1, 3))?.reason).toBe('invalid-label');
});

describe('the row of a stacking meta-model', () => {
  const members = [sure(1, 0.3, 0.7), missing(1), sure(1, 0.6, 0.4)];

  test('takes a stand-in for a missing member, when there is one', () => {
    expect(stackingFeatures(two, members)).toMatchObject({ reason: 'missing-member' });
    const row = must(stackingFeatures(two, members, [0.1, 0.2, 0.3]));
    expect([...row.features]).toEqual([0.7, 0.2, 0.4]);
    expect(row.filledMembers).toEqual([1]);
  });

  test('is never made of stand-ins alone', () => {
    expect(stackingFeatures(two, [missing(1), missing(1)], [0.1, 0.2])).toMatchObject({ reason: 'all-missing' });
  });
});
