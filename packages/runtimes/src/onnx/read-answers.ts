import type { Answer, ClassLabel, Signature } from '@switchyard/contracts';
import { SwitchyardError } from '@switchyard/contracts/errors';
import type { AnswerColumns, Tensor } from '../model-runtime.ts';
import type { SessionTensor } from './session.ts';

/** Turns rows of output tensors into answers. */
export interface AnswerReader {
  /** Names of the outputs it needs, in the order in which it expects them. */
  readonly outputNames: readonly string[];
  /** The answers of `count` rows from `start` on. Throws `model_failed` when one of them is not a number. */
  read(outputs: readonly SessionTensor[], start: number, count: number): Answer[];
  /** The same of all rows, from tensors whose numbers are known to be finite. */
  readColumns(outputs: readonly Tensor[]): AnswerColumns;
}

/**
 * `fileLabels` are the labels as the artifact writes them, in the order of the probabilities; the signature may have
 * renamed them. They matter only for the output that holds the label itself.
 */
export function makeAnswerReader(signature: Signature, fileLabels: readonly ClassLabel[] | undefined): AnswerReader {
  const { roles } = signature;
  if (roles.value !== undefined) return makeValueReader(roles.value);
  if (roles.probabilities !== undefined) return makeProbabilityReader(signature, roles.probabilities, fileLabels);
  if (roles.label !== undefined) return makeLabelReader(roles.label, makeLabelLookup(signature, fileLabels));
  throw new SwitchyardError('invalid_artifact', 'The signature names no output that holds an answer.');
}

function makeValueReader(output: string): AnswerReader {
  return {
    outputNames: [output],
    read(outputs, start, count) {
      const values = (outputs[0] as SessionTensor).values;
      const answers: Answer[] = [];
      for (let row = start; row < start + count; row += 1) {
        const value = Number(values[row]);
        if (!Number.isFinite(value)) failNotFinite(output, value);
        answers.push({ value });
      }
      return answers;
    },
    readColumns([tensor]) {
      const { data } = tensor as Tensor;
      const values = new Float64Array(data.length);
      for (let row = 0; row < data.length; row += 1) values[row] = Number(data[row]);
      return { values };
    },
  };
}

type LabelLookup = (value: number | bigint | string) => ClassLabel;

function makeLabelReader(output: string, lookUp: LabelLookup): AnswerReader {
  return {
    outputNames: [output],
    read(outputs, start, count) {
      const values = (outputs[0] as SessionTensor).values;
      const answers: Answer[] = [];
      for (let row = start; row < start + count; row += 1) {
        answers.push({ label: lookUp(values[row] as number | bigint | string) });
      }
      return answers;
    },
    readColumns: ([values]) => ({ labels: labelsOf(values as Tensor, lookUp) }),
  };
}

