import type { ClassLabel, Signature, Task, TensorSpec, VersionSpec } from '@switchyard/contracts';
import { findMaker } from './class-labels.ts';
import type { OnnxOutline } from './model-outline.ts';
import type { SessionTensor } from './session.ts';
import { getTypeByRuntimeType } from './tensor-types.ts';

export type OutputDiscovery =
  | {
      readonly ok: true;
      readonly outputs: readonly TensorSpec[];
      readonly roles: Signature['roles'];
      readonly labels: readonly ClassLabel[] | undefined;
      readonly positiveLabel: ClassLabel | undefined;
    }
  | { readonly ok: false; readonly reason: string };

/** What one output was seen to give. */
interface SeenOutput {
  readonly name: string;
  readonly kind: 'float' | 'label';
  readonly spec: TensorSpec;
  /** Values a row. */
  readonly width: number;
  readonly values: readonly number[];
}

export interface OutputQuestion {
  readonly outline: OnnxOutline;
  readonly task: Task;
  readonly spec: VersionSpec;
  /** Output tensors of single-row runs. */
  readonly probes: readonly (readonly SessionTensor[])[];
  readonly findLabels: (labelOutput: string | undefined) => readonly ClassLabel[] | undefined;
}

const refuse = (reason: string): { readonly ok: false; readonly reason: string } => ({ ok: false, reason });

/**
 * Which output holds what. Judged by what the outputs gave when they ran, because many exporters
 * leave the shapes of outputs open or write them down wrong.
 */
export function discoverOutputs(question: OutputQuestion): OutputDiscovery {
  const seen: SeenOutput[] = [];
  for (const [index, tensor] of (question.probes[0] ?? []).entries()) {
    const { datatype } = getTypeByRuntimeType(tensor.type);
    const width = tensor.values.length;
    const isFlat = tensor.dims.length === 1;
    seen.push({
      name: tensor.name,
      kind: datatype === 'FP32' || datatype === 'FP64' ? 'float' : 'label',
      spec: { name: tensor.name, datatype, shape: [-1, ...(isFlat ? [] : tensor.dims.slice(1))] },
      width,
      values: question.probes.flatMap((outputs) => {
        const values = outputs[index]?.values;
        return values === undefined || datatype === 'BYTES' ? [] : Array.from(values as ArrayLike<number>, Number);
      }),
    });
  }
  const { task } = question;
  return task === 'regression' || task === 'ranking' ? discoverValue(question, seen) : discoverClasses(question, seen);
}

function discoverValue({ outline, task, spec }: OutputQuestion, seen: readonly SeenOutput[]): OutputDiscovery {
  const given =
    spec.labels !== undefined ? 'labels' : spec.positiveLabel !== undefined ? 'a positive label' : undefined;
  if (given !== undefined)
    return refuse(`The model's task is ${task}, which has no classes, but the spec gives ${given}.`);
  const label = seen.find((output) => output.kind === 'label' && output.width === 1);
  const classifier = seen.some(
    (output) =>
      output.kind === 'label' && /Classifier$|^ZipMap$|^ArgMax$/.test(findMaker(outline, output.name)?.operator ?? ''),
  );
  if (label !== undefined && (classifier || seen.some((output) => output.kind === 'float' && output.width > 1))) {
    return refuse(
      `The file is a classifier (its output '${label.name}' is a class label), but the model's task is ${task}.`,
    );
  }
  const candidates = seen.filter((output) => output.kind === 'float' && output.width === 1);
  const value = preferred(candidates, /value|variable|pred|score|output/i) ?? label;
  if (value === undefined || value.spec.datatype === 'BYTES') {
    return refuse(`The model's task is ${task}, which needs one number a row, but the outputs are ${describe(seen)}.`);
  }
  return {
    ok: true,
    outputs: seen.map((output) => output.spec),
    roles: { value: value.name },
    labels: undefined,
    positiveLabel: undefined,
  };
}

