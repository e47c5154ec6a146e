import type { Policy, PolicyKind } from '@switchyard/contracts';
import { ALGORITHM_LABELS, METHOD_LABELS, METRIC_LABELS } from './describe.ts';

interface Common {
  /** Dotted field below the node or the branch. */
  readonly key: string;
  readonly label: string;
  readonly hint?: string;
  /** Shown only where it has a meaning, or where it is set all the same. */
  readonly when?: (node: Policy) => boolean;
}
export interface NumberParameter extends Common {
  readonly type: 'number' | 'share';
  readonly unit?: string;
  /** What holds when nothing is given; absent where something has to be. */
  readonly default?: number | string;
}
export interface TextParameter extends Common {
  readonly type: 'text' | 'list';
  readonly default?: string;
}
export interface ChoiceParameter extends Common {
  readonly type: 'choice';
  readonly options: readonly { readonly value: string; readonly label: string }[];
  /** The value when nothing is given. */
  readonly default?: string;
  /** What else a choice sets: the whole node with it. */
  readonly choose?: (node: Policy, value: string) => Policy;
}
export interface SwitchParameter extends Common {
  readonly type: 'switch';
}
/** One of the node's own branches. */
export interface BranchParameter extends Common {
  readonly type: 'branch';
  readonly default?: string;
}
export interface ModelParameter extends Common {
  readonly type: 'model';
}
export type Parameter =
  | NumberParameter
  | TextParameter
  | ChoiceParameter
  | SwitchParameter
  | BranchParameter
  | ModelParameter;

const options = <V extends string>(labels: Record<V, string>) =>
  (Object.keys(labels) as V[]).map((value) => ({ value, label: labels[value] }));

const salt: Parameter = {
  key: 'salt',
  type: 'text',
  label: 'Salt',
  default: 'endpoint and path',
  hint: 'A new one moves every unit.',
};
const experiment: Parameter = {
  key: 'experiment',
  type: 'text',
  label: 'Experiment',
  default: 'none',
  hint: 'Names its exposures.',
};
const isBandit = (algorithm: string) => (node: Policy) => node.kind === 'bandit' && node.algorithm === algorithm;
const hasValueReward = (node: Policy) => node.kind === 'bandit' && node.reward.from === 'value';

