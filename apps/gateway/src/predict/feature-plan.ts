import type { FeatureSpec, FieldProblem, ServedVersion, TensorDatatype } from '@switchyard/contracts';
import { type EndpointFeatures, refusesUnknownCategories } from '@switchyard/routing';

/** A value as it was received; null = missing. */
export type ReceivedValue = number | string | boolean | null;
/** One validated row in the order of the endpoint's features. */
export type ReceivedRow = readonly ReceivedValue[];

export interface PlannedFeature {
  readonly name: string;
  /** `any`: only conditions look at it. */
  readonly type: FeatureSpec['type'] | 'any';
  readonly isRequired: boolean;
  /** Numbers outside would become infinite or wrap around in the model's tensor. */
  readonly minimum: number;
  readonly maximum: number;
  /** The only texts that are accepted; undefined: any. */
  readonly categories: ReadonlySet<string> | undefined;
  /** What conditions see when the value is missing. */
  readonly fallback: ReceivedValue;
}

export interface FeaturePlan {
  readonly features: readonly PlannedFeature[];
  readonly indexByName: ReadonlyMap<string, number>;
  readonly rejectsUnknown: boolean;
}

/** Problems that are told; more help nobody. */
export const MAXIMUM_PROBLEMS = 100;
/** The largest number that rounds to a finite 32-bit float. */
const FLOAT32_LIMIT = 3.4028235677973366e38;
const RANGES: Partial<Record<TensorDatatype, readonly [number, number]>> = {
  FP32: [-FLOAT32_LIMIT, FLOAT32_LIMIT],
  FP16: [-65_519, 65_519],
  INT8: [-128, 127],
  INT16: [-32_768, 32_767],
  INT32: [-2_147_483_648, 2_147_483_647],
  UINT8: [0, 255],
  UINT16: [0, 65_535],
  UINT32: [0, 4_294_967_295],
  UINT64: [0, Number.MAX_SAFE_INTEGER],
};
const ANY_RANGE: readonly [number, number] = [-Number.MAX_VALUE, Number.MAX_VALUE];

/** @param versions the model versions that may answer; shadows have no say in what a caller must send */
export function planFeatures(
  merged: EndpointFeatures,
  versions: readonly ServedVersion[],
  unknownFeatures: 'reject' | 'ignore',
): FeaturePlan {
  const features: PlannedFeature[] = merged.features.map((spec) => {
    const ranges = versions.map((version) => rangeOf(version, spec.name));
    return {
      name: spec.name,
      type: spec.type,
      isRequired: spec.default === undefined,
      minimum: Math.max(...ranges.map(([minimum]) => minimum)),
      maximum: Math.min(...ranges.map(([, maximum]) => maximum)),
      categories: refusesUnknownCategories(spec) ? new Set(spec.categories) : undefined,
      fallback: spec.default ?? null,
    };
  });
  const [minimum, maximum] = ANY_RANGE;
  for (const { name, type, default: fallback = null } of merged.shadowOnly) {
    features.push({ name, type, isRequired: false, minimum, maximum, categories: undefined, fallback });
  }
  for (const name of merged.conditionOnly) {
    features.push({ name, type: 'any', isRequired: false, minimum, maximum, categories: undefined, fallback: null });
  }
  return {
    features,
    indexByName: new Map(features.map(({ name }, index) => [name, index])),
    rejectsUnknown: unknownFeatures === 'reject',
  };
}

function rangeOf(version: ServedVersion, name: string): readonly [number, number] {
  const { signature } = version;
  const position = signature.features.findIndex((spec) => spec.name === name);
  if (position < 0) return ANY_RANGE;
  const input = signature.layout === 'single-tensor' ? signature.inputs[0] : signature.inputs[position];
  return (input && RANGES[input.datatype]) ?? ANY_RANGE;
}

/**
 * The row of one instance, or undefined after telling `problems` what is wrong with it.
 * Written for the case that everything is right: it allocates one array.
 */
export function readRow(
  plan: FeaturePlan,
  instance: unknown,
  index: number,
  problems: FieldProblem[],
): ReceivedRow | undefined {
  if (typeof instance !== 'object' || instance === null) {
    problems.push({ index, code: 'not_a_row', detail: 'a row is an object of features or an array of values' });
    return undefined;
  }
  const { features } = plan;
  const count = features.length;
  const row: ReceivedValue[] = new Array(count);
  let isValid = true;
  if (Array.isArray(instance)) {
    if (instance.length > count) {
      problems.push({ index, code: 'too_many_values', detail: `${instance.length} values for ${count} features` });
      return undefined;
    }
    for (let position = 0; position < count; position += 1) {
      const value: unknown = position < instance.length ? instance[position] : undefined;
      if (accepts(features[position] as PlannedFeature, value)) {
        row[position] = value ?? null;
      } else {
        isValid = false;
        problems.push(explain(features[position] as PlannedFeature, value, index));
      }
    }
    return isValid ? row : undefined;
  }
  const record = instance as Record<string, unknown>;
  let found = 0;
  for (let position = 0; position < count; position += 1) {
    const feature = features[position] as PlannedFeature;
    let value = record[feature.name];
    // Names such as 'toString' or '__proto__' find something in every object.
    if (value !== undefined && typeof value !== 'number' && !Object.hasOwn(record, feature.name)) value = undefined;
    if (value !== undefined) found += 1;
    if (accepts(feature, value)) {
      row[position] = value ?? null;
    } else {
      isValid = false;
      problems.push(explain(feature, value, index));
    }
  }
  if (plan.rejectsUnknown) {
    let sent = 0;
    for (const _name in record) sent += 1;
    if (sent !== found) {
      for (const name of Object.keys(record)) {
        if (plan.indexByName.has(name)) continue;
        isValid = false;
        if (problems.length >= MAXIMUM_PROBLEMS) break;
        problems.push({ index, field: name, code: 'unknown_feature', detail: 'no model and no rule knows it' });
      }
    }
  }
  return isValid ? row : undefined;
}

