import { writeFileSync } from 'node:fs';
import type { FeedbackRecord, LogRecord, PredictionRecord, RejectionRecord, ShadowRecord } from '@switchyard/contracts';

/** Repeatable numbers in [0, 1), the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A UUIDv7 of a moment; the same counter gives the same id. */
export function makeId(atMillis: number, counter: number): string {
  const time = atMillis.toString(16).padStart(12, '0');
  const low = counter.toString(16).padStart(12, '0');
  // The counter in the high bits too, turned round, so that ids of one moment are not in the order of their halves.
  const high = (0xfff - (counter % 0x1000)).toString(16).padStart(3, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${high}-8000-${low}`;
}

export function makePrediction(
  counter: number,
  atMillis: number,
  fields: Partial<PredictionRecord> = {},
): PredictionRecord {
  return {
    t: 'p',
    id: makeId(atMillis, counter),
    at: atMillis,
    requestId: `request-${counter}`,
    endpoint: 'fraud',
    revision: 3,
    snapshot: 'f'.repeat(64),
    gateway: 'gateway-0',
    unit: `user-${counter}`,
    segment: { tier: 'gold' },
    context: { hour: 12 },
    features: { amount: 12.5, country: 'DE', known: true, note: null },
    path: 'middle/a',
    decision: [{ node: '', kind: 'rules', chosen: 'middle' }],
    propensity: 0.5,
    model: 'forest',
    version: '1',
    status: 'ok',
    error: '',
    answer: { label: 'fraud', score: 0.75, probabilities: { legit: 0.25, fraud: 0.75 } },
    members: [{ name: 'a', role: 'member', model: 'forest', version: '1', modelMicros: 50 }],
    totalMicros: 200,
    queueMicros: 10,
    modelMicros: 50,
    batchRows: 1,
    cached: false,
    ...fields,
  };
}

/** `order` decides which feedback about one prediction is the newer. */
export function makeFeedback(
  id: string,
  order: number,
  atMillis: number,
  fields: Partial<FeedbackRecord> = {},
): FeedbackRecord {
  return {
    t: 'f',
    id,
    at: atMillis,
    receivedAt: atMillis,
    sequence: makeId(atMillis + order, order),
    label: null,
    reward: null,
    values: {},
    ...fields,
  };
}

export function makeRejection(atMillis: number, fields: Partial<RejectionRecord> = {}): RejectionRecord {
  return {
    t: 'r',
    at: atMillis,
    gateway: 'gateway-0',
    endpoint: 'fraud',
    code: 'invalid_features',
    count: 1,
    ...fields,
  };
}

/** What one shadow answered to the prediction. */
export function makeShadow(prediction: PredictionRecord, fields: Partial<ShadowRecord> = {}): ShadowRecord {
  return {
    t: 's',
    id: prediction.id,
    at: prediction.at,
    endpoint: prediction.endpoint,
    members: [
      {
        name: 'next',
        role: 'shadow',
        model: 'network',
        version: '2',
        answer: { label: 'legit', score: 0.25, probabilities: { legit: 0.75, fraud: 0.25 } },
        modelMicros: 80,
      },
    ],
    ...fields,
  };
}

/** Writes records as a sealed segment holds them. */
export function writeSegment(path: string, records: readonly LogRecord[]): string {
  writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  return path;
}
