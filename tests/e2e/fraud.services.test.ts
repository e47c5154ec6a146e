import { readFileSync } from 'node:fs';
import type { InferResponse, ModelVersion, Overview, Policy, PredictionDetail } from '@switchyard/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIRST_REPLAY_ROW, readTransactions } from '../../examples/fraud/dataset.ts';
import { readExpectedAnswers } from '../../examples/fraud/expected.ts';
import { runFraudScenario } from '../../examples/fraud/scenario.ts';
import { fraudPolicy, setUpFraudExample } from '../../examples/fraud/setup.ts';
import {
  api,
  freshConfig,
  listAllPredictions,
  predict,
  type RunningPlatform,
  removeDataDirectory,
  runPlatform,
  waitFor,
  waitUntilServed,
} from './harness.ts';

const MODELS = ['rule-based', 'random-forest', 'xgboost', 'neural-network'] as const;
const BATCH = 1_000;
const everyRow = readTransactions();
const expected = readExpectedAnswers();

let platform: RunningPlatform;

beforeAll(async () => {
  platform = await runPlatform(await freshConfig());
  await setUpFraudExample(platform.controlUrl, () => {});
  for (const model of MODELS) {
    const policy: Policy = { kind: 'model', model, alias: 'champion' };
    await api(platform, `/endpoints/only-${model}`, { method: 'PUT', body: { policy } });
  }
  for (const model of MODELS) await waitUntilServed(platform, `only-${model}`);
});

afterAll(async () => {
  await platform.stop();
  removeDataDirectory(platform.config);
});

function batches() {
  return Array.from({ length: Math.ceil(everyRow.length / BATCH) }, (_, index) =>
    everyRow.slice(index * BATCH, (index + 1) * BATCH),
  );
}

describe("answers equal Python's onnxruntime on every row", () => {
  it.each(MODELS)('%s, through :predict', async (model) => {
    const wanted = expected.get(model);
    let compared = 0;
    for (const rows of batches()) {
      const { predictions } = await predict(platform, `only-${model}`, { instances: rows.map((row) => row.features) });
      predictions.forEach((answer, index) => {
        const row = rows[index]?.row ?? -1;
        expect(answer.label).toBe(wanted?.labels[row]);
        expect(Math.abs((answer.score ?? Number.NaN) - (wanted?.probabilities[row] ?? Number.NaN))).toBeLessThanOrEqual(
          1e-6,
        );
        compared += 1;
      });
    }
    expect(compared).toBe(everyRow.length);
  });

  it.each(MODELS)('%s, through the Open Inference Protocol', async (model) => {
    const wanted = expected.get(model);
    const { signature } = await api<ModelVersion>(platform, `/models/${model}/versions/1`);
    let compared = 0;
    for (const rows of batches()) {
      const columns = signature.features.map((feature) => ({
        name: feature.name,
        datatype: 'FP32',
        shape: [rows.length, 1],
        data: rows.map((row) => row.features[feature.name]),
      }));
      const response = await fetch(`${platform.gatewayUrl}/v2/models/only-${model}/infer`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ inputs: columns }),
      });
      const body = (await response.json()) as InferResponse;
      expect(response.status, JSON.stringify(body).slice(0, 300)).toBe(200);
      const output = (name: string) => body.outputs.find((tensor) => tensor.name === name)?.data as number[];
      const [labels, scores] = [output('label'), output('score')];
      rows.forEach(({ row }, index) => {
        expect(Number(labels[index])).toBe(wanted?.labels[row]);
        expect(
          Math.abs((scores[index] ?? Number.NaN) - (wanted?.probabilities[row] ?? Number.NaN)),
        ).toBeLessThanOrEqual(1e-6);
        compared += 1;
      });
    }
    expect(compared).toBe(everyRow.length);
  });
});

interface ExpectedReplay {
  readonly answeredBy: Readonly<Record<string, number>>;
  readonly accuracy: number;
  readonly precision: number;
  readonly recall: number;
}

