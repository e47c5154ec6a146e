import type { PredictionDetail } from '@switchyard/contracts';

export interface TimingPart {
  readonly name: 'queue' | 'model' | 'rest';
  readonly label: string;
  readonly micros: number;
  /** Of the whole, from 0 to 1. */
  readonly share: number;
}

/** Where the time between arrival and record went. Parts that overlap (a batch shares its model time) never exceed the whole. */
export function timingParts(
  prediction: Pick<PredictionDetail, 'totalMicros' | 'queueMicros' | 'modelMicros'>,
): TimingPart[] {
  const total = Math.max(0, prediction.totalMicros);
  const queue = Math.min(total, Math.max(0, prediction.queueMicros));
  const model = Math.min(total - queue, Math.max(0, prediction.modelMicros));
  const part = (name: TimingPart['name'], label: string, micros: number): TimingPart => ({
    name,
    label,
    micros,
    share: total === 0 ? 0 : micros / total,
  });
  return [
    part('queue', 'waiting for the model', queue),
    part('model', 'model', model),
    part('rest', 'everything else', total - queue - model),
  ];
}
