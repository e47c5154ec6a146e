import { LineWriter, type RowGroup } from '@switchyard/prediction-log';
import { makeId, makePrediction } from '@switchyard/storage/analytics/testing';

export const GROUP_ROWS = 300;

/** Rows as a gateway logs them that split a request: every other row, each with its bucket. */
export function makeGroup(counter: number, at: number): RowGroup {
  const { t: _t, id: _id, features: _features, answer: _answer, ...rest } = makePrediction(counter, at);
  const { decision: _decision, propensity, status, error, members, totalMicros, ...more } = rest;
  const { queueMicros, modelMicros, batchRows, cached, ...before } = more;
  const membersOf = (members: object) => JSON.stringify(members).slice(1, -1);
  return {
    idPrefix: makeId(at, counter * 65_536).slice(0, 32),
    rows: GROUP_ROWS,
    numbers: Uint16Array.from({ length: GROUP_ROWS }, (_, row) => row * 2),
    before: `${membersOf(before)},`,
    decision: [{ node: '', kind: 'split', chosen: 'a', probabilities: { a: 0.5, b: 0.5 } }],
    buckets: [{ step: 0, values: Uint32Array.from({ length: GROUP_ROWS }, (_, row) => row * 1_000) }],
    outcome: membersOf({ propensity, status, error }),
    after: membersOf({ members, totalMicros, queueMicros, modelMicros, batchRows, cached }),
    features: [
      {
        names: ['amount', 'hour'],
        datatype: 'FP32',
        data: Float32Array.from({ length: GROUP_ROWS * 2 }, (_, at) => at / 7 - 20),
      },
      { names: ['known'], datatype: 'BOOL', data: Uint8Array.from({ length: GROUP_ROWS }, (_, row) => row % 2) },
    ],
    answer: {
      label: { labels: Array.from({ length: GROUP_ROWS }, (_, row) => (row % 3 === 0 ? 'fraud' : 'legit')) },
      probabilities: {
        labels: ['legit', 'fraud'],
        positive: 1,
        datatype: 'FP64',
        data: Float64Array.from({ length: GROUP_ROWS * 2 }, (_, at) => at / (GROUP_ROWS * 2)),
      },
    },
  };
}

export function linesOf(group: RowGroup, write: (writer: LineWriter, group: RowGroup) => unknown): Buffer {
  const writer = new LineWriter();
  write(writer, group);
  return Buffer.from(writer.written());
}
