import { describe, expect, test } from 'vitest';
import {
  createAdwin,
  createDdm,
  createEddm,
  createHddmA,
  createHddmW,
  createKswin,
  createPageHinkley,
  type DriftDetector,
} from '../src/index.ts';
import { bell, mulberry32 } from './cases.ts';
import columns from './fixtures/columns.json' with { type: 'json' };
import river from './fixtures/river.json' with { type: 'json' };

interface StreamSpec {
  readonly kind: string;
  readonly seed?: number;
  readonly index?: number;
  readonly values?: number[];
  readonly errors?: string;
  readonly length?: number;
  readonly parts?: { length: number; rate?: number; mean?: number; scale?: number }[];
}

function streamValues(spec: StreamSpec): number[] {
  if (spec.values) return spec.values;
  if (spec.kind === 'column') {
    const column = columns[spec.index!]!;
    return [...column.reference, ...column.current] as number[];
  }
  if (spec.kind === 'no-change') {
    const { reference, current } = columns[spec.index!]!;
    const values: readonly unknown[] = [...reference, ...current];
    return values.slice(1).map((value, at) => Number(value !== values[at]));
  }
  if (spec.kind === 'prequential') {
    // Bits, the last row in the lowest bit of the last byte.
    const bytes = Buffer.from(spec.errors!, 'base64');
    const unused = bytes.length * 8 - spec.length!;
    return Array.from(
      { length: spec.length! },
      (_, at) => (bytes[(at + unused) >> 3]! >> (7 - ((at + unused) & 7))) & 1,
    );
  }
  const uniform = mulberry32(spec.seed!);
  return spec.parts!.flatMap((part) =>
    Array.from({ length: part.length }, () =>
      spec.kind === 'errors' ? Number(uniform() < part.rate!) : bell(uniform) * part.scale! + part.mean!,
    ),
  );
}

type RiverOptions = Record<string, number | boolean | string>;

function createDetector(name: string, o: RiverOptions): DriftDetector {
  const number = (key: string): number => o[key] as number;
  const renamed = <T>(pairs: [string, string][]): T =>
    Object.fromEntries(pairs.filter(([from]) => from in o).map(([from, to]) => [to, o[from]])) as T;
  const hddm = renamed<object>([
    ['drift_confidence', 'driftConfidence'],
    ['warning_confidence', 'warningConfidence'],
    ['two_sided_test', 'twoSided'],
    ['lambda_val', 'lambda'],
  ]);
  const created = {
    adwin: () =>
      createAdwin(
        renamed([
          ['delta', 'delta'],
          ['clock', 'clock'],
          ['max_buckets', 'maximumBuckets'],
        ]),
      ),
    'page-hinkley': () =>
      createPageHinkley(
        renamed([
          ['threshold', 'threshold'],
          ['delta', 'delta'],
          ['alpha', 'alpha'],
          ['mode', 'mode'],
          ['min_instances', 'minimumValues'],
        ]),
      ),
    kswin: () =>
      createKswin({
        seed: number('seed'),
        ...renamed<object>([
          ['alpha', 'alpha'],
          ['window_size', 'windowSize'],
          ['stat_size', 'testSize'],
        ]),
      }),
    ddm: () =>
      createDdm(
        renamed([
          ['warm_start', 'warmStart'],
          ['warning_threshold', 'warningThreshold'],
          ['drift_threshold', 'driftThreshold'],
        ]),
      ),
    eddm: () =>
      createEddm(
        renamed([
          ['alpha', 'alpha'],
          ['beta', 'beta'],
        ]),
      ),
    'hddm-a': () => createHddmA(hddm),
    'hddm-w': () => createHddmW(hddm),
  }[name]!();
  if (!created.ok) throw new Error(`${name} refused: ${created.needed}`);
  return created.detector;
}

function run(name: string, options: RiverOptions, values: readonly number[]) {
  const detector = createDetector(name, options);
  const drifts: number[] = [];
  const warnings: number[] = [];
  values.forEach((value, index) => {
    const state = detector.update(value);
    if (!state.ok) throw new Error(state.needed);
    if (state.driftDetected) drifts.push(index);
    if (state.warningDetected) warnings.push(index);
  });
  return { drifts, warnings: [warnings.length, ...warnings.slice(0, 1), ...warnings.slice(-1)] };
}

const streams = river.streams as StreamSpec[];
const cases = river.cases as unknown as [number, string, RiverOptions, { drifts: number[]; warnings: number[] }][];

describe('River', () => {
  for (const name of new Set(cases.map(([, detector]) => detector))) {
    test(`${name}: the same indices on ${cases.filter((c) => c[1] === name).length} runs`, () => {
      const found = cases
        .filter(([, detector]) => detector === name)
        .filter(([index, , options, expected]) => {
          const actual = run(name, options, streamValues(streams[index]!));
          return JSON.stringify(actual) !== JSON.stringify(expected);
        })
        .map(([index, , options]) => ({ stream: index, kind: streams[index]!.kind, options }));
      expect(found).toEqual([]);
    });
  }

  test('the vectors in the documentation of River', () => {
    const values = streamValues(streams[0]!);
    const errors = streamValues(streams[1]!);
    expect(run('adwin', {}, values).drifts).toEqual([1023]);
    expect(run('page-hinkley', {}, values).drifts).toEqual([1006]);
    expect(run('kswin', { alpha: 0.0001, seed: 42 }, values).drifts).toEqual([1016]);
    expect(run('ddm', {}, errors).drifts).toEqual([1334]);
    expect(run('eddm', { alpha: 0.8, beta: 0.75 }, errors).drifts).toEqual([1278]);
    expect(run('hddm-a', {}, errors).drifts).toEqual([1206]);
    expect(run('hddm-w', {}, errors).drifts).toEqual([1077]);
  });
});
