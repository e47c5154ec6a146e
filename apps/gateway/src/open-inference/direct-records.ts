import { type Signature, SwitchyardError } from '@switchyard/contracts';
import {
  type AnswerColumns,
  type Column,
  type ColumnData,
  type FeatureBlock,
  firstNotFinite,
  type LineWriter,
  type RowGroup,
  sliceGroup,
  writeGroup,
} from '@switchyard/prediction-log';
import type { InferResult, Tensor } from '@switchyard/runtimes';
import { outcomeMembers, requestMembers, timingMembers } from '../columns/record-members.ts';
import type { Arrival } from '../predict/prediction-runner.ts';
import type { VersionPlan } from '../snapshot/serving-state.ts';
import type { ReceivedInfer, ReceivedTensor } from './infer-call.ts';
import { columnsOfSignature } from './infer-request.ts';

export interface DirectOutcome {
  /** What the ids of the rows begin with; their numbers start at 0. */
  readonly idPrefix: string;
  readonly rows: number;
  readonly result: InferResult | undefined;
  /** Undefined when the model answered. */
  readonly failure: unknown;
}

/**
 * Writes rows that a model answered with its own tensors to the prediction log, with all their features and with what
 * the outputs say by the roles of the signature. Returns how many lines it took.
 */
export function writeDirectRecords(
  writer: LineWriter,
  arrival: Arrival,
  plan: VersionPlan,
  infer: ReceivedInfer,
  { idPrefix, rows, result, failure }: DirectOutcome,
): number {
  const { signature } = plan.served;
  const error = failure === undefined ? '' : SwitchyardError.is(failure) ? failure.code : 'internal_error';
  const group: RowGroup = {
    idPrefix,
    rows,
    numbers: 0,
    before: requestMembers(arrival, plan.recordJson, infer),
    decision: [],
    buckets: [],
    outcome: outcomeMembers(1, error),
    after: timingMembers(arrival, result),
    features: featureBlocks(signature, infer.inputs, rows),
    answer: error === '' && result !== undefined ? answerColumns(signature, result.outputs, rows) : {},
  };
  if (hasOnlyNumbers(group.answer)) return writeGroup(writer, group);
  for (let row = 0; row < rows; row += 1) {
    const own = sliceGroup(group, row, row + 1);
    writeGroup(writer, { ...own, answer: finitePartsOf(own.answer) });
  }
  return rows;
}

/** Which features a tensor has, and where the value of each is in a row of it. */
interface TensorFeatures {
  readonly tensor: string;
  readonly names: readonly string[];
  readonly offsets: readonly number[];
  /** Values of one row of the tensor. */
  readonly width: number;
}

const tensorFeatures = new WeakMap<Signature, readonly TensorFeatures[]>();

/** Features are dealt to the inputs in order. */
function tensorFeaturesOf(signature: Signature): readonly TensorFeatures[] {
  let known = tensorFeatures.get(signature);
  if (known === undefined) {
    const columns = columnsOfSignature(signature).map((column, index) => ({
      ...column,
      feature: signature.features[index]?.name,
    }));
    known = signature.inputs.flatMap(({ name: tensor }) => {
      const own = columns.filter((column) => column.tensor === tensor && column.feature !== undefined);
      const [first] = own;
      if (first === undefined) return [];
      const names = own.map(({ feature }) => feature as string);
      return [{ tensor, names, offsets: own.map(({ offset }) => offset), width: first.width }];
    });
    tensorFeatures.set(signature, known);
  }
  return known;
}

function featureBlocks(signature: Signature, inputs: readonly ReceivedTensor[], rows: number): FeatureBlock[] {
  return tensorFeaturesOf(signature).flatMap(({ tensor, names, offsets, width }) => {
    const input = inputs.find(({ name }) => name === tensor);
    if (input === undefined) return [];
    const { datatype, data } = asColumn(input.datatype, input.data as ColumnData);
    const count = names.length;
    if (count === width && data.length === rows * count) return [{ names, datatype, data }];
    // A model of another server may take more values than it has features.
    const values = Array.from({ length: rows * count }, (_, at) => {
      return data[Math.floor(at / count) * width + (offsets[at % count] as number)];
    });
    return [{ names, datatype: 'BYTES' as const, data: values as unknown as ColumnData }];
  });
}

/** Nothing where the signature gives no role, or where an output has another shape than its role needs. */
function answerColumns(signature: Signature, outputs: readonly Tensor[], rows: number): AnswerColumns {
  const { roles, labels = [], positiveLabel } = signature;
  const find = (name: string | undefined, width: number): Column | undefined => {
    const output = name === undefined ? undefined : outputs.find((one) => one.name === name);
    return output?.data.length === rows * width ? asColumn(output.datatype, output.data) : undefined;
  };
  const probabilities = labels.length === 0 ? undefined : find(roles.probabilities, labels.length);
  return {
    label: find(roles.label, 1),
    value: find(roles.value, 1),
    probabilities: probabilities && {
      ...probabilities,
      labels: labels.map(String),
      positive: positiveLabel === undefined ? labels.length - 1 : labels.indexOf(positiveLabel),
    },
  };
}

/** As it is to be kept: numbers of JSON have more digits than the 32 bits that the model is given. */
function asColumn(datatype: Column['datatype'], data: ColumnData): Column {
  if (data instanceof Float32Array) return { datatype: 'FP32', data };
  if (datatype === 'FP32' && Array.isArray(data))
    return { datatype: 'FP64', data: Float64Array.from(data as number[]) };
  return { datatype, data };
}

const columnsOf = ({ label, value, probabilities }: AnswerColumns): (Column | undefined)[] => [
  label as Column | undefined,
  value,
  probabilities,
];

function hasOnlyNumbers(answer: AnswerColumns): boolean {
  return columnsOf(answer).every((column) => column === undefined || isFiniteColumn(column));
}

function isFiniteColumn({ data }: Column): boolean {
  return !(data instanceof Float32Array || data instanceof Float64Array) || firstNotFinite(data) < 0;
}

function finitePartsOf(answer: AnswerColumns): AnswerColumns {
  const [label, value, probabilities] = columnsOf(answer).map((column) =>
    column !== undefined && isFiniteColumn(column) ? column : undefined,
  );
  return { label, value, probabilities: probabilities as AnswerColumns['probabilities'] };
}
