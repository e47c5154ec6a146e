import { z } from 'zod';
import { aliasNameSchema, armNameSchema, modelNameSchema, versionNumberSchema } from './names.ts';

/**
 * How an endpoint answers: a tree of nodes, any kind anywhere. The schema checks each node's own shape;
 * what needs the whole tree or the registry (weights, conditions, names that must exist)
 * is checked by `validatePolicy` of @switchyard/routing.
 */
export interface ModelNode {
  kind: 'model';
  model: string;
  version?: string | undefined;
  alias?: string | undefined;
}
/** A named branch. */
export interface Branch {
  name: string;
  policy: Policy;
}
export interface SplitArm extends Branch {
  weight: number;
}
export interface SplitNode {
  kind: 'split';
  arms: SplitArm[];
  salt?: string | undefined;
  experiment?: string | undefined;
}
export interface Rule extends Branch {
  when: string;
}
export interface RulesNode {
  kind: 'rules';
  rules: Rule[];
  otherwise: Policy;
}
/** The candidate with the best recent value of a metric, for the caller's segment. */
export interface BestNode {
  kind: 'best';
  candidates: Branch[];
  metric: BestMetric;
  segment?: string | undefined;
  windowMinutes?: number | undefined;
  minimumLabels?: number | undefined;
  staleAfterMinutes?: number | undefined;
  explorationShare?: number | undefined;
  fallback?: string | undefined;
  salt?: string | undefined;
}
export interface BanditNode {
  kind: 'bandit';
  algorithm: BanditAlgorithm;
  arms: Branch[];
  reward: BanditReward;
  contextFeatures?: string[] | undefined;
  minimumPropensity?: number | undefined;
  epsilon?: number | undefined;
  alpha?: number | undefined;
  gamma?: number | undefined;
  windowMinutes?: number | undefined;
  sticky?: boolean | undefined;
  salt?: string | undefined;
  experiment?: string | undefined;
}
export interface EnsembleMember extends Branch {
  weight?: number | undefined;
  timeoutMs?: number | undefined;
}
export interface EnsembleNode {
  kind: 'ensemble';
  method: EnsembleMethod;
  members: EnsembleMember[];
  minimumMembers?: number | undefined;
  tie?: TieRule | undefined;
  bestMember?: string | undefined;
  confidence?: 'entropy' | 'maximum' | undefined;
  meta?: { model: string; version?: string | undefined; alias?: string | undefined } | undefined;
}
export interface CascadeStep extends Branch {
  minimumConfidence?: number | undefined;
}
export interface CascadeNode {
  kind: 'cascade';
  steps: CascadeStep[];
}
export interface FallbackTarget extends Branch {
  timeoutMs?: number | undefined;
  retries?: number | undefined;
}
export interface FallbackNode {
  kind: 'fallback';
  targets: FallbackTarget[];
  retryBudget?: number | undefined;
  retryDelayMs?: number | undefined;
  breaker?:
    | {
        failureShare?: number | undefined;
        minimumRequests?: number | undefined;
        windowSeconds?: number | undefined;
        openSeconds?: number | undefined;
      }
    | undefined;
}
export interface Shadow extends Branch {
  share?: number | undefined;
  timeoutMs?: number | undefined;
}
export interface ShadowNode {
  kind: 'shadow';
  primary: Policy;
  shadows: Shadow[];
  salt?: string | undefined;
}
export type Policy =
  | ModelNode
  | SplitNode
  | RulesNode
  | BestNode
  | BanditNode
  | EnsembleNode
  | CascadeNode
  | FallbackNode
  | ShadowNode;
export type PolicyKind = Policy['kind'];

export const bestMetricSchema = z
  .enum(['accuracy', 'precision', 'recall', 'f1', 'log_loss', 'brier', 'mae', 'rmse', 'reward'])
  .describe('log_loss, brier, mae and rmse: lower is better; precision, recall and f1 are of the positive label')
  .meta({ id: 'BestMetric' });
export type BestMetric = z.infer<typeof bestMetricSchema>;

export const banditAlgorithmSchema = z
  .enum(['epsilon_greedy', 'thompson', 'linucb', 'squarecb'])
  .describe('the last two look at contextFeatures')
  .meta({ id: 'BanditAlgorithm' });
export type BanditAlgorithm = z.infer<typeof banditAlgorithmSchema>;

