import type { FeatureSpec } from '@switchyard/contracts';
import { type EndpointFeatures, refusesUnknownCategories } from './endpoint-features.ts';
import { own } from './registry-view.ts';

export interface RowProblem {
  readonly feature: string;
  readonly code:
    | 'missing_feature'
    | 'wrong_type'
    | 'not_finite'
    | 'out_of_range'
    | 'unknown_category'
    | 'unknown_feature';
  readonly detail: string;
}

/** What may be sent for a feature; `any`: a number, text or boolean. */
interface Expected {
  readonly type: FeatureSpec['type'] | 'any';
  readonly isRequired: boolean;
  /** The only texts that are taken; undefined: all. */
  readonly categories: readonly string[] | undefined;
}

const WANTED = {
  number: 'a number',
  integer: 'a whole number',
  string: 'a text',
  boolean: 'true or false',
  any: 'a number, text or boolean',
} as const;

/**
 * Why an endpoint with these features would not take a row, feature by feature; nothing: it takes it.
 * Null and undefined are missing values. What depends on the width of a model's tensors is not known here:
 * a number that only overflows a 32-bit float is taken.
 * @param row by name of the feature
 * @param unknownFeatures what the endpoint does with features that nothing in its policy knows
 */
export function findRowProblems(
  features: EndpointFeatures,
  row: Readonly<Record<string, unknown>>,
  unknownFeatures: 'reject' | 'ignore',
): RowProblem[] {
  const expected = new Map<string, Expected>();
  for (const spec of features.features) {
    expected.set(spec.name, {
      type: spec.type,
      isRequired: spec.default === undefined,
      categories: refusesUnknownCategories(spec) ? spec.categories : undefined,
    });
  }
  // A value for a shadow only has to be of its type: a shadow may not fail a request for less.
  for (const { name, type } of features.shadowOnly) {
    expected.set(name, { type, isRequired: false, categories: undefined });
  }
  for (const name of features.conditionOnly) {
    expected.set(name, { type: 'any', isRequired: false, categories: undefined });
  }
  const problems: RowProblem[] = [];
  for (const [name, wanted] of expected) {
    const problem = findProblem(name, wanted, own(row, name));
    if (problem !== undefined) problems.push(problem);
  }
  if (unknownFeatures === 'reject') {
    for (const name of Object.keys(row)) {
      if (expected.has(name)) continue;
      problems.push({ feature: name, code: 'unknown_feature', detail: 'no model and no rule knows it' });
    }
  }
  return problems;
}

function findProblem(feature: string, expected: Expected, value: unknown): RowProblem | undefined {
  const { type, isRequired, categories } = expected;
  const problem = (code: RowProblem['code'], detail: string): RowProblem => ({ feature, code, detail });
  if (value === undefined || value === null) {
    return isRequired ? problem('missing_feature', 'it is required') : undefined;
  }
  const isNumeric = type === 'number' || type === 'integer' || type === 'any';
  if (isNumeric && typeof value === 'number') {
    if (!Number.isFinite(value)) return problem('not_finite', 'it is not a finite number');
    if (type !== 'integer') return undefined;
    if (!Number.isInteger(value)) return problem('wrong_type', `${WANTED.integer} is needed`);
    return Number.isSafeInteger(value)
      ? undefined
      : problem('out_of_range', 'whole numbers beyond 2^53 lose digits in JSON');
  }
  const isRight =
    type === 'any' ? typeof value === 'string' || typeof value === 'boolean' : !isNumeric && typeof value === type;
  if (!isRight) return problem('wrong_type', `${WANTED[type]} is needed, not ${kindOf(value)}`);
  if (categories === undefined || categories.includes(value as string)) return undefined;
  return problem('unknown_category', `it is none of the ${categories.length} known categories`);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