function accepts(feature: PlannedFeature, value: unknown): value is ReceivedValue | undefined {
  if (value === undefined || value === null) return !feature.isRequired;
  switch (feature.type) {
    case 'number':
      // Also false for NaN and, because the range is finite, for infinities such as 1e999.
      return typeof value === 'number' && value >= feature.minimum && value <= feature.maximum;
    case 'integer':
      return (
        Number.isSafeInteger(value) && (value as number) >= feature.minimum && (value as number) <= feature.maximum
      );
    case 'boolean':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string' && (feature.categories === undefined || feature.categories.has(value));
    case 'any':
      return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
  }
}

function explain(feature: PlannedFeature, value: unknown, index: number): FieldProblem {
  const problem = (code: string, detail: string): FieldProblem => ({ index, field: feature.name, code, detail });
  if (value === undefined || value === null) return problem('missing_feature', 'it is required');
  const wanted = feature.type === 'any' ? 'a number, text or boolean' : WANTED[feature.type];
  if (
    typeof value === 'number' &&
    (feature.type === 'number' || feature.type === 'integer' || feature.type === 'any')
  ) {
    if (!Number.isFinite(value)) return problem('not_finite', 'it is not a finite number');
    if (feature.type === 'integer' && !Number.isInteger(value)) return problem('wrong_type', `${wanted} is needed`);
    if (feature.type === 'integer' && !Number.isSafeInteger(value)) {
      return problem('out_of_range', 'whole numbers beyond 2^53 lose digits in JSON');
    }
    return problem('out_of_range', `it must be from ${feature.minimum} to ${feature.maximum}`);
  }
  if (typeof value === 'string' && feature.type === 'string') {
    return problem('unknown_category', `it is none of the ${feature.categories?.size} known categories`);
  }
  const kind = Array.isArray(value) ? 'array' : typeof value;
  return problem(
    'wrong_type',
    `${wanted} is needed, not ${kind === 'object' || kind === 'array' ? 'an' : 'a'} ${kind}`,
  );
}

const WANTED = { number: 'a number', integer: 'a whole number', string: 'a text', boolean: 'true or false' } as const;

/** Turns an endpoint's row into the row of one of its models. */
export type RowGatherer = (row: ReceivedRow) => readonly (number | string | boolean)[];
/** The same for a shadow; undefined for a row that it does not take. */
export type ShadowGatherer = (row: ReceivedRow) => readonly (number | string | boolean)[] | undefined;

/**
 * Each model has its own features, order and defaults. Where a row already is what the model takes,
 * it is handed on as it is.
 */
export function planGatherer(plan: FeaturePlan, version: ServedVersion): RowGatherer {
  const wanted = version.signature.features.map((spec) => ({
    position: plan.indexByName.get(spec.name) as number,
    fallback: spec.default,
    known: spec.categories !== undefined && !refusesUnknownCategories(spec) ? new Set(spec.categories) : undefined,
  }));
  const isSameOrder =
    wanted.length === plan.features.length && wanted.every(({ position }, index) => position === index);
  const canSubstitute = wanted.some(({ fallback, known }) => fallback !== undefined || known !== undefined);
  if (isSameOrder && !canSubstitute) return (row) => row as readonly (number | string | boolean)[];
  return (row) => {
    const gathered: (number | string | boolean)[] = new Array(wanted.length);
    for (let index = 0; index < wanted.length; index += 1) {
      const { position, fallback, known } = wanted[index] as (typeof wanted)[number];
      let value = row[position] as ReceivedValue;
      if (value === null || (known !== undefined && !known.has(value as string))) value = fallback as ReceivedValue;
      gathered[index] = value as number | string | boolean;
    }
    return gathered;
  };
}

/** A shadow takes what it can: a row that is right for the endpoint may lack what only the shadow wants. */
export function planShadowGatherer(plan: FeaturePlan, version: ServedVersion): ShadowGatherer {
  const gather = planGatherer(plan, version);
  const wanted = version.signature.features.map((spec): PlannedFeature => {
    const [minimum, maximum] = rangeOf(version, spec.name);
    return {
      name: spec.name,
      type: spec.type,
      isRequired: spec.default === undefined,
      minimum,
      maximum,
      categories: refusesUnknownCategories(spec) ? new Set(spec.categories) : undefined,
      fallback: null,
    };
  });
  return (row) => {
    const fits = wanted.every((feature) => accepts(feature, row[plan.indexByName.get(feature.name) as number]));
    return fits ? gather(row) : undefined;
  };
}
