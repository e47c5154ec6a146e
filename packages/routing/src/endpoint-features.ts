import type { FeatureSpec, Policy } from '@switchyard/contracts';
import { featuresUsedInConditions, listModels } from './policy-tree.ts';
import { type RegistryView, resolveVersion } from './registry-view.ts';

export interface EndpointFeatures {
  /**
   * What a caller sends: the features of every model that may answer, each once, in the order of the leaves.
   * Required as soon as one model has no default for it; whole numbers as soon as one model wants them;
   * categories are those that every model knows.
   */
  readonly features: readonly FeatureSpec[];
  /** Features that only shadows take: never required, because a shadow may not fail a request. */
  readonly shadowOnly: readonly FeatureSpec[];
  /** Features that only conditions look at: any type, never required. */
  readonly conditionOnly: readonly string[];
  /** Features that two models declare with types that no value can satisfy. */
  readonly conflicts: readonly { readonly feature: string; readonly types: readonly FeatureSpec['type'][] }[];
}

/** The features of an endpoint. Leaves that the registry does not know are skipped. */
export function endpointFeatures(policy: Policy, view: RegistryView): EndpointFeatures {
  const merged = new Map<string, FeatureSpec>();
  const shadowOnly = new Map<string, FeatureSpec>();
  const conflicts = new Map<string, Set<FeatureSpec['type']>>();
  const visited = new Set<string>();
  const add = (into: Map<string, FeatureSpec>, spec: FeatureSpec): void => {
    const known = merged.get(spec.name) ?? into.get(spec.name);
    if (known === undefined) {
      into.set(spec.name, spec);
    } else if (!areCompatible(known.type, spec.type)) {
      const types = conflicts.get(spec.name) ?? new Set([known.type]);
      conflicts.set(spec.name, types.add(spec.type));
    } else if (!(into === shadowOnly && merged.has(spec.name))) {
      into.set(spec.name, mergeSpecs(known, spec));
    }
  };
  const models = listModels(policy);
  // Those that answer first: what they say about a feature holds, whatever a shadow says.
  for (const { node, isShadow } of [
    ...models.filter((one) => !one.isShadow),
    ...models.filter((one) => one.isShadow),
  ]) {
    const version = resolveVersion(view, node);
    const key = `${node.model}/${version}`;
    if (version === undefined || visited.has(key)) continue;
    visited.add(key);
    for (const spec of view.models[node.model]?.versions[version]?.signature.features ?? []) {
      add(isShadow ? shadowOnly : merged, spec);
    }
  }
  return {
    features: [...merged.values()],
    shadowOnly: [...shadowOnly.values()],
    conditionOnly: featuresUsedInConditions(policy).filter((name) => !merged.has(name) && !shadowOnly.has(name)),
    conflicts: [...conflicts].map(([feature, types]) => ({ feature, types: [...types] })),
  };
}

/** Whether a text outside the categories is an error; else the default stands in for it. */
export function refusesUnknownCategories(spec: FeatureSpec): boolean {
  return spec.categories !== undefined && !(spec.onUnknownCategory === 'default' && spec.default !== undefined);
}

function areCompatible(left: FeatureSpec['type'], right: FeatureSpec['type']): boolean {
  return left === right || (isNumeric(left) && isNumeric(right));
}

function isNumeric(type: FeatureSpec['type']): boolean {
  return type === 'number' || type === 'integer';
}

function mergeSpecs(left: FeatureSpec, right: FeatureSpec): FeatureSpec {
  const both = left.default !== undefined && right.default !== undefined;
  const categories = mergeCategories(left, right);
  return {
    name: left.name,
    type: left.type === 'integer' || right.type === 'integer' ? 'integer' : left.type,
    ...(both ? { default: left.default } : {}),
    ...(categories === undefined ? {} : { categories }),
  };
}

function mergeCategories(left: FeatureSpec, right: FeatureSpec): string[] | undefined {
  const strict = [left, right].filter(refusesUnknownCategories);
  const [first, second] = strict;
  if (first?.categories === undefined) return undefined;
  if (second?.categories === undefined) return first.categories;
  const allowed = new Set(second.categories);
  return first.categories.filter((category) => allowed.has(category));
}
