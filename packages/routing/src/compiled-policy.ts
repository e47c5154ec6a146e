import type { DecisionStep } from '@switchyard/contracts';
import type { CompiledBandit } from './bandit-node.ts';
import type { CompiledBest } from './best-node.ts';
import type { CompiledCascade } from './cascade-node.ts';
import type { ConditionInput } from './condition.ts';
import type { CompiledEnsemble } from './ensemble-node.ts';
import type { CompiledFallback } from './fallback-node.ts';
import type { CompiledModel } from './model-node.ts';
import type { CompiledRules } from './rules-node.ts';
import type { CompiledShadow } from './shadow-node.ts';
import type { CompiledSplit } from './split-node.ts';

/** Nodes that send a request one way; deciding goes on below. */
export type ChoosingNode =
  | CompiledSplit<CompiledNode>
  | CompiledRules<CompiledNode>
  | CompiledBest<CompiledNode>
  | CompiledBandit<CompiledNode>;

/** Nodes that ask several branches; running them is the caller's work. */
export type CombiningNode =
  | CompiledEnsemble<CompiledNode>
  | CompiledCascade<CompiledNode>
  | CompiledFallback<CompiledNode>
  | CompiledShadow<CompiledNode>;

export type CompiledNode = CompiledModel | ChoosingNode | CombiningNode;

export interface CompiledPolicy {
  readonly root: CompiledNode;
  /** Every leaf, in the order of the tree; decisions end at these objects. */
  readonly leaves: readonly CompiledModel[];
  /** Every combining node, parents first. */
  readonly combining: readonly CombiningNode[];
  /** Features that conditions and bandits look at. */
  readonly conditionFeatures: readonly string[];
  /** Those of them that CEL must see as `int`, so that `%` and whole division work. */
  readonly integerFeatures: ReadonlySet<string>;
}

export interface DecideInput extends ConditionInput {
  /** Id of the prediction: stands in for the unit when there is none, so that the choice is random but replayable. */
  readonly requestId: string;
  /** When the request arrived, Unix milliseconds: tells whether what is known of candidates is stale. */
  readonly atMs: number;
}

/**
 * Which way one row goes. It ends at a model, or at a node that combines several branches,
 * each with a decision of its own. Everything random has been decided; nothing has been run.
 */
export interface Decision {
  readonly node: CompiledModel | CombiningNode;
  /** Names of the arms and rules taken, joined by '/'. */
  readonly path: string;
  readonly steps: readonly DecisionStep[];
  /** Probability of the path over random units. */
  readonly propensity: number;
  /** Of a combining node, in its order; empty at a model. Of a `shadow` node the primary, then the shadows drawn. */
  readonly branches: readonly BranchDecision[];
}

export interface BranchDecision {
  readonly name: string;
  /** Position among the node's members, steps, targets or shadows; -1 for the primary of a `shadow` node. */
  readonly index: number;
  readonly decision: Decision;
}
