import { FLOAT32, FLOAT64, type Graph } from './read-graph.ts';

/** A column that trees see: which input of the model it is, and where in that input. */
export interface OnnxColumn {
  readonly input: string;
  readonly column: number;
}

/** No table has more columns; a broken file may claim any number. */
const LARGEST_WIDTH = 1_000_000;

export interface TracedColumns {
  /** Undefined when the width of an input is open. */
  readonly columns: readonly OnnxColumn[] | undefined;
  readonly inputPrecision: 'float32' | 'float64';
}

/**
 * Follows a tensor back to the inputs of the model through nodes that keep every value: Concat of columns, Cast to a
 * floating type, Identity. Gives the operator in between instead when the trees see something computed.
 */
export function traceColumns(graph: Graph, tensor: string, depth = 0): TracedColumns | { readonly computedBy: string } {
  const input = graph.inputs.find(({ name }) => name === tensor);
  if (input !== undefined) {
    const width = input.shape?.length === 1 ? 1 : (input.shape?.[1] ?? -1);
    if (width > LARGEST_WIDTH) return { computedBy: `an input of ${width} columns` };
    const columns = Array.from({ length: Math.max(0, width) }, (_, column) => ({ input: input.name, column }));
    return {
      columns: width > 0 ? columns : undefined,
      inputPrecision: input.elementType === FLOAT32 ? 'float32' : 'float64',
    };
  }
  const node = graph.nodes.find(({ outputs }) => outputs.includes(tensor));
  if (node === undefined || depth > 64) return { computedBy: 'nothing in the graph' };
  if (node.operator === 'Identity') return traceColumns(graph, node.inputs[0] ?? '', depth + 1);
  if (node.operator === 'Cast') {
    const to = node.attribute('to')?.integers[0];
    const traced = traceColumns(graph, node.inputs[0] ?? '', depth + 1);
    if ('computedBy' in traced || (to !== FLOAT32 && to !== FLOAT64)) return { computedBy: 'Cast' };
    return to === FLOAT32 ? { ...traced, inputPrecision: 'float32' } : traced;
  }
  const axis = node.attribute('axis')?.integers[0];
  if (node.operator !== 'Concat' || (axis !== 1 && axis !== -1)) return { computedBy: node.operator };
  const columns: OnnxColumn[] = [];
  const precisions = new Set<string>();
  for (const name of node.inputs) {
    const traced = traceColumns(graph, name, depth + 1);
    if ('computedBy' in traced) return traced;
    if (traced.columns === undefined) return { computedBy: 'Concat of inputs of open width' };
    precisions.add(traced.inputPrecision);
    for (const column of traced.columns) columns.push(column);
  }
  return { columns, inputPrecision: precisions.has('float32') ? 'float32' : 'float64' };
}

/** Operators that what `outputs` hold passes through on its way out of the model, nearest first. */
export function operatorsAfter(graph: Graph, outputs: readonly string[]): string[] {
  const reached = new Set(outputs);
  const operators: string[] = [];
  for (const node of graph.nodes) {
    if (!node.inputs.some((name) => reached.has(name))) continue;
    for (const name of node.outputs) reached.add(name);
    operators.push(node.operator);
  }
  return operators;
}