export const banditRewardSchema = z
  .discriminatedUnion('from', [
    z.strictObject({
      from: z.literal('correct').describe('1 when the label that arrived is the one predicted, else 0'),
    }),
    z.strictObject({ from: z.literal('reward').describe('the reward of the feedback, expected from 0 to 1') }),
    z.strictObject({
      from: z.literal('value'),
      name: z.string().min(1).max(100).describe('of a business value in the feedback'),
      minimum: z.number().describe('becomes reward 0'),
      maximum: z.number().describe('becomes reward 1'),
    }),
  ])
  .meta({ id: 'BanditReward' });
export type BanditReward = z.infer<typeof banditRewardSchema>;

export const ensembleMethodSchema = z
  .enum(['weighted_average', 'majority_vote', 'soft_vote', 'stacking', 'confidence'])
  .meta({ id: 'EnsembleMethod' });
export type EnsembleMethod = z.infer<typeof ensembleMethodSchema>;

export const tieRuleSchema = z
  .enum(['label_order', 'confidence', 'best_member'])
  .describe(
    'among labels with equal votes: the first in label order, the one with the higher mean probability, or that of bestMember',
  )
  .meta({ id: 'TieRule' });
export type TieRule = z.infer<typeof tieRuleSchema>;

const nested: z.ZodType<Policy> = z.lazy(() => policySchema);
const branch = { name: armNameSchema, policy: nested };
const saltSchema = z
  .string()
  .min(1)
  .max(200)
  .optional()
  .describe('changing it reshuffles every unit; the endpoint and node path unless given');
const experimentSchema = z.string().min(1).max(64).optional();
const timeoutSchema = z.int().min(1).max(600_000);
const MAXIMUM_BRANCHES = 100;

const eitherVersionOrAlias = (node: { version?: string | undefined; alias?: string | undefined }): boolean =>
  (node.version === undefined) !== (node.alias === undefined);
const EITHER = 'give either a version or an alias';
const modelReference = {
  model: modelNameSchema,
  version: versionNumberSchema.optional(),
  alias: aliasNameSchema.optional(),
};

const modelNodeSchema = z
  .strictObject({ kind: z.literal('model'), ...modelReference })
  .refine(eitherVersionOrAlias, EITHER)
  .meta({ id: 'ModelNode' });

const splitNodeSchema = z
  .strictObject({
    kind: z.literal('split'),
    arms: z
      .array(z.strictObject({ ...branch, weight: z.number().min(0).max(1) }))
      .min(1)
      .max(MAXIMUM_BRANCHES),
    salt: saltSchema,
    experiment: experimentSchema,
  })
  .meta({ id: 'SplitNode' });

const rulesNodeSchema = z
  .strictObject({
    kind: z.literal('rules'),
    rules: z
      .array(z.strictObject({ ...branch, when: z.string().min(1).max(4_000).describe('a condition in CEL') }))
      .min(1)
      .max(MAXIMUM_BRANCHES),
    otherwise: nested,
  })
  .meta({ id: 'RulesNode' });

const bestNodeSchema = z
  .strictObject({
    kind: z.literal('best'),
    candidates: z.array(z.strictObject(branch)).min(1).max(MAXIMUM_BRANCHES),
    metric: bestMetricSchema,
    segment: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe('key of the segment to compare within; all together unless given'),
    windowMinutes: z.int().min(1).max(525_600).optional().describe('how far back predictions count; 1440 unless given'),
    minimumLabels: z
      .int()
      .min(1)
      .max(10_000_000)
      .optional()
      .describe('a candidate with fewer is not compared; 100 unless given'),
    staleAfterMinutes: z
      .int()
      .min(1)
      .max(525_600)
      .optional()
      .describe('comparisons older than this are not used; 60 unless given'),
    explorationShare: z.number().min(0).max(1).optional().describe('share of requests spread evenly; 0.1 unless given'),
    fallback: armNameSchema.optional().describe('candidate used when none can be compared; the first unless given'),
    salt: saltSchema,
  })
  .meta({ id: 'BestNode' });

