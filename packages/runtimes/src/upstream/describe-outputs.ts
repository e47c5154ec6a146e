import type { ClassLabel, Signature, Task, TensorSpec, UpstreamVersionSpec } from '@switchyard/contracts';
import { productOf } from './tensors.ts';

type OutputPart = Pick<Signature, 'outputs' | 'roles' | 'labels' | 'positiveLabel'>;
type OutputDescription =
  | { readonly ok: true; readonly part: OutputPart }
  | { readonly ok: false; readonly reason: string };

export interface OutputQuestion {
  readonly task: Task;
  readonly roles: Signature['roles'] | undefined;
  readonly labels: UpstreamVersionSpec['labels'];
  readonly positiveLabel: UpstreamVersionSpec['positiveLabel'];
}

const refuse = (reason: string): { readonly ok: false; readonly reason: string } => ({ ok: false, reason });
const isFloat = (spec: TensorSpec): boolean => spec.datatype === 'FP32' || spec.datatype === 'FP64';
const isValueTask = (task: Task): boolean => task === 'regression' || task === 'ranking';

/** Which output of the server holds what. Where more than one choice is possible, the roles must be given. */
export function describeOutputs(outputs: readonly TensorSpec[], question: OutputQuestion): OutputDescription {
  for (const [role, name] of Object.entries(question.roles ?? {})) {
    if (!outputs.some((output) => output.name === name)) {
      return refuse(`The role '${role}' names the output '${name}'; the model gives ${listNames(outputs)}.`);
    }
  }
  const usable = outputs.filter(({ datatype }) => datatype !== 'FP16');
  return isValueTask(question.task) ? describeValue(usable, question) : describeClasses(usable, question);
}

/** What a server that says nothing about its answers is taken to give, by the model's task. */
export function outputsOfTask(question: OutputQuestion): readonly TensorSpec[] | undefined {
  const { task, roles, labels } = question;
  if (isValueTask(task)) return [{ name: roles?.value ?? 'value', datatype: 'FP64', shape: [-1] }];
  const classes = labels ?? (task === 'binary' ? [0, 1] : undefined);
  if (classes === undefined) return undefined;
  const probabilities: TensorSpec = {
    name: roles?.probabilities ?? 'probabilities',
    datatype: 'FP64',
    shape: [-1, classes.length],
  };
  if (roles?.label === undefined) return [probabilities];
  const label: TensorSpec = { name: roles.label, datatype: labelDatatype(classes), shape: [-1] };
  return roles.probabilities === undefined ? [label] : [probabilities, label];
}

function labelDatatype(labels: readonly ClassLabel[]): TensorSpec['datatype'] {
  if (labels.every((label) => typeof label === 'boolean')) return 'BOOL';
  if (labels.every((label) => Number.isInteger(label))) return 'INT64';
  return labels.every((label) => typeof label === 'number') ? 'FP64' : 'BYTES';
}

function describeValue(outputs: readonly TensorSpec[], question: OutputQuestion): OutputDescription {
  if (question.labels !== undefined || question.positiveLabel !== undefined) {
    return refuse(`The model's task is ${question.task}, which has no classes, but the spec gives labels.`);
  }
  const candidates = outputs.filter((output) => output.datatype !== 'BYTES' && widthOf(output, 1) === 1);
  const named = question.roles?.value;
  const found = named === undefined ? candidates : candidates.filter(({ name }) => name === named);
  const [value] = found;
  if (value === undefined) return refuse(`No output is one number a row: the model gives ${listNames(outputs)}.`);
  if (found.length > 1) return refuse(`Several outputs are one number a row: say in roles.value which is the answer.`);
  return { ok: true, part: { outputs: replaceShape(outputs, value, 1), roles: { value: value.name } } };
}

