import type { FeedbackRecord, LogRecord, PredictionRecord } from '@switchyard/contracts';
import {
  makeFeedback,
  makePrediction,
  makeRejection,
  makeShadow,
  seededRandom,
} from '@switchyard/storage/analytics/testing';

/** Random but repeatable traffic of three models, two of them binary, and two ensembles, one of them binary, with labels for most of it. */
export function makeTraffic(count: number, fromMs: number, toMs: number): LogRecord[] {
  const random = seededRandom(20_261_124);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const records: LogRecord[] = [];
  const models = {
    forest: ['legit', 'fraud'],
    network: ['0', '1'],
    species: ['setosa', 'virginica', 'versicolor'],
    'ensemble:soft_vote': ['legit', 'fraud'],
    'ensemble:majority_vote': ['setosa', 'virginica', 'versicolor'],
  } as const;
  for (let counter = 0; counter < count; counter += 1) {
    // Some of it exactly on minutes and hours, where borders go wrong.
    const grain = pick([1, 1, 1, 60_000, 3_600_000]);
    const at = Math.round((fromMs + random() * (toMs - fromMs)) / grain) * grain;
    const model = pick(['forest', 'network', 'species', 'ensemble:soft_vote', 'ensemble:majority_vote'] as const);
    const labels = models[model];
    const isOk = random() < 0.95;
    const isRegression = random() < 0.05;
    const label = pick(labels);
    const path = pick(['small', 'middle/a', 'middle/b']);
    const prediction: PredictionRecord = makePrediction(counter, at, {
      endpoint: model === 'species' || model === 'ensemble:majority_vote' ? 'flowers' : 'fraud',
      model,
      version: model.startsWith('ensemble:') ? '' : pick(['1', '2', '10']),
      path,
      members: membersOf(path, counter),
      status: isOk ? 'ok' : 'error',
      error: isOk ? '' : 'model_failed',
      answer: !isOk ? {} : isRegression ? { value: random() } : { label, score: random() },
      totalMicros: Math.round(50 + 5_000 * random() ** 4),
      unit: `user-${counter % 50}`,
      revision: 1 + (counter % 3),
      cached: isOk && counter % 4 === 0,
    });
    records.push(prediction);
    if (counter % 3 === 0) records.push(makeShadow(prediction));
    if (random() < 0.7) {
      const times = 1 + Math.floor(random() * 3);
      for (let order = 1; order <= times; order += 1) {
        const truth = random() < 0.1 ? null : random() < 0.8 ? label : pick(labels);
        records.push(makeFeedback(prediction.id, order, Math.min(at + 1_000, toMs), { label: truth }));
      }
    }
    // Some of it when nothing was accepted.
    if (counter % 3 === 0) {
      const later = Math.min(at + 61_000, toMs);
      records.push(makeRejection(later, { endpoint: prediction.endpoint, gateway: `later-${counter}` }));
    }
    if (random() < 0.05) {
      records.push(
        makeRejection(at, {
          endpoint: prediction.endpoint,
          count: 1 + Math.floor(random() * 3),
          gateway: `g${counter}`,
        }),
      );
    }
  }
  return records;
}

/** One path asks several models, one of which fails now and then. */
function membersOf(path: string, counter: number): PredictionRecord['members'] {
  if (path === 'small') return [];
  const modelMicros = 20 + (counter % 100);
  if (path === 'middle/a') return [{ name: 'a', role: 'member', model: 'forest', version: '1', modelMicros }];
  return [
    { name: 'left', role: 'member', model: 'forest', version: '2', modelMicros },
    {
      name: 'right',
      role: 'attempt',
      model: 'network',
      version: '1',
      modelMicros: modelMicros * 3,
      ...(counter % 7 === 0 ? { error: 'deadline_exceeded' } : { answer: { label: 'fraud' } }),
    },
  ];
}

/** The label of each prediction that counts: the newest one said. */
export function finalLabels(records: readonly LogRecord[]): Map<string, string> {
  const newest = new Map<string, FeedbackRecord>();
  for (const record of records) {
    if (record.t === 'f' && record.label !== null && record.sequence > (newest.get(record.id)?.sequence ?? '')) {
      newest.set(record.id, record);
    }
  }
  return new Map([...newest].map(([id, record]) => [id, String(record.label)]));
}
