import { readFileSync } from 'node:fs';
import { binaryMetrics, estimatePerformance, fitConfidenceBasedEstimator, rocAuc } from '../src/index.ts';
import { seededRandom } from './random.ts';
import { knownMiss, meanRow, type SimulationRow, shareRow } from './row.ts';

const METRICS = ['rocAuc', 'accuracy', 'f1'] as const;
type Metric = (typeof METRICS)[number];

interface ShiftedSet {
  readonly name: string;
  readonly chunkRows: number;
  readonly reference: string;
  readonly analysis: string;
  /** NannyML's estimates of every chunk, and what came true. */
  readonly metrics: Readonly<Record<Metric, Record<'estimated' | 'samplingError' | 'realized', readonly number[]>>>;
}

export interface ShiftedChunk {
  readonly estimated: number;
  readonly realized: number;
  readonly inside: boolean;
  readonly theirEstimate: number;
  readonly theirRealized: number;
}

/** Scores and labels of parity/make_shifted_fixtures.py. */
function unpack(base64: string): { labels: Uint8Array; scores: Float64Array } {
  const bytes = Buffer.from(base64, 'base64');
  const words = Array.from({ length: bytes.length / 2 }, (_, row) => bytes.readUInt16LE(2 * row));
  return {
    labels: Uint8Array.from(words, (word) => word % 2),
    scores: Float64Array.from(words, (word) => Math.floor(word / 2) / 10_000),
  };
}

/** Real sets whose population moves after the reference: what CBPE says of each chunk, and what came true. */
export function readShiftedSets(): { name: string; chunkRows: number; chunks: Record<Metric, ShiftedChunk[]> }[] {
  const path = new URL('../test/fixtures/shifted.json', import.meta.url);
  const sets = JSON.parse(readFileSync(path, 'utf8')) as ShiftedSet[];
  return sets.map(({ name, chunkRows, reference, analysis, metrics }) => {
    const known = unpack(reference);
    const later = unpack(analysis);
    const fitted = fitConfidenceBasedEstimator(known.labels, known.scores, {
      random: seededRandom(205).uniform,
      chunkRows,
    });
    if (!fitted.ok) throw new Error(fitted.needed);
    const chunks: Record<Metric, ShiftedChunk[]> = { rocAuc: [], accuracy: [], f1: [] };
    for (let from = 0; from < later.scores.length; from += chunkRows) {
      const scores = later.scores.subarray(from, from + chunkRows);
      const labels = later.labels.subarray(from, from + chunkRows);
      const estimated = estimatePerformance(fitted.estimator, scores);
      const summary = binaryMetrics(labels, scores);
      const area = rocAuc(labels, scores);
      if (!estimated.ok || !summary.ok) throw new Error(name);
      for (const metric of METRICS) {
        const estimate = estimated.metrics[metric];
        const truth = metric === 'rocAuc' ? area : summary[metric];
        if (!estimate.ok || !truth.ok) throw new Error(`${name}: ${metric}`);
        chunks[metric].push({
          estimated: estimate.value,
          realized: truth.value,
          inside: truth.value >= estimate.lower && truth.value <= estimate.upper,
          theirEstimate: metrics[metric].estimated[from / chunkRows]!,
          theirRealized: metrics[metric].realized[from / chunkRows]!,
        });
      }
    }
    return { name, chunkRows, chunks };
  });
}

export function onShiftedSets(): SimulationRow[] {
  return readShiftedSets().flatMap(({ name, chunkRows, chunks }) =>
    METRICS.flatMap((metric) => {
      const all = chunks[metric];
      const setting = `${name} (real shift), chunks of ${chunkRows}`;
      let [a, b] = [0, 0];
      const inside = shareRow(
        `CBPE ${metric}: realised inside the band`,
        setting,
        all.length,
        () => all[a++]!.inside,
        [0.95, 1],
      );
      const gain = ({ estimated, realized, theirEstimate, theirRealized }: ShiftedChunk) =>
        Math.abs(estimated - realized) - Math.abs(theirEstimate - theirRealized);
      const distance = meanRow(
        `CBPE ${metric}: distance to the realised one less that of NannyML`,
        setting,
        all.length,
        () => gain(all[b++]!),
        [-1, 1e-5],
      );
      const moved = name.startsWith('California');
      return [
        moved
          ? knownMiss(
              inside,
              'later rows are of other regions, where the same score means another chance: no method without labels sees that (NannyML lies inside no more often)',
            )
          : inside,
        distance,
      ];
    }),
  );
}
