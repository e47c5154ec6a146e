import type { BanditAlgorithm, BestMetric, EnsembleMethod, Policy, TieRule } from '@switchyard/contracts';
import { formatNumber, formatPercent } from '../format/format.ts';
import type { PolicyBranch } from './branches.ts';

/** What a node does, for someone who has never seen its kind. */
export interface NodeDescription {
  /** One clause, such as "takes the first rule that holds". */
  readonly does: string;
  /** What its parameters come to, defaults included, each a few words. */
  readonly facts: readonly string[];
}

const LOWER_IS_BETTER: ReadonlySet<BestMetric> = new Set(['log_loss', 'brier', 'mae', 'rmse']);
export const METRIC_LABELS: Record<BestMetric, string> = {
  accuracy: 'accuracy',
  precision: 'precision',
  recall: 'recall',
  f1: 'F1',
  log_loss: 'log loss',
  brier: 'Brier score',
  mae: 'mean absolute error',
  rmse: 'root mean squared error',
  reward: 'mean reward',
};
export const ALGORITHM_LABELS: Record<BanditAlgorithm, string> = {
  epsilon_greedy: 'ε-greedy',
  thompson: 'Thompson sampling',
  linucb: 'LinUCB',
  squarecb: 'SquareCB',
};
export const METHOD_LABELS: Record<EnsembleMethod, string> = {
  weighted_average: 'weighted average',
  majority_vote: 'majority vote',
  soft_vote: 'soft vote',
  stacking: 'stacking',
  confidence: 'confidence-weighted',
};
const METHOD_TEXTS: Record<EnsembleMethod, string> = {
  weighted_average: 'asks all members and averages what they answer by weight',
  majority_vote: 'asks all members and takes the label that most of them choose',
  soft_vote: 'asks all members and takes the label with the highest mean probability',
  stacking: 'asks all members and lets a meta-model decide from their answers',
  confidence: 'asks all members and listens more to those that are surer',
};
const TIE_TEXTS: Record<TieRule, string> = {
  label_order: 'a tie goes to the first label in order',
  confidence: 'a tie goes to the label with the higher mean probability',
  best_member: 'a tie goes as the best member says',
};

/** 1440 min → "24 h", 10080 → "7 d", 90 → "90 min". */
export function formatMinutes(minutes: number): string {
  if (minutes % 1_440 === 0 && minutes > 1_440) return `${minutes / 1_440} d`;
  if (minutes % 60 === 0) return `${minutes / 60} h`;
  return `${minutes} min`;
}

const formatMilliseconds = (milliseconds: number): string =>
  milliseconds >= 1_000 ? `${formatNumber(milliseconds / 1_000)} s` : `${milliseconds} ms`;

const present = (facts: readonly (string | false | undefined)[]): string[] =>
  facts.filter((fact): fact is string => typeof fact === 'string' && fact !== '');