export const NODE_PARAMETERS: Record<PolicyKind, readonly Parameter[]> = {
  model: [],
  split: [experiment, salt],
  rules: [],
  best: [
    { key: 'metric', type: 'choice', label: 'Metric', options: options(METRIC_LABELS) },
    {
      key: 'segment',
      type: 'text',
      label: 'Compare within segment',
      default: 'all together',
      hint: 'A key of the segment.',
    },
    { key: 'windowMinutes', type: 'number', label: 'Look back', unit: 'min', default: 1_440 },
    { key: 'minimumLabels', type: 'number', label: 'Least labels', default: 100 },
    { key: 'staleAfterMinutes', type: 'number', label: 'Stale after', unit: 'min', default: 60 },
    { key: 'explorationShare', type: 'share', label: 'Spread evenly', default: 0.1 },
    { key: 'fallback', type: 'branch', label: 'When none can be compared', default: 'the first' },
    salt,
  ],
  bandit: [
    { key: 'algorithm', type: 'choice', label: 'Algorithm', options: options(ALGORITHM_LABELS) },
    {
      key: 'reward.from',
      type: 'choice',
      label: 'Reward',
      options: [
        { value: 'correct', label: 'the label was right' },
        { value: 'reward', label: 'reward of the feedback' },
        { value: 'value', label: 'a business value' },
      ],
      choose: (node, from) => {
        if (node.kind !== 'bandit') return node;
        if (from === 'value') return { ...node, reward: { from, name: '', minimum: 0, maximum: 1 } };
        return { ...node, reward: { from: from === 'reward' ? 'reward' : 'correct' } };
      },
    },
    { key: 'reward.name', type: 'text', label: 'Name of the value', when: hasValueReward },
    { key: 'reward.minimum', type: 'number', label: 'Becomes reward 0', when: hasValueReward },
    { key: 'reward.maximum', type: 'number', label: 'Becomes reward 1', when: hasValueReward },
    {
      key: 'contextFeatures',
      type: 'list',
      label: 'Features it looks at',
      hint: 'Numbers, separated by commas.',
      when: (node) => isBandit('linucb')(node) || isBandit('squarecb')(node),
    },
    { key: 'minimumPropensity', type: 'share', label: 'No arm below', default: 0.01 },
    {
      key: 'epsilon',
      type: 'share',
      label: 'ε',
      default: 0.1,
      hint: 'Drawn evenly.',
      when: isBandit('epsilon_greedy'),
    },
    {
      key: 'alpha',
      type: 'number',
      label: 'α',
      default: 1,
      hint: 'Width of the confidence bound.',
      when: isBandit('linucb'),
    },
    {
      key: 'gamma',
      type: 'number',
      label: 'γ',
      default: 10,
      hint: 'Times √rewards: more exploits more.',
      when: isBandit('squarecb'),
    },
    { key: 'windowMinutes', type: 'number', label: 'Look back', unit: 'min', default: 10_080 },
    { key: 'sticky', type: 'switch', label: 'Units keep their arm' },
    experiment,
    salt,
  ],
  ensemble: [
    { key: 'method', type: 'choice', label: 'Method', options: options(METHOD_LABELS) },
    { key: 'minimumMembers', type: 'number', label: 'Members that must answer', default: 'all' },
    {
      key: 'tie',
      type: 'choice',
      label: 'Ties',
      default: 'label_order',
      options: [
        { value: 'label_order', label: 'first label in order' },
        { value: 'confidence', label: 'higher mean probability' },
        { value: 'best_member', label: 'as the best member says' },
      ],
    },
    {
      key: 'bestMember',
      type: 'branch',
      label: 'Best member',
      default: 'none',
      when: (node) => node.kind === 'ensemble' && node.tie === 'best_member',
    },
    {
      key: 'confidence',
      type: 'choice',
      label: 'How sure a member is',
      default: 'entropy',
      options: [
        { value: 'entropy', label: '1 − entropy' },
        { value: 'maximum', label: 'highest probability' },
      ],
      when: (node) => node.kind === 'ensemble' && node.method === 'confidence',
    },
    {
      key: 'meta',
      type: 'model',
      label: 'Meta-model',
      when: (node) => node.kind === 'ensemble' && node.method === 'stacking',
    },
  ],
  cascade: [],
  fallback: [
    { key: 'retryBudget', type: 'number', label: 'Retries at most', unit: 'per request', default: 0.2 },
    {
      key: 'retryDelayMs',
      type: 'number',
      label: 'First retry after',
      unit: 'ms',
      default: 25,
      hint: 'Doubles, with jitter.',
    },
    {
      key: 'breaker.failureShare',
      type: 'share',
      label: 'Skip a target when',
      default: 0.5,
      hint: 'of its requests fail',
    },
    { key: 'breaker.minimumRequests', type: 'number', label: 'of at least', unit: 'requests', default: 20 },
    { key: 'breaker.windowSeconds', type: 'number', label: 'within', unit: 's', default: 10 },
    { key: 'breaker.openSeconds', type: 'number', label: 'and skip it for', unit: 's', default: 10 },
  ],
  shadow: [salt],
};

export const BRANCH_PARAMETERS: Record<PolicyKind, readonly Parameter[]> = {
  model: [],
  split: [{ key: 'weight', type: 'share', label: 'Weight' }],
  rules: [{ key: 'when', type: 'text', label: 'When' }],
  best: [],
  bandit: [],
  ensemble: [
    { key: 'weight', type: 'number', label: 'Weight', default: 1 },
    { key: 'timeoutMs', type: 'number', label: 'Left out after', unit: 'ms', default: 'never' },
  ],
  cascade: [{ key: 'minimumConfidence', type: 'share', label: 'Sure from', default: 'any' }],
  fallback: [
    { key: 'timeoutMs', type: 'number', label: 'Time limit', unit: 'ms', default: 'none' },
    { key: 'retries', type: 'number', label: 'Retries', default: 0 },
  ],
  shadow: [
    { key: 'share', type: 'share', label: 'Share of requests', default: 1 },
    { key: 'timeoutMs', type: 'number', label: 'Given up after', unit: 'ms', default: 10_000 },
  ],
};

export const KIND_LABELS: Record<PolicyKind, string> = {
  model: 'Model',
  split: 'Split',
  rules: 'Rules',
  best: 'Best',
  bandit: 'Bandit',
  ensemble: 'Ensemble',
  cascade: 'Cascade',
  fallback: 'Fallback',
  shadow: 'Shadow',
};

/** "25" → 25, "" → nothing; what is no number stays as it was typed, so that it can be said to be none. */
export function parseNumber(text: string): number | string | undefined {
  const trimmed = text.trim().replace(',', '.');
  if (trimmed === '') return undefined;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : text;
}

/** A share of 1 as it is typed, in percent: 0.333333 → "33.3333". */
export function toPercent(value: unknown): string {
  if (typeof value === 'number') return String(Number((value * 100).toFixed(8)));
  return value === undefined ? '' : String(value);
}

export function parsePercent(text: string): number | string | undefined {
  const value = parseNumber(text.replace('%', ''));
  return typeof value === 'number' ? Number((value / 100).toFixed(10)) : value;
}
