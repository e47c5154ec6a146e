import type { ClassLabel } from '@switchyard/contracts';
import type { OutputTensor } from '../open-inference/infer-call.ts';
import type { AnsweredRows } from './column-runner.ts';
import { entryList, type RowList } from './row-lists.ts';

/**
 * A tensor of what rows were answered, in the order of the request; undefined when some row's answer does not have it.
 * @param labels of the classes, as text
 */
export function columnTensor(
  name: string,
  groups: readonly AnsweredRows[],
  rows: number,
  labels: readonly string[],
): OutputTensor | undefined {
  switch (name) {
    case 'label': {
      const data = gather(
        groups,
        1,
        ({ labels: own }) => own,
        () => new Array<ClassLabel>(rows),
      );
      return data && labelTensor(data as readonly ClassLabel[]);
    }
    case 'probabilities': {
      const width = labels.length;
      const data = gatherNumbers(groups, rows, width, ({ probabilities }) => probabilities?.data);
      const parameters = { labels: JSON.stringify(labels) };
      return data && { name, datatype: 'FP64', shape: [rows, width], data, parameters };
    }
    case 'score':
      return vector(name, gatherNumbers(groups, rows, 1, scoresOf));
    default:
      return vector(
        name,
        gatherNumbers(groups, rows, 1, ({ values }) => values),
      );
  }
}

export function labelTensor(values: readonly ClassLabel[]): OutputTensor {
  const shape = [values.length];
  if (values.every((value) => typeof value === 'boolean'))
    return { name: 'label', datatype: 'BOOL', shape, data: values };
  if (values.every((value) => Number.isInteger(value))) {
    return { name: 'label', datatype: 'INT64', shape, data: values as readonly number[] };
  }
  if (values.every((value) => typeof value === 'number'))
    return { name: 'label', datatype: 'FP64', shape, data: values };
  return { name: 'label', datatype: 'BYTES', shape, data: values.map(String) };
}

/** Who served each row. */
export function servedList(groups: readonly AnsweredRows[], rows: number): RowList {
  const [first] = groups as readonly [AnsweredRows];
  if (groups.length === 1) return entryList([first.servedJson], rows);
  const served: string[] = new Array(rows);
  for (const { rows: own, servedJson } of groups) for (const row of own ?? []) served[row] = servedJson;
  return entryList(served);
}

type Answers = AnsweredRows['answers'];

function scoresOf({ probabilities }: Answers): Float64Array | undefined {
  if (probabilities === undefined) return undefined;
  const { data, labels, positive } = probabilities;
  const width = labels.length;
  const scores = new Float64Array(data.length / width);
  for (let row = 0; row < scores.length; row += 1) scores[row] = data[row * width + positive] as number;
  return scores;
}

function vector(name: string, data: ArrayLike<number> | undefined): OutputTensor | undefined {
  return data && { name, datatype: 'FP64', shape: [data.length], data };
}

type NumbersOf = (answers: Answers) => ArrayLike<number> | undefined;

const gatherNumbers = (groups: readonly AnsweredRows[], rows: number, width: number, numbersOf: NumbersOf) =>
  gather(groups, width, numbersOf, () => new Float64Array(rows * width));

/** Puts the values of each group where its rows are; those of a group of all rows are handed on as they are. */
function gather<Value>(
  groups: readonly AnsweredRows[],
  width: number,
  valuesOf: (answers: Answers) => ArrayLike<Value> | undefined,
  makeTarget: () => { [index: number]: Value; readonly length: number },
): ArrayLike<Value> | undefined {
  let target: ReturnType<typeof makeTarget> | undefined;
  for (const { rows, answers } of groups) {
    const values = valuesOf(answers);
    if (values === undefined || rows === undefined) return values;
    target ??= makeTarget();
    for (let index = 0; index < rows.length; index += 1) {
      const to = (rows[index] as number) * width;
      for (let at = 0; at < width; at += 1) target[to + at] = values[index * width + at] as Value;
    }
  }
  return target;
}
