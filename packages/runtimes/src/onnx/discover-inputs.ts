import type { FeatureSpec, TensorSpec, VersionSpec } from '@switchyard/contracts';
import type { OnnxOutline, OnnxValue } from './model-outline.ts';
import { findTypeByElementType, type TensorType } from './tensor-types.ts';

export type InputDiscovery =
  | {
      readonly ok: true;
      readonly layout: 'single-tensor' | 'tensor-per-feature';
      readonly features: readonly FeatureSpec[];
      /** Shapes as the file declares them; a fixed batch dimension of 1 is kept. */
      readonly inputs: readonly TensorSpec[];
    }
  | { readonly ok: false; readonly reason: string };

interface Column {
  readonly name: string;
  readonly type: TensorType;
  readonly batch: number;
  /** Shape after the batch dimension; [] for a flat column. -1 where the file does not say. */
  readonly rowShape: readonly number[];
}

const MAXIMUM_FEATURES = 10_000;
const refuse = (reason: string): { readonly ok: false; readonly reason: string } => ({ ok: false, reason });

/** What callers send and how it becomes input tensors, from the file and what the upload says about it. */
export function discoverInputs(outline: OnnxOutline, spec: VersionSpec): InputDiscovery {
  if (outline.inputs.length === 0) return refuse('The model takes no input.');
  const columns: Column[] = [];
  for (const input of outline.inputs) {
    const column = readColumn(input, spec.features !== undefined);
    if (typeof column === 'string') return refuse(column);
    columns.push(column);
  }
  const sized = fillOpenWidth(columns, spec.features?.length);
  if (typeof sized === 'string') return refuse(sized);
  const given = spec.features?.map((feature) => (typeof feature === 'string' ? { name: feature } : feature));
  const ordered = orderByFeatures(
    sized,
    given?.map((feature) => feature.name),
  );
  const widths = ordered.map((column) => product(column.rowShape));
  const count = widths.reduce((sum, width) => sum + width, 0);
  if (count > MAXIMUM_FEATURES) {
    return refuse(`The model takes ${count} values a row; at most ${MAXIMUM_FEATURES} are possible.`);
  }
  if (given !== undefined && given.length !== count) {
    return refuse(`The spec names ${given.length} features, but the model takes ${count} (${describe(ordered)}).`);
  }
  const names = given?.map((feature) => feature.name) ?? findNames(outline, ordered, widths, count);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return refuse(`The feature '${twice}' is named twice.`);
  const features: FeatureSpec[] = [];
  for (const [index, name] of names.entries()) {
    const column = columnOfFeature(ordered, widths, index);
    const feature = makeFeature(name, given?.[index], column);
    if (typeof feature === 'string') return refuse(feature);
    features.push(feature);
  }
  const only = ordered.length === 1 ? ordered[0] : undefined;
  return {
    ok: true,
    layout: only !== undefined && only.rowShape.length > 0 ? 'single-tensor' : 'tensor-per-feature',
    features,
    inputs: ordered.map(({ name, type, batch, rowShape }) => ({
      name,
      datatype: type.datatype,
      shape: [batch, ...rowShape],
    })),
  };
}

function readColumn(input: OnnxValue, areFeaturesNamed: boolean): Column | string {
  const { name, type } = input;
  if (type.kind !== 'tensor') {
    return `The input '${name}' is a ${type.kind === 'other' ? 'kind of value' : type.kind} that cannot be served; only tensors can.`;
  }
  const tensorType = findTypeByElementType(type.elementType);
  if (tensorType === undefined) {
    return `The input '${name}' has an element type that cannot be served (ONNX type ${type.elementType}); use float, double, an integer, string or bool.`;
  }
  const [batch = -1, ...rowShape] = type.shape ?? [-1, -1];
  if (type.shape?.length === 0) return `The input '${name}' is a single value, without a dimension for rows.`;
  if (rowShape.length > 1 && !areFeaturesNamed) {
    const shape = ['rows', ...rowShape].join(', ');
    return `The input '${name}' has the shape [${shape}], not [rows, features]; to send its values as features, name them all in the spec.`;
  }
  if (batch > 1) {
    return `The input '${name}' takes exactly ${batch} rows at once; export the model with a dynamic first dimension, or with 1.`;
  }
  return { name, type: tensorType, batch, rowShape };
}

