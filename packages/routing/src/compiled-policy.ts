import type { DecisionStep } from '@switchyard/contracts';
import type { ConditionInput } from './condition.ts';
import type { CompiledModel } from './model-node.ts';
import type { CompiledRules } from './rules-node.ts';
import type { CompiledSplit } from './split-node.ts';

export type CompiledNode = CompiledModel | CompiledSplit<CompiledNode> | CompiledRules<CompiledNode>;

export interface CompiledPolicy {
  readonly root: CompiledNode;
  /** Every leaf, in the order of the tree; `decide` answers with one of these objects. */
  readonly leaves: readonly CompiledModel[];
  /** Features that conditions look at. */
  readonly conditionFeatures: readonly string[];
  /** Those of them that CEL must see as `int`, so that `%` and whole division work. */
  readonly integerFeatures: ReadonlySet<string>;
}

export interface DecideInput extends ConditionInput {
  /** Id of the prediction: stands in for the unit when there is none, so that the choice is random but replayable. */
  readonly requestId: string;
}

export interface Decision {
  readonly ok: true;
  readonly leaf: CompiledModel;
  /** Names of the arms and rules taken, joined by '/'. */
  readonly path: string;
  readonly steps: readonly DecisionStep[];
  /** Probability of the whole path over random units. */
  readonly propensity: number;
}
