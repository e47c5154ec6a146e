import { type Answer, type ClassLabel, type Signature, SwitchyardError } from '@switchyard/contracts';
import type { SessionTensor } from './session.ts';

/** Turns rows of output tensors into answers. */
export interface AnswerReader {
  /** Names of the outputs it needs, in the order in which it expects them. */
  readonly outputNames: readonly string[];
  /** The answers of `count` rows from `start` on. Throws `model_failed` when one of them is not a number. */
  read(outputs: readonly SessionTensor[], start: number, count: number): Answer[];
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
  };
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
