import type { Context, Segment } from '../predict/prediction-request.ts';
import type { Arrival } from '../predict/prediction-runner.ts';

/** What a request says beside its rows. */
export interface RequestTags {
  readonly unit: string;
  readonly segment: Segment;
  readonly context: Context;
}

/** Members of the records of the rows of a request, as JSON. A test parses them with the schema of the contract. */

/** @param recordJson endpoint, revision, snapshot, gateway, path, model and version */
export function requestMembers({ requestId, atMs }: Arrival, recordJson: string, tags: RequestTags): string {
  const { unit, segment, context } = tags;
  return (
    `"at":${atMs},"requestId":${JSON.stringify(requestId)},${recordJson}"unit":${JSON.stringify(unit)},` +
    `"segment":${JSON.stringify(segment)},"context":${JSON.stringify(context)},`
  );
}

/** @param error code, '' when ok */
export function outcomeMembers(propensity: number, error: string): string {
  return `"propensity":${propensity},"status":"${error === '' ? 'ok' : 'error'}","error":"${error}"`;
}

interface Timing {
  readonly queueMicros: number;
  readonly modelMicros: number;
  readonly batchRows: number;
}

/** @param timing undefined when no model ran */
export function timingMembers({ startedAtMs }: Arrival, timing: Timing | undefined): string {
  const totalMicros = Math.round((performance.now() - startedAtMs) * 1_000);
  return (
    `"members":[],"totalMicros":${totalMicros},"queueMicros":${Math.round(timing?.queueMicros ?? 0)},` +
    `"modelMicros":${Math.round(timing?.modelMicros ?? 0)},"batchRows":${timing?.batchRows ?? 0},"cached":false`
  );
}
