import type { FeatureSpec, Policy } from '@switchyard/contracts';
import type { CompiledNode, CompiledPolicy } from './compiled-policy.ts';
import { type CompiledModel, compileModel } from './model-node.ts';
import { assertNever, featuresUsedInConditions } from './policy-tree.ts';
import { compileRules } from './rules-node.ts';
import { compileSplit } from './split-node.ts';

export interface CompileOptions {
  /** Prefix of the salts of splits that name none, usually the endpoint: equal trees elsewhere assign differently. */
  readonly salt?: string;
  /** Types of the features, where they are known: whole numbers become CEL's `int`. */
  readonly features?: readonly FeatureSpec[];
}

/** Prepares a valid policy for deciding. Throws on a policy that {@link validatePolicy} would refuse for its conditions. */
export function compilePolicy(policy: Policy, options: CompileOptions = {}): CompiledPolicy {
  const leaves: CompiledModel[] = [];
  const salt = options.salt ?? '';
  const compileNode = (node: Policy, path: string): CompiledNode => {
    switch (node.kind) {
      case 'model': {
        const leaf = compileModel(node, path);
        leaves.push(leaf);
        return leaf;
      }
      case 'split':
        return compileSplit<CompiledNode>(node, path, `${salt}/${path}`, (arm, armPath) =>
          compileNode(arm.policy, armPath),
        );
      case 'rules':
        return compileRules<CompiledNode>(node, path, compileNode);
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
    conditionFeatures,
    integerFeatures: new Set(integers.filter((name) => conditionFeatures.includes(name))),
  };
}
