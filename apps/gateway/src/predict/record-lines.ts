import type { DecisionStep, Member } from '@switchyard/contracts';
import type { ServedPlan } from './endpoint-plan.ts';
import type { ReceivedRow } from './feature-plan.ts';

/**
 * Lines of the prediction log, written by hand: a generic serialiser costs more than the model.
 * A test parses them with the schema of the contract.
 */

/** Members of a record that all rows of a request share. */
export interface SharedRecordParts {
  readonly at: number;
  readonly requestIdJson: string;
  readonly segmentJson: string;
  readonly contextJson: string;
}

export interface RowOutcome {
  /** JSON of the answer; `{}` for a failed row. */
  readonly answerJson: string;
  /** '' when ok. */
  readonly error: string;
  readonly totalMicros: number;
  readonly queueMicros: number;
  readonly modelMicros: number;
  readonly batchRows: number;
  readonly members: readonly Member[];
  readonly cached: boolean;
}

export function predictionLine(
  served: ServedPlan,
  shared: SharedRecordParts,
  id: string,
  unit: string,
  featuresText: string,
  steps: readonly DecisionStep[],
  propensity: number,
  outcome: RowOutcome,
): string {
  return assembleLine(
    served.recordJson,
    shared,
    id,
    unit,
    featuresText,
    steps.length === 0 ? '[]' : stepsJson(steps),
    propensity,
    outcome,
  );
}

export function assembleLine(
  recordJson: string,
  shared: SharedRecordParts,
  id: string,
  unit: string,
  featuresText: string,
  decisionText: string,
  propensity: number,
  outcome: RowOutcome,
): string {
  const status = outcome.error === '' ? '"ok","error":""' : `"error","error":"${outcome.error}"`;
  return (
    `{"t":"p","id":"${id}","at":${shared.at},"requestId":${shared.requestIdJson},${recordJson}` +
    `"unit":${unit === '' ? '""' : JSON.stringify(unit)},"segment":${shared.segmentJson},"context":${shared.contextJson},` +
    `"features":${featuresText},"decision":${decisionText},"propensity":${propensity},` +
    `"status":${status},"answer":${outcome.answerJson},"members":${
      outcome.members.length === 0 ? '[]' : JSON.stringify(outcome.members)
    },` +
    `"totalMicros":${Math.round(outcome.totalMicros)},"queueMicros":${Math.round(outcome.queueMicros)},` +
    `"modelMicros":${Math.round(outcome.modelMicros)},"batchRows":${outcome.batchRows},"cached":${outcome.cached}}`
  );
}

/** What the shadows of a prediction answered. */
export function shadowLine(endpoint: string, id: string, at: number, members: readonly Member[]): string {
  return `{"t":"s","id":"${id}","at":${at},"endpoint":"${endpoint}","members":${JSON.stringify(members)}}`;
}

/** Writes a row as JSON by the names of its features. */
export type FeatureWriter = (row: ReceivedRow) => string;

/**
 * One object is filled again and again: the engine writes numbers of an object about twice as fast as they can be
 * joined to a text one by one, and this is the largest part of a line.
 */
export function makeFeatureWriter(names: readonly string[]): FeatureWriter {
  const record: Record<string, ReceivedRow[number]> = {};
  for (const name of names) {
    // What every object has, such as '__proto__', must become a member like any other.
    Object.defineProperty(record, name, { value: null, writable: true, enumerable: true, configurable: true });
  }
  const isPlain = !names.includes('__proto__');
  return (row) => {
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index] as string;
      const value = row[index] as ReceivedRow[number];
      if (isPlain) record[name] = value;
      else Object.defineProperty(record, name, { value });
    }
    return JSON.stringify(record);
  };
}

// The probabilities of a split are one object for as long as the policy lives.
const probabilitiesText = new WeakMap<object, string>();

function stepsJson(steps: readonly DecisionStep[]): string {
  let text = '[';
  for (let index = 0; index < steps.length; index += 1) {
    const step = steps[index] as DecisionStep;
    // Paths, kinds and names of arms are of an alphabet that needs no escaping.
    text += `${index === 0 ? '' : ','}{"node":"${step.node}","kind":"${step.kind}","chosen":"${step.chosen}"`;
    if (step.probabilities !== undefined) {
      let probabilities = probabilitiesText.get(step.probabilities);
      if (probabilities === undefined) {
        probabilities = JSON.stringify(step.probabilities);
        probabilitiesText.set(step.probabilities, probabilities);
      }
      text += `,"probabilities":${probabilities}`;
    }
    if (step.bucket !== undefined) text += `,"bucket":${step.bucket}`;
    if (step.reason !== undefined) text += `,"reason":${JSON.stringify(step.reason)}`;
    text += '}';
  }
  return `${text}]`;
}
