import {
  type FeatureBlock,
  type LineWriter,
  type AnswerColumns as LoggedAnswers,
  shortDecimal,
  writeGroup,
} from '@switchyard/prediction-log';
import type { AnswerColumns, PredictColumnsResult } from '@switchyard/runtimes';
import type { EndpointPlan, LeafPlan } from '../predict/endpoint-plan.ts';
import type { FeaturePlan, ReceivedRow } from '../predict/feature-plan.ts';
import type { Arrival } from '../predict/prediction-runner.ts';
import type { Matrix } from './column-plan.ts';
import type { DecidedRows } from './group-rows.ts';
import { outcomeMembers, type RequestTags, requestMembers, timingMembers } from './record-members.ts';

/** Rows that one model is asked about, and what came of it. */
export interface RunRows extends DecidedRows {
  readonly leaf: LeafPlan;
  readonly matrix: Matrix;
  readonly result: PredictColumnsResult | undefined;
}

/** Writes the records of rows. Returns how many lines it took. @param error code, '' when all were answered */
export function writeColumnRecords(
  writer: LineWriter,
  plan: EndpointPlan,
  arrival: Arrival,
  tags: RequestTags,
  idPrefix: string,
  { rows, leaf, matrix, decision, buckets, result }: RunRows,
  error: string,
): number {
  const own = new Set(buckets.map(({ step }) => step));
  return writeGroup(writer, {
    idPrefix,
    rows: matrix.rows,
    numbers: rows ?? 0,
    before: requestMembers(arrival, leaf.recordJson, tags),
    decision: decision.steps.map(({ bucket, ...step }, index) =>
      bucket === undefined || own.has(index) ? step : { ...step, bucket },
    ),
    buckets,
    outcome: outcomeMembers(decision.propensity, error),
    after: timingMembers(arrival, result),
    features: [featureBlock(plan.features, matrix)],
    // Nobody was given the answer of a failed request, so it is not one.
    answer: error === '' && result !== undefined ? loggedAnswers(result.answers) : {},
  });
}

const namesOf = new WeakMap<FeaturePlan, readonly string[]>();

function featureBlock(features: FeaturePlan, { datatype, data }: Matrix): FeatureBlock {
  let names = namesOf.get(features);
  if (names === undefined) {
    names = features.features.map(({ name }) => name);
    namesOf.set(features, names);
  }
  return { names, datatype, data };
}

function loggedAnswers({ labels, values, probabilities }: AnswerColumns): LoggedAnswers {
  return {
    label: labels && { labels },
    value: values && { datatype: 'FP64', data: values },
    probabilities: probabilities && { datatype: 'FP64', ...probabilities },
  };
}

/** One row as it would be if it had come alone. */
export function rowOf({ datatype, data, rows }: Matrix, row: number): ReceivedRow {
  const width = data.length / rows;
  const values = Array.from(data.subarray(row * width, (row + 1) * width));
  return datatype === 'FP32' ? values.map(shortDecimal) : values;
}