function describeClasses(outputs: readonly TensorSpec[], question: OutputQuestion): OutputDescription {
  const { task, roles } = question;
  const asked = roles?.probabilities !== undefined || roles?.label !== undefined ? roles : undefined;
  const classes = question.labels?.length ?? (task === 'binary' ? 2 : undefined);
  const isTable = (output: TensorSpec): boolean => {
    const width = widthOf(output, classes);
    if (width === undefined || !isFloat(output)) return false;
    return classes === undefined ? width > 1 : width === classes || (width === 1 && classes === 2);
  };
  const tables = outputs.filter((output) =>
    asked === undefined ? isTable(output) : output.name === asked.probabilities && isFloat(output),
  );
  if (asked?.probabilities !== undefined && tables.length === 0) {
    return refuse(
      `The output '${asked.probabilities}' holds no floating-point numbers, so it cannot be probabilities.`,
    );
  }
  if (tables.length > 1) return refuse('Several outputs may be probabilities: say in roles.probabilities which.');
  const labelled = outputs.filter((output) =>
    asked === undefined ? !isFloat(output) && widthOf(output, 1) === 1 : output.name === asked.label,
  );
  if (labelled.length > 1) return refuse('Several outputs may be the label: say in roles.label which.');
  const [table] = tables;
  const [label] = labelled;
  if (table === undefined && label === undefined) {
    return refuse(`No output can be probabilities or a label: the model gives ${listNames(outputs)}.`);
  }
  if (label !== undefined && widthOf(label, 1) !== 1)
    return refuse(`The output '${label.name}' is not one label a row.`);

  const width = table === undefined ? undefined : widthOf(table, classes);
  const labels = question.labels ?? defaultLabels(task, width);
  if (labels === undefined)
    return refuse('The labels of the classes must be given, in the order of the probabilities.');
  if (new Set(labels.map(String)).size !== labels.length) return refuse('A label is given twice.');
  if (task === 'binary' && labels.length !== 2) return refuse(`A binary model has two labels, not ${labels.length}.`);
  if (width !== undefined && width !== labels.length && !(width === 1 && labels.length === 2)) {
    return refuse(`There are ${labels.length} labels for ${width} probabilities.`);
  }
  if (question.positiveLabel !== undefined && !labels.includes(question.positiveLabel)) {
    return refuse(`The positive label '${question.positiveLabel}' is not among the labels.`);
  }
  let shaped = outputs;
  if (table !== undefined) shaped = replaceShape(shaped, table, width ?? labels.length);
  if (label !== undefined) shaped = replaceShape(shaped, label, 1);
  return {
    ok: true,
    part: {
      outputs: [...shaped],
      roles: {
        ...(table === undefined ? {} : { probabilities: table.name }),
        ...(label === undefined ? {} : { label: label.name }),
      },
      labels: [...labels],
      ...(question.positiveLabel === undefined ? {} : { positiveLabel: question.positiveLabel }),
    },
  };
}

function defaultLabels(task: Task, width: number | undefined): ClassLabel[] | undefined {
  if (task === 'binary') return [0, 1];
  return width === undefined || width < 2 ? undefined : Array.from({ length: width }, (_, index) => index);
}

/** Values a row; a dimension that the server leaves open is taken to have the size that makes `wanted` of it. */
function widthOf(output: TensorSpec, wanted: number | undefined): number | undefined {
  const rest = output.shape.slice(1);
  if (!rest.includes(-1)) return productOf(rest);
  return rest.filter((size) => size === -1).length === 1 && rest.length === 1 ? wanted : undefined;
}

/** The shape of an output that plays a role is closed, so that every answer can be held against it. */
function replaceShape(outputs: readonly TensorSpec[], target: TensorSpec, width: number): TensorSpec[] {
  return outputs.map((output) =>
    output === target || (output.name === target.name && output.shape.slice(1).includes(-1))
      ? { ...output, shape: output.shape.slice(1).includes(-1) ? [-1, width] : [-1, ...output.shape.slice(1)] }
      : output,
  );
}

function listNames(outputs: readonly TensorSpec[]): string {
  if (outputs.length === 0) return 'nothing that can be served';
  return outputs
    .slice(0, 8)
    .map(({ name, datatype, shape }) => `'${name}' (${datatype} [${shape.join(', ')}])`)
    .join(', ');
}
