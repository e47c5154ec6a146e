import type { Branch, FeatureSpec, Policy, RoutingState } from '@switchyard/contracts';
import { compileBandit } from './bandit-node.ts';
import { compileBest } from './best-node.ts';
import { compileCascade } from './cascade-node.ts';
import type { CombiningNode, CompiledNode, CompiledPolicy } from './compiled-policy.ts';
import { compileEnsemble } from './ensemble-node.ts';
import { compileFallback } from './fallback-node.ts';
import { type CompiledModel, compileModel } from './model-node.ts';
import { assertNever, featuresUsedInConditions } from './policy-tree.ts';
import { own } from './registry-view.ts';
import { compileRules } from './rules-node.ts';
import { compileShadow } from './shadow-node.ts';
import { compileSplit } from './split-node.ts';

export interface CompileOptions {
  /** Prefix of the salts of nodes that name none, usually the endpoint: equal trees elsewhere assign differently. */
  readonly salt?: string;
  /** Types of the features, where they are known: whole numbers become CEL's `int`. */
  readonly features?: readonly FeatureSpec[];
  /** What nodes that learn have learnt, by path. */
  readonly states?: Readonly<Record<string, RoutingState>>;
}

/** Prepares a valid policy for deciding. Throws on a policy that {@link validatePolicy} would refuse for its conditions. */
export function compilePolicy(policy: Policy, options: CompileOptions = {}): CompiledPolicy {
  const leaves: CompiledModel[] = [];
  const combining: CombiningNode[] = [];
  const compileBranch = (branch: Branch, path: string): CompiledNode => compileNode(branch.policy, path);
  const combine = (make: () => CombiningNode): CombiningNode => {
    const position = combining.length;
    const node = make();
    combining.splice(position, 0, node);
    return node;
  };
  const stateAt = <Kind extends RoutingState['kind']>(kind: Kind, path: string) => {
    const state = own(options.states ?? {}, path);
    return state?.kind === kind ? (state as Extract<RoutingState, { kind: Kind }>) : undefined;
  };
  const compileNode = (node: Policy, path: string): CompiledNode => {
    const salt = `${options.salt ?? ''}/${path}`;
    switch (node.kind) {
      case 'model': {
        const leaf = compileModel(node, path);
        leaves.push(leaf);
        return leaf;
      }
      case 'split':
        return compileSplit<CompiledNode>(node, path, salt, compileBranch);
      case 'rules':
        return compileRules<CompiledNode>(node, path, compileNode);
      case 'best':
        return compileBest<CompiledNode>(node, path, salt, stateAt('best', path), compileBranch);
      case 'bandit':
        return compileBandit<CompiledNode>(node, path, salt, stateAt('bandit', path), compileBranch);
      case 'ensemble':
        return combine(() => compileEnsemble<CompiledNode>(node, path, compileBranch));
      case 'cascade':
        return combine(() => compileCascade<CompiledNode>(node, path, compileBranch));
      case 'fallback':
        return combine(() => compileFallback<CompiledNode>(node, path, compileBranch));
      case 'shadow':
        return combine(() => compileShadow<CompiledNode>(node, path, salt, compileBranch));
      default:
        return assertNever(node);
    }
  };
  const root = compileNode(policy, '');
  const conditionFeatures = featuresUsedInConditions(policy);
  const integers = (options.features ?? []).filter((spec) => spec.type === 'integer').map((spec) => spec.name);
  return {
    root,
    leaves,
    combining,
    conditionFeatures,
    integerFeatures: new Set(integers.filter((name) => conditionFeatures.includes(name))),
  };
}