describe('the replay', () => {
  const large: { row: number; id: string; score: number; label: unknown }[] = [];

  it('shows the accuracy, precision and recall that scikit-learn computes on the same rows', async () => {
    // Made by tests/e2e/fixtures/expected-replay.py from the assignment of units to the two arms of the middle band.
    const wanted = JSON.parse(
      readFileSync(new URL('./fixtures/expected-replay.json', import.meta.url), 'utf8'),
    ) as ExpectedReplay;
    const startedAt = new Date(Date.now() - 1_000).toISOString();
    const answeredBy: Record<string, number> = {};
    let answered = 0;
    await runFraudScenario({
      controlUrl: platform.controlUrl,
      gatewayUrl: platform.gatewayUrl,
      perSecond: 800,
      passes: 1,
      labelDelayMs: [0, 400],
      signal: new AbortController().signal,
      print: () => {},
      onAnswered: ({ row }, id, { score = Number.NaN, label }, path) => {
        answered += 1;
        if (path === 'otherwise') large.push({ row, id, score, label });
        const arm = path === '' || path === 'otherwise' ? 'otherwise' : path;
        answeredBy[arm] = (answeredBy[arm] ?? 0) + 1;
      },
    });
    expect(answered).toBe(everyRow.length - FIRST_REPLAY_ROW);
    expect(answeredBy).toEqual(wanted.answeredBy);
    const to = new Date(Date.now() + 60_000).toISOString();
    const overview = await waitFor('every label is joined', async () => {
      const found = await api<Overview>(platform, `/overview?from=${startedAt}&to=${to}&endpoint=fraud`);
      return found.current.labelled === answered ? found : undefined;
    });
    expect(overview.current.predictions).toBe(answered);
    expect(overview.current.failed).toBe(0);
    expect(overview.current.accuracy).toBeCloseTo(wanted.accuracy, 12);
    expect(overview.current.precision).toBeCloseTo(wanted.precision, 12);
    expect(overview.current.recall).toBeCloseTo(wanted.recall, 12);
  });

  it('answers large amounts with the weighted average of all four models, each of them in the record', async () => {
    if (fraudPolicy.kind !== 'rules' || fraudPolicy.otherwise.kind !== 'ensemble') throw new Error('no ensemble');
    const { members } = fraudPolicy.otherwise;
    expect(members.map(({ name }) => name).sort()).toEqual([...MODELS].sort());
    const total = members.reduce((sum, { weight = 1 }) => sum + weight, 0);
    expect(large.length).toBeGreaterThan(0);
    for (const { row, score, label } of large) {
      const average = members.reduce(
        (sum, { name, weight = 1 }) => sum + (weight * (expected.get(name)?.probabilities[row] ?? Number.NaN)) / total,
        0,
      );
      expect(Math.abs(score - average)).toBeLessThanOrEqual(1e-6);
      expect(label).toBe(average > 0.5 ? 1 : 0);
    }
    const { members: asked } = await waitFor('the record is shipped', () =>
      api<PredictionDetail>(platform, `/predictions/${large[0]?.id}`),
    );
    for (const { name, role, answer } of asked) {
      expect(role).toBe('member');
      expect(
        Math.abs(
          (answer?.score ?? Number.NaN) - (expected.get(name)?.probabilities[large[0]?.row ?? -1] ?? Number.NaN),
        ),
      ).toBeLessThanOrEqual(1e-6);
    }
    expect(asked.map(({ name }) => name).sort()).toEqual([...MODELS].sort());
  });

  it('lists every replayed prediction once, with its outcome', async () => {
    const listed = await listAllPredictions(platform, '&endpoint=fraud');
    expect(listed.length).toBe(everyRow.length - FIRST_REPLAY_ROW);
    expect(new Set(listed.map((prediction) => prediction.id)).size).toBe(listed.length);
    expect(listed.every((prediction) => prediction.outcome === 0 || prediction.outcome === 1)).toBe(true);
  });
});