/** One dimension that the file leaves open can follow from the number of features. */
function fillOpenWidth(columns: readonly Column[], featureCount: number | undefined): Column[] | string {
  const filled: Column[] = [];
  for (const column of columns) {
    const open = column.rowShape.filter((size) => size === -1).length;
    if (open === 0) {
      filled.push(column);
      continue;
    }
    if (open > 1) return `The shape of the input '${column.name}' is not fixed after the first dimension.`;
    // Of several inputs each is a column unless the file says otherwise.
    const total = columns.length === 1 ? featureCount : 1;
    if (total === undefined) {
      return `The file does not say how many features the input '${column.name}' has; name them in the spec (features).`;
    }
    const known = product(column.rowShape.filter((size) => size !== -1));
    if (total % known !== 0) return `${total} features do not fit the input '${column.name}'.`;
    filled.push({ ...column, rowShape: column.rowShape.map((size) => (size === -1 ? total / known : size)) });
  }
  return filled;
}

/** With one feature a tensor, the spec may list them in another order than the file: names decide. */
function orderByFeatures(columns: readonly Column[], names: readonly string[] | undefined): readonly Column[] {
  if (names === undefined || names.length !== columns.length) return columns;
  if (columns.some((column) => product(column.rowShape) !== 1)) return columns;
  const byName = new Map(columns.map((column) => [column.name, column]));
  const ordered = names.map((name) => byName.get(name));
  return ordered.every((column) => column !== undefined) && new Set(ordered).size === columns.length
    ? (ordered as Column[])
    : columns;
}

function findNames(
  outline: OnnxOutline,
  columns: readonly Column[],
  widths: readonly number[],
  count: number,
): readonly string[] {
  if (columns.length > 1 || (count === 1 && columns[0]?.rowShape.length === 0)) {
    return columns.flatMap((column, index) => {
      const width = widths[index] ?? 1;
      return width === 1 ? [column.name] : Array.from({ length: width }, (_, at) => `${column.name}_${at}`);
    });
  }
  const written = readNameList(outline.metadata.get('feature_names') ?? outline.metadata.get('features'));
  if (written?.length === count && new Set(written).size === count) return written;
  return Array.from({ length: count }, (_, index) => `f${index}`);
}

/** Names in the file's own metadata: a JSON array, or words between commas. */
function readNameList(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  let names: unknown;
  try {
    names = JSON.parse(text);
  } catch {
    names = text.split(',').map((name) => name.trim());
  }
  if (!Array.isArray(names)) return undefined;
  return names.every((name) => typeof name === 'string' && name.length > 0 && name.length <= 200) ? names : undefined;
}

function columnOfFeature(columns: readonly Column[], widths: readonly number[], feature: number): Column {
  let first = 0;
  for (const [index, column] of columns.entries()) {
    first += widths[index] ?? 0;
    if (feature < first) return column;
  }
  throw new RangeError('there is no such feature');
}

type FeatureType = FeatureSpec['type'];

function naturalType(type: TensorType): FeatureType {
  if (type.datatype === 'BYTES') return 'string';
  if (type.datatype === 'BOOL') return 'boolean';
  return type.range === undefined ? 'number' : 'integer';
}

/** Which feature types an input can take without losing anything. */
const acceptable: Record<FeatureType, readonly FeatureType[]> = {
  number: ['number', 'integer', 'boolean'],
  integer: ['integer', 'boolean'],
  string: ['string'],
  boolean: ['boolean'],
};

function makeFeature(
  name: string,
  given: { name: string } | FeatureSpec | undefined,
  column: Column,
): FeatureSpec | string {
  const natural = naturalType(column.type);
  if (given === undefined || !('type' in given)) return { name, type: natural };
  if (!acceptable[natural].includes(given.type)) {
    return `The feature '${name}' is given as ${given.type}, but the input '${column.name}' takes ${natural} values.`;
  }
  if (given.default !== undefined && !isOfType(given.default, given.type)) {
    return `The default of the feature '${name}' is not a ${given.type}.`;
  }
  if (given.categories !== undefined) {
    if (given.type !== 'string') return `The feature '${name}' has categories, but is not a string.`;
    if (given.default !== undefined && !given.categories.includes(String(given.default))) {
      return `The default of the feature '${name}' is not one of its categories.`;
    }
  }
  if (given.onUnknownCategory === 'default' && given.default === undefined) {
    return `The feature '${name}' falls back to its default for unknown categories, but has no default.`;
  }
  return given;
}

function isOfType(value: number | string | boolean, type: FeatureType): boolean {
  if (type === 'string') return typeof value === 'string';
  if (type === 'boolean') return typeof value === 'boolean';
  return typeof value === 'number' && Number.isFinite(value) && (type === 'number' || Number.isInteger(value));
}

function describe(columns: readonly Column[]): string {
  const shown = columns
    .slice(0, 4)
    .map(({ name, type, rowShape }) => `${name}: ${type.datatype}[${['rows', ...rowShape]}]`);
  return shown.join(', ') + (columns.length > 4 ? ', …' : '');
}

const product = (sizes: readonly number[]): number => sizes.reduce((result, size) => result * size, 1);