/** Defaults are those of the contract; the contract's own descriptions of the fields state them. */
export function describeNode(policy: Policy): NodeDescription {
  switch (policy.kind) {
    case 'model':
      return { does: 'answers', facts: [] };
    case 'split':
      return {
        does: 'draws an arm by weight; a unit keeps its arm',
        facts: present([policy.salt && `salt ${policy.salt}`]),
      };
    case 'rules':
      return { does: 'takes the first rule that holds', facts: [] };
    case 'best':
      return {
        does: `takes the candidate with the ${LOWER_IS_BETTER.has(policy.metric) ? 'lowest' : 'best'} recent ${METRIC_LABELS[policy.metric]}`,
        facts: present([
          policy.segment === undefined ? 'over all requests' : `within each ${policy.segment}`,
          `last ${formatMinutes(policy.windowMinutes ?? 1_440)}`,
          `from ${formatNumber(policy.minimumLabels ?? 100)} labels on`,
          `stale after ${formatMinutes(policy.staleAfterMinutes ?? 60)}`,
          `${formatPercent(policy.explorationShare ?? 0.1)} spread evenly`,
          `else ${policy.fallback ?? policy.candidates[0]?.name ?? 'the first'}`,
        ]),
      };
    case 'bandit':
      return {
        does: `learns which arm earns the most, by ${ALGORITHM_LABELS[policy.algorithm]}`,
        facts: present([
          rewardText(policy.reward),
          policy.contextFeatures !== undefined && `looks at ${policy.contextFeatures.join(', ')}`,
          `no arm below ${formatPercent(policy.minimumPropensity ?? 0.01)}`,
          policy.algorithm === 'epsilon_greedy' && `ε ${policy.epsilon ?? 0.1}`,
          policy.algorithm === 'linucb' && `α ${policy.alpha ?? 1}`,
          policy.algorithm === 'squarecb' && `γ ${policy.gamma ?? 10}`,
          `last ${formatMinutes(policy.windowMinutes ?? 10_080)}`,
          policy.sticky === true && 'a unit keeps its arm until something is learnt',
        ]),
      };
    case 'ensemble':
      return {
        does: METHOD_TEXTS[policy.method],
        facts: present([
          `at least ${policy.minimumMembers ?? policy.members.length} of ${policy.members.length} must answer`,
          (policy.method === 'majority_vote' || policy.tie !== undefined) && TIE_TEXTS[policy.tie ?? 'label_order'],
          policy.bestMember !== undefined && `best member ${policy.bestMember}`,
          policy.method === 'confidence' &&
            (policy.confidence === 'maximum' ? 'sure = highest probability' : 'sure = low entropy'),
        ]),
      };
    case 'cascade':
      return { does: 'asks one after the other until one is sure enough', facts: [] };
    case 'fallback': {
      const breaker = policy.breaker ?? {};
      return {
        does: 'asks the next one when one fails',
        facts: present([
          `${formatNumber(policy.retryBudget ?? 0.2)} retries per request at most`,
          `first retry after ${formatMilliseconds(policy.retryDelayMs ?? 25)}`,
          `skips a target for ${breaker.openSeconds ?? 10} s when ${formatPercent(breaker.failureShare ?? 0.5)} of ${breaker.minimumRequests ?? 20} or more fail within ${breaker.windowSeconds ?? 10} s`,
        ]),
      };
    }
    case 'shadow':
      return { does: 'answers with the primary; shadows run beside it, are logged and never waited for', facts: [] };
  }
}

function rewardText(reward: Extract<Policy, { kind: 'bandit' }>['reward']): string {
  switch (reward.from) {
    case 'correct':
      return 'earns 1 for each right label';
    case 'reward':
      return 'earns the reward of the feedback';
    case 'value':
      return `earns ${reward.name}, ${formatNumber(reward.minimum)} to ${formatNumber(reward.maximum)}`;
  }
}

/** What takes a request into a branch, in words; `when` is shown as code. */
export function describeBranch(parent: Policy, branch: PolicyBranch): { text: string; when?: string } {
  const { index } = branch;
  switch (parent.kind) {
    case 'model':
      return { text: '' };
    case 'split':
      return { text: `weight ${formatPercent(parent.arms[index ?? 0]?.weight)}` };
    case 'rules':
      return index === null ? { text: 'no rule holds' } : { text: 'when', when: parent.rules[index]?.when ?? '' };
    case 'best':
      return { text: 'candidate' };
    case 'bandit':
      return { text: 'arm' };
    case 'ensemble': {
      const member = parent.members[index ?? 0];
      const isWeighted =
        parent.method === 'weighted_average' || parent.method === 'soft_vote' || parent.method === 'majority_vote';
      return {
        text: present([
          isWeighted || member?.weight !== undefined ? `weight ${formatNumber(member?.weight ?? 1)}` : 'member',
          member?.timeoutMs !== undefined && `left out after ${formatMilliseconds(member.timeoutMs)}`,
        ]).join(', '),
      };
    }
    case 'cascade': {
      const step = parent.steps[index ?? 0];
      return {
        text:
          step?.minimumConfidence === undefined
            ? 'answers in any case'
            : `answers when at least ${formatPercent(step.minimumConfidence)} sure`,
      };
    }
    case 'fallback': {
      const target = parent.targets[index ?? 0];
      return {
        text: present([
          index === 0 ? 'asked first' : 'when the one before fails',
          target?.timeoutMs !== undefined && `within ${formatMilliseconds(target.timeoutMs)}`,
          (target?.retries ?? 0) > 0 && `${target?.retries} ${target?.retries === 1 ? 'retry' : 'retries'}`,
        ]).join(', '),
      };
    }
    case 'shadow': {
      if (index === null) return { text: 'answers' };
      const shadow = parent.shadows[index];
      return {
        text: present([
          `runs beside ${formatPercent(shadow?.share ?? 1)} of the requests`,
          `given up after ${formatMilliseconds(shadow?.timeoutMs ?? 10_000)}`,
        ]).join(', '),
      };
    }
  }
}

/** True for branches that run beside the answer or into it: no path of the log ends in them. */
export function runsBeside(parent: Policy, branch: PolicyBranch): boolean {
  return parent.kind === 'ensemble' || (parent.kind === 'shadow' && branch.index !== null);
}