function discoverClasses(question: OutputQuestion, seen: readonly SeenOutput[]): OutputDiscovery {
  const { outline, task, spec } = question;
  const label = preferred(
    seen.filter((output) => output.kind === 'label' && output.width === 1),
    /label|class|pred/i,
  );
  const candidate = findScores(seen);
  const isProbability = candidate !== undefined && oddRow(candidate) === undefined;
  if (candidate !== undefined && !isProbability && label === undefined) {
    const shown = (oddRow(candidate) ?? []).slice(0, 4).map((value) => Number(value.toPrecision(4)));
    return refuse(
      `The model's task is ${task}, but the output '${candidate.name}' does not hold probabilities (it gave ${shown.join(', ')}). Is it a regression model, or is a final sigmoid or softmax missing?`,
    );
  }
  const maker = candidate === undefined ? undefined : findMaker(outline, candidate.name);
  const isLogistic = maker?.texts.get('post_transform')?.[0] === 'LOGISTIC';
  if (label === undefined && maker !== undefined && /Regressor$/.test(maker.operator) && !isLogistic) {
    return refuse(`The file is a regression model (${maker.operator}), but the model's task is ${task}.`);
  }
  if (label === undefined && candidate === undefined) {
    return refuse(
      `The model's task is ${task}, which needs a class label or probabilities, but the outputs are ${describe(seen)}.`,
    );
  }
  // Raw margins beside a label are not probabilities: the label is served, a score is not invented.
  const probabilities = isProbability ? candidate : undefined;
  const classCount = probabilities === undefined ? undefined : Math.max(2, probabilities.width);
  const labels = decideLabels(question, label, classCount);
  if (typeof labels === 'string') return refuse(labels);
  if (task === 'binary' && labels.values !== undefined && labels.values.length !== 2) {
    return refuse(`The model's task is binary, but the file has ${labels.values.length} classes.`);
  }
  if (spec.positiveLabel !== undefined && labels.values !== undefined && !labels.values.includes(spec.positiveLabel)) {
    return refuse(`The positive label '${spec.positiveLabel}' is not among the labels ${list(labels.values)}.`);
  }
  return {
    ok: true,
    outputs: seen.map((output) => output.spec),
    roles: {
      ...(label === undefined ? {} : { label: label.name }),
      ...(probabilities === undefined ? {} : { probabilities: probabilities.name }),
    },
    labels: labels.values,
    positiveLabel: spec.positiveLabel,
  };
}

function decideLabels(
  { spec, task, findLabels }: OutputQuestion,
  label: SeenOutput | undefined,
  classCount: number | undefined,
): { values: readonly ClassLabel[] | undefined } | string {
  const own = findLabels(label?.name);
  const fitting = own !== undefined && (classCount === undefined || own.length === classCount) ? own : undefined;
  const count = classCount ?? fitting?.length ?? (task === 'binary' ? 2 : undefined);
  if (spec.labels !== undefined) {
    if (count !== undefined && spec.labels.length !== count) {
      return `The spec gives ${spec.labels.length} labels, but the model has ${count} classes${fitting === undefined ? '' : ` (${list(fitting)})`}.`;
    }
    if (new Set(spec.labels.map(String)).size !== spec.labels.length) return 'The spec gives a label twice.';
    if (fitting !== undefined && isReordered(spec.labels, fitting)) {
      return `The spec gives the labels ${list(spec.labels)}, but the file has them in another order: ${list(fitting)}.`;
    }
    return { values: spec.labels };
  }
  if (fitting !== undefined) return { values: fitting };
  if (label?.spec.datatype === 'BYTES') {
    if (classCount === undefined) return { values: undefined };
    return `The class labels cannot be found in the file; give the ${classCount} labels in the spec, in the order of the probabilities.`;
  }
  if (label?.spec.datatype === 'BOOL') return { values: [false, true] };
  return { values: count === undefined ? undefined : Array.from({ length: count }, (_, index) => index) };
}

/** The same labels in another order: taking the spec's word would swap the classes. */
function isReordered(given: readonly ClassLabel[], own: readonly ClassLabel[]): boolean {
  const texts = own.map(String);
  return given.every((label) => texts.includes(String(label))) && String(given) !== String(own);
}

/** The output that may hold probabilities: a column for each class, else the only one of one column. */
function findScores(seen: readonly SeenOutput[]): SeenOutput | undefined {
  const named = /prob|score/i;
  const floats = seen.filter((output) => output.kind === 'float');
  const wide = floats.filter((output) => output.width > 1);
  if (wide.length > 0)
    return (
      preferred(
        wide.filter((output) => oddRow(output) === undefined),
        named,
      ) ?? preferred(wide, named)
    );
  if (floats.length <= 1) return floats[0];
  // Of several single columns nothing says which class each belongs to.
  const byName = floats.filter((output) => named.test(output.name));
  return byName.length === 1 ? byName[0] : undefined;
}

/** The first row that cannot be probabilities: outside 0 to 1, or not adding up to 1. */
function oddRow({ values, width }: SeenOutput): readonly number[] | undefined {
  const tolerance = 1e-3;
  for (let start = 0; start < values.length; start += width) {
    const row = values.slice(start, start + width);
    const isWithin = row.every((value) => value >= -tolerance && value <= 1 + tolerance);
    const sum = row.reduce((total, value) => total + value, 0);
    if (!isWithin || (width > 1 && Math.abs(sum - 1) > tolerance)) return row;
  }
  return undefined;
}

const preferred = (outputs: readonly SeenOutput[], name: RegExp): SeenOutput | undefined =>
  outputs.find((output) => name.test(output.name)) ?? outputs[0];

const list = (labels: readonly ClassLabel[]): string =>
  labels.length > 10 ? `${labels.slice(0, 10).join(', ')}, …` : labels.join(', ');

function describe(seen: readonly SeenOutput[]): string {
  return seen.map(({ name, spec }) => `${name}: ${spec.datatype}[${['rows', ...spec.shape.slice(1)]}]`).join(', ');
}
