import type { DecisionStep } from '@switchyard/contracts';
import { rowDigits } from '@switchyard/prediction-log';
import { type Decision, decide } from '@switchyard/routing';
import type { EndpointPlan } from '../predict/endpoint-plan.ts';
import type { Context, Segment } from '../predict/prediction-request.ts';
import type { ColumnPlan } from './column-plan.ts';

/** Rows that go the same way, for the same reasons. */
export interface DecidedRows {
  /** Of the first of them. */
  readonly decision: Decision;
  /** Positions in the request, ascending; undefined: all. */
  readonly rows: Uint16Array | undefined;
  /** Buckets at the steps of the decision that have one, a value a row; none where the rows are decided as one. */
  readonly buckets: readonly { readonly step: number; readonly values: Uint32Array }[];
}

export interface DecideRequest {
  readonly rows: number;
  readonly unit: string;
  readonly segment: Segment;
  readonly context: Context;
  readonly idPrefix: string;
  /** When the request arrived, Unix milliseconds. */
  readonly atMs: number;
}

/** With more ways than this, rows are better run one by one. */
const MAXIMUM_GROUPS = 16;
const NO_FEATURES: Readonly<Record<string, never>> = Object.freeze({});

interface Growing {
  readonly decision: Decision;
  readonly rows: number[];
  /** One list for each step. */
  readonly buckets: number[][];
}

/** Decides the rows of a request; as one where nothing tells them apart. Undefined when they go too many ways. */
export function groupRows(
  plan: EndpointPlan,
  columns: ColumnPlan,
  request: DecideRequest,
): readonly DecidedRows[] | undefined {
  const { rows, unit, segment, context, idPrefix, atMs } = request;
  const decideRow = (row: number): Decision =>
    decide(plan.policy, { features: NO_FEATURES, segment, unit, context, requestId: idPrefix + rowDigits(row), atMs });
  if (unit === '' ? columns.isShared.withoutUnit : columns.isShared.withUnit) {
    return [{ decision: decideRow(0), rows: undefined, buckets: [] }];
  }
  const groups: Growing[] = [];
  for (let row = 0; row < rows; row += 1) {
    const decision = decideRow(row);
    let group = groups.find((one) => isSame(one.decision, decision));
    if (group === undefined) {
      if (groups.length === MAXIMUM_GROUPS) return undefined;
      group = { decision, rows: [], buckets: decision.steps.map(() => []) };
      groups.push(group);
    }
    group.rows.push(row);
    for (let step = 0; step < decision.steps.length; step += 1) {
      const { bucket } = decision.steps[step] as DecisionStep;
      if (bucket !== undefined) group.buckets[step]?.push(bucket);
    }
  }
  return groups.map(({ decision, rows: own, buckets }) => ({
    decision,
    rows: own.length === rows ? undefined : Uint16Array.from(own),
    buckets: buckets.flatMap((values, step) =>
      values.length === 0 ? [] : [{ step, values: Uint32Array.from(values) }],
    ),
  }));
}

/** The same but for buckets. What probabilities stand for a choice is one object for as long as nothing changes. */
function isSame(left: Decision, right: Decision): boolean {
  return (
    left.node === right.node &&
    left.propensity === right.propensity &&
    left.steps.length === right.steps.length &&
    left.steps.every((step, index) => {
      const other = right.steps[index] as DecisionStep;
      return (
        step.node === other.node &&
        step.chosen === other.chosen &&
        step.reason === other.reason &&
        step.probabilities === other.probabilities &&
        (step.bucket === undefined) === (other.bucket === undefined)
      );
    })
  );
}