function makeProbabilityReader(
  signature: Signature,
  output: string,
  fileLabels: readonly ClassLabel[] | undefined,
): AnswerReader {
  const labels = signature.labels ?? [];
  const keys = labels.map(String);
  const positive = signature.positiveLabel === undefined ? labels.length - 1 : labels.indexOf(signature.positiveLabel);
  const shape = signature.outputs.find((tensor) => tensor.name === output)?.shape ?? [];
  const width = shape.slice(1).reduce((product, size) => product * size, 1);
  const isSingleColumn = width === 1 && labels.length === 2;
  if (!isSingleColumn && width !== labels.length) {
    throw new SwitchyardError('invalid_artifact', `There are ${labels.length} labels for ${width} probabilities.`);
  }
  const labelOutput = signature.roles.label;
  const lookUp = labelOutput === undefined ? undefined : makeLabelLookup(signature, fileLabels);
  return {
    outputNames: labelOutput === undefined ? [output] : [output, labelOutput],
    read(outputs, start, count) {
      const values = (outputs[0] as SessionTensor).values as Float32Array;
      const labelValues = outputs[1]?.values;
      const answers: Answer[] = [];
      for (let row = start; row < start + count; row += 1) {
        const probabilities: Record<string, number> = {};
        let score = 0;
        let best = 0;
        let highest = Number.NEGATIVE_INFINITY;
        for (let index = 0; index < keys.length; index += 1) {
          let probability: number;
          if (isSingleColumn) probability = index === 1 ? (values[row] as number) : 1 - (values[row] as number);
          else probability = values[row * width + index] as number;
          if (!Number.isFinite(probability)) failNotFinite(output, probability);
          probabilities[keys[index] as string] = probability;
          if (index === positive) score = probability;
          if (probability > highest) {
            highest = probability;
            best = index;
          }
        }
        const label =
          lookUp === undefined || labelValues === undefined
            ? (labels[best] as ClassLabel)
            : lookUp(labelValues[row] as number | bigint | string);
        answers.push({ label, score, probabilities });
      }
      return answers;
    },
    readColumns([tensor, labelTensor]) {
      const values = (tensor as Tensor).data as ArrayLike<number>;
      const data = new Float64Array(isSingleColumn ? values.length * 2 : values.length);
      for (let at = 0; at < values.length; at += 1) {
        if (isSingleColumn) {
          data[2 * at] = 1 - (values[at] as number);
          data[2 * at + 1] = values[at] as number;
        } else data[at] = values[at] as number;
      }
      return {
        labels:
          lookUp === undefined || labelTensor === undefined
            ? mostProbable(data, labels)
            : labelsOf(labelTensor, lookUp),
        probabilities: { labels: keys, positive, data },
      };
    },
  };
}

function labelsOf({ data }: Tensor, lookUp: LabelLookup): ClassLabel[] {
  const labels: ClassLabel[] = new Array(data.length);
  // Most rows have the label of the row before.
  let before: unknown;
  let label: ClassLabel | undefined;
  for (let row = 0; row < data.length; row += 1) {
    const value = data[row] as number | bigint | string | boolean;
    if (value !== before || label === undefined) {
      before = value;
      label = lookUp(typeof value === 'boolean' ? Number(value) : value);
    }
    labels[row] = label;
  }
  return labels;
}

/** The first of the labels with the highest probability, for each row. */
function mostProbable(data: Float64Array, labels: readonly ClassLabel[]): ClassLabel[] {
  const width = labels.length;
  return Array.from({ length: data.length / width }, (_, row) => {
    let best = 0;
    for (let index = 1; index < width; index += 1) {
      if ((data[row * width + index] as number) > (data[row * width + best] as number)) best = index;
    }
    return labels[best] as ClassLabel;
  });
}

/** From what the label output holds to the label of the signature. */
function makeLabelLookup(signature: Signature, fileLabels: readonly ClassLabel[] | undefined): LabelLookup {
  const { labels } = signature;
  const plain = (value: number | bigint | string): ClassLabel => (typeof value === 'bigint' ? Number(value) : value);
  if (labels === undefined) return plain;
  const isText = signature.outputs.find((tensor) => tensor.name === signature.roles.label)?.datatype === 'BYTES';
  const written = fileLabels ?? (isText ? labels : labels.map((_, index) => index));
  // Labels as numbers: a boolean output holds 0 and 1.
  const known = new Map<ClassLabel, ClassLabel>();
  for (const [index, label] of written.entries()) {
    known.set(typeof label === 'boolean' ? Number(label) : label, labels[index] as ClassLabel);
  }
  return (value) => {
    const label = known.get(plain(value));
    if (label === undefined) {
      throw new SwitchyardError(
        'model_failed',
        `The model answered the class '${value}', which is not among its labels.`,
      );
    }
    return label;
  };
}

function failNotFinite(output: string, value: number): never {
  throw new SwitchyardError(
    'model_failed',
    `The model's output '${output}' is ${value} for a row, which is not a number.`,
  );
}