const banditNodeSchema = z
  .strictObject({
    kind: z.literal('bandit'),
    algorithm: banditAlgorithmSchema,
    arms: z.array(z.strictObject(branch)).min(2).max(50),
    reward: banditRewardSchema,
    contextFeatures: z
      .array(z.string().min(1).max(200))
      .min(1)
      .max(20)
      .optional()
      .describe('numbers that linucb and squarecb look at'),
    minimumPropensity: z
      .number()
      .min(0)
      .max(0.5)
      .optional()
      .describe('no arm is ever less likely, so that the log can answer for every arm; 0.01 unless given'),
    epsilon: z.number().min(0).max(1).optional().describe('epsilon_greedy; 0.1 unless given'),
    alpha: z.number().min(0).max(100).optional().describe('linucb: width of the confidence bound; 1 unless given'),
    gamma: z
      .number()
      .min(0)
      .max(1e9)
      .optional()
      .describe('squarecb: multiplied by the root of the number of rewards; 10 unless given'),
    windowMinutes: z.int().min(1).max(525_600).optional().describe('how far back rewards count; 10080 unless given'),
    sticky: z.boolean().optional().describe('a unit keeps its arm for as long as the state does not change'),
    salt: saltSchema,
    experiment: experimentSchema,
  })
  .meta({ id: 'BanditNode' });

const ensembleNodeSchema = z
  .strictObject({
    kind: z.literal('ensemble'),
    method: ensembleMethodSchema,
    members: z
      .array(
        z.strictObject({
          ...branch,
          weight: z.number().min(0).max(1e9).optional().describe('relative; 1 unless given'),
          timeoutMs: timeoutSchema.optional().describe('a member that takes longer is left out'),
        }),
      )
      .min(1)
      .max(50),
    minimumMembers: z
      .int()
      .min(1)
      .max(50)
      .optional()
      .describe('with fewer the request fails; all of them unless given. Weights of those present are renormalised'),
    tie: tieRuleSchema.optional().describe('label_order unless given'),
    bestMember: armNameSchema.optional().describe('for the tie rule best_member'),
    confidence: z
      .enum(['entropy', 'maximum'])
      .optional()
      .describe('how sure a member is, for the method confidence: 1 − H(p)/ln K, or max p; entropy unless given'),
    meta: z
      .strictObject(modelReference)
      .refine(eitherVersionOrAlias, EITHER)
      .optional()
      .describe('for stacking: the model whose features are the answers of the members, in their order'),
  })
  .meta({ id: 'EnsembleNode' });

const cascadeNodeSchema = z
  .strictObject({
    kind: z.literal('cascade'),
    steps: z
      .array(
        z.strictObject({
          ...branch,
          minimumConfidence: z
            .number()
            .min(0)
            .max(1)
            .optional()
            .describe('the answer is taken when its highest probability is at least this; the last step needs none'),
        }),
      )
      .min(2)
      .max(20),
  })
  .meta({ id: 'CascadeNode' });

const fallbackNodeSchema = z
  .strictObject({
    kind: z.literal('fallback'),
    targets: z
      .array(
        z.strictObject({
          ...branch,
          timeoutMs: timeoutSchema.optional(),
          retries: z.int().min(0).max(5).optional().describe('0 unless given'),
        }),
      )
      .min(1)
      .max(20),
    retryBudget: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe('retries per request, on average; 0.2 unless given, so that a failing target is not flooded'),
    retryDelayMs: z
      .int()
      .min(0)
      .max(10_000)
      .optional()
      .describe('before the first retry, with jitter; doubles; 25 unless given'),
    breaker: z
      .strictObject({
        failureShare: z.number().min(0.01).max(1).optional().describe('0.5 unless given'),
        minimumRequests: z.int().min(1).max(100_000).optional().describe('20 unless given'),
        windowSeconds: z.int().min(1).max(600).optional().describe('10 unless given'),
        openSeconds: z
          .int()
          .min(1)
          .max(600)
          .optional()
          .describe('how long a target that fails is not asked; 10 unless given'),
      })
      .optional(),
  })
  .meta({ id: 'FallbackNode' });

const shadowNodeSchema = z
  .strictObject({
    kind: z.literal('shadow'),
    primary: nested,
    shadows: z
      .array(
        z.strictObject({
          ...branch,
          share: z.number().min(0).max(1).optional().describe('of the requests; all of them unless given'),
          timeoutMs: timeoutSchema.optional().describe('10000 unless given'),
        }),
      )
      .min(1)
      .max(20),
    salt: saltSchema,
  })
  .meta({ id: 'ShadowNode' });

export const policySchema: z.ZodType<Policy> = z
  .discriminatedUnion('kind', [
    modelNodeSchema,
    splitNodeSchema,
    rulesNodeSchema,
    bestNodeSchema,
    banditNodeSchema,
    ensembleNodeSchema,
    cascadeNodeSchema,
    fallbackNodeSchema,
    shadowNodeSchema,
  ])
  .meta({ id: 'Policy' });
