import type { FeatureSpec, Signature, TensorDatatype, TensorSpec, UpstreamVersionSpec } from '@switchyard/contracts';
import { productOf } from './tensors.ts';

type GivenFeatures = UpstreamVersionSpec['features'];
type InputDescription =
  | { readonly ok: true; readonly part: Pick<Signature, 'features' | 'layout' | 'inputs'> }
  | { readonly ok: false; readonly reason: string };

const refuse = (reason: string): { readonly ok: false; readonly reason: string } => ({ ok: false, reason });
const MAXIMUM_FEATURES = 10_000;

/** What callers send and how it becomes the server's input tensors. */
export function describeInputs(inputs: readonly TensorSpec[], given: GivenFeatures): InputDescription {
  const named = given?.map((feature) => (typeof feature === 'string' ? { name: feature } : feature));
  const sized: TensorSpec[] = [];
  for (const input of inputs) {
    const spec = sizeInput(input, inputs.length === 1 ? named?.length : undefined);
    if (typeof spec === 'string') return refuse(spec);
    sized.push(spec);
  }
  const widths = sized.map((input) => productOf(input.shape.slice(1)));
  const count = widths.reduce((sum, width) => sum + width, 0);
  if (count > MAXIMUM_FEATURES)
    return refuse(`The model takes ${count} values a row, at most ${MAXIMUM_FEATURES} are possible.`);
  if (named !== undefined && named.length !== count) {
    return refuse(`The spec names ${named.length} features, the model takes ${count} values a row.`);
  }
  if (named === undefined && widths.some((width) => width !== 1)) {
    return refuse(`The model takes ${count} values a row; name them in the spec (features).`);
  }
  const ordered = named === undefined ? sized : orderByNames(sized, widths, named);
  const features: FeatureSpec[] = [];
  for (const input of ordered) {
    const width = productOf(input.shape.slice(1));
    for (let column = 0; column < width; column += 1) {
      const feature = makeFeature(named?.[features.length] ?? { name: input.name }, input);
      if (typeof feature === 'string') return refuse(feature);
      if (features.some(({ name }) => name === feature.name))
        return refuse(`The feature '${feature.name}' is named twice.`);
      features.push(feature);
    }
  }
  const isTable = ordered.length === 1 && (ordered[0]?.shape.length ?? 0) > 1;
  const layout = isTable ? 'single-tensor' : 'tensor-per-feature';
  return { ok: true, part: { features, layout, inputs: [...ordered] } };
}

/** For servers that take rows of named values and say nothing about them. */
export function inputsOfFeatures(given: GivenFeatures): readonly TensorSpec[] | undefined {
  return given?.map((feature) => {
    const { name, type } = typeof feature === 'string' ? { name: feature, type: 'number' as const } : feature;
    return { name, datatype: datatypeOf[type], shape: [-1] };
  });
}

const datatypeOf = { number: 'FP64', integer: 'INT64', string: 'BYTES', boolean: 'BOOL' } as const;

function sizeInput(input: TensorSpec, featureCount: number | undefined): TensorSpec | string {
  const [rows, ...rest] = input.shape;
  if (rows === undefined) return `The input '${input.name}' is a single value, without a dimension for rows.`;
  if (rows !== -1) return `The input '${input.name}' takes exactly ${rows} rows at once; any number is needed.`;
  if (input.datatype === 'FP16') return `The input '${input.name}' is FP16, which cannot be served.`;
  const open = rest.filter((size) => size === -1).length;
  if (open === 0) return input;
  const known = productOf(rest.filter((size) => size !== -1));
  const total = featureCount ?? 1;
  if (open > 1 || total % known !== 0) {
    return `The shape of the input '${input.name}' is not fixed after the first dimension.`;
  }
  return { ...input, shape: [-1, ...rest.map((size) => (size === -1 ? total / known : size))] };
}

/** With one value a tensor the spec may list the features in another order: names decide. */
function orderByNames(
  inputs: readonly TensorSpec[],
  widths: readonly number[],
  named: readonly { readonly name: string }[],
): readonly TensorSpec[] {
  if (widths.some((width) => width !== 1)) return inputs;
  const found = named.map(({ name }) => inputs.find((input) => input.name === name));
  return found.every((input) => input !== undefined) ? found : inputs;
}

const naturalType = (datatype: TensorDatatype): FeatureSpec['type'] => {
  if (datatype === 'BYTES') return 'string';
  if (datatype === 'BOOL') return 'boolean';
  return datatype.startsWith('FP') ? 'number' : 'integer';
};
const ACCEPTABLE: Record<FeatureSpec['type'], readonly FeatureSpec['type'][]> = {
  number: ['number', 'integer', 'boolean'],
  integer: ['integer', 'boolean'],
  boolean: ['boolean'],
  string: ['string'],
};

function makeFeature(given: { readonly name: string } | FeatureSpec, input: TensorSpec): FeatureSpec | string {
  const natural = naturalType(input.datatype);
  if (!('type' in given)) return { name: given.name, type: natural };
  const { name, type, categories } = given;
  if (!ACCEPTABLE[natural].includes(type)) {
    return `The feature '${name}' is given as ${type}, but the input '${input.name}' takes ${natural} values.`;
  }
  if (given.default !== undefined && !isOfType(given.default, type))
    return `The default of '${name}' is not a ${type}.`;
  if (categories !== undefined && type !== 'string') return `The feature '${name}' has categories, but is no string.`;
  if (categories !== undefined && given.default !== undefined && !categories.includes(String(given.default))) {
    return `The default of the feature '${name}' is not one of its categories.`;
  }
  if (given.onUnknownCategory === 'default' && given.default === undefined) {
    return `The feature '${name}' falls back to its default for unknown categories, but has no default.`;
  }
  return given;
}

function isOfType(value: number | string | boolean, type: FeatureSpec['type']): boolean {
  if (type === 'string' || type === 'boolean') return typeof value === type;
  return typeof value === 'number' && Number.isFinite(value) && (type === 'number' || Number.isInteger(value));
}
