import { firstNotFinite } from '@switchyard/prediction-log';
import type { ReceivedInfer, ReceivedTensor } from '../open-inference/infer-call.ts';
import { columnsOfSignature } from '../open-inference/infer-request.ts';
import type { EndpointPlan } from '../predict/endpoint-plan.ts';
import type { FeaturePlan } from '../predict/feature-plan.ts';
import type { Matrix } from './column-plan.ts';

/**
 * The rows of a request as numbers in the order of the endpoint's features, in place where they were sent so.
 * Undefined where they are anything else than floats as bytes, complete and right: then they are looked at one by one,
 * which also finds out what is wrong.
 */
export function readMatrix({ inputs }: ReceivedInfer, plan: EndpointPlan, rows: number): Matrix | undefined {
  const { features } = plan;
  const datatype = inputs[0]?.datatype;
  if (datatype !== 'FP32' && datatype !== 'FP64') return undefined;
  // Values of JSON are lists, which nobody has looked at yet.
  if (!inputs.every((input) => input.datatype === datatype && !Array.isArray(input.data))) return undefined;
  const sources = findSources(inputs, plan, rows);
  if (sources === undefined) return undefined;
  const [first] = sources as [Source];
  const isInPlace = sources.every(
    ({ data, offset, width }, position) => data === first.data && offset === position && width === sources.length,
  );
  const matrix: Matrix = { datatype, rows, data: isInPlace ? first.data : pack(datatype, sources, rows) };
  return isRight(matrix, features) ? matrix : undefined;
}

type Floats = Float32Array | Float64Array;

/** Where the values of a feature are. */
interface Source {
  readonly data: Floats;
  readonly offset: number;
  readonly width: number;
}

/** In the order of the endpoint's features; undefined unless each has one. */
function findSources(
  inputs: readonly ReceivedTensor[],
  { features: { features, indexByName }, versions }: EndpointPlan,
  rows: number,
): readonly Source[] | undefined {
  const sources: Source[] = new Array(features.length);
  let found = 0;
  const add = (feature: string | undefined, input: ReceivedTensor, offset: number, width: number): void => {
    const position = indexByName.get(feature ?? '');
    if (position === undefined || input.data.length !== rows * width || sources[position] !== undefined) return;
    sources[position] = { data: input.data as Floats, offset, width };
    found += 1;
  };
  if (inputs.every(({ name }) => indexByName.has(name))) {
    for (const input of inputs) add(input.name, input, 0, 1);
  } else {
    const sent = new Map(inputs.map((input) => [input.name, input]));
    const version = versions.find(
      ({ signature }) => signature.inputs.length === sent.size && signature.inputs.every(({ name }) => sent.has(name)),
    );
    if (version === undefined) return undefined;
    const { signature } = version;
    columnsOfSignature(signature).forEach(({ tensor, offset, width }, index) => {
      add(signature.features[index]?.name, sent.get(tensor) as ReceivedTensor, offset, width);
    });
  }
  return found === features.length ? sources : undefined;
}

function pack(datatype: Matrix['datatype'], sources: readonly Source[], rows: number): Floats {
  const count = sources.length;
  const packed = new (datatype === 'FP32' ? Float32Array : Float64Array)(rows * count);
  sources.forEach(({ data, offset, width }, position) => {
    for (let row = 0; row < rows; row += 1) packed[row * count + position] = data[row * width + offset] as number;
  });
  return packed;
}

/** The largest number that a 32-bit float holds. */
const FLOAT32_MAXIMUM = 3.4028234663852886e38;

function isRight({ data }: Matrix, { features }: FeaturePlan): boolean {
  const isPlain = features.every(
    ({ type, minimum, maximum }) => type === 'number' && minimum <= -FLOAT32_MAXIMUM && maximum >= FLOAT32_MAXIMUM,
  );
  if (isPlain && data instanceof Float32Array) return firstNotFinite(data) < 0;
  const width = features.length;
  return features.every(({ type, minimum, maximum }, position) => {
    for (let at = position; at < data.length; at += width) {
      const value = data[at] as number;
      if (!(value >= minimum && value <= maximum)) return false;
      if (type === 'integer' && !Number.isSafeInteger(value)) return false;
    }
    return true;
  });
}
