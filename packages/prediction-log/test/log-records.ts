import type { PredictionRecord } from '@switchyard/contracts';

/** A valid prediction line for tests that only care about lines, not about what is in them. */
export function makePredictionRecord(id: string, at: number): PredictionRecord {
  return {
    t: 'p',
    id,
    at,
    requestId: 'request-1',
    endpoint: 'fraud',
    revision: 1,
    snapshot: 'hash',
    gateway: 'gateway-0',
    unit: 'user-1',
    segment: { tier: 'gold' },
    context: {},
    features: { amount: 12.5, country: 'DE', note: 'line\nbreak "quoted" ✓' },
    path: 'a',
    decision: [],
    propensity: 1,
    model: 'forest',
    version: '1',
    status: 'ok',
    error: '',
    answer: { label: 'fraud', score: 0.9 },
    members: [],
    totalMicros: 200,
    queueMicros: 10,
    modelMicros: 100,
    batchRows: 1,
    cached: false,
  };
}
