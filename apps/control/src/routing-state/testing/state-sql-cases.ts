import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BanditNode, BestMetric, BestNode, LogRecord, Policy, PredictionRecord } from '@switchyard/contracts';
import { contextVector } from '@switchyard/routing';
import type { AnalyticsStore } from '@switchyard/storage/analytics';
import { makeFeedback, makePrediction, seededRandom, writeSegment } from '@switchyard/storage/analytics/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareCandidates } from '../compare-candidates.ts';
import { findLearningNodes, type LearningNode } from '../learning-nodes.ts';
import { createWindowSums } from '../sum-over-window.ts';
import { sumRewards } from '../sum-rewards.ts';

const now = Date.now() - 3_600_000;
const MINUTE = 60_000;
const directory = mkdtempSync(join(tmpdir(), 'routing-state-'));
let analytics: AnalyticsStore;
let segments = 0;
let counter = 0;
const insert = (records: readonly LogRecord[]) =>
  analytics.insertSegments([writeSegment(join(directory, `${segments++}.ndjson`), records)]);

/** A prediction of its own, and, where it is given, what became of it. */
function answered(fields: Partial<PredictionRecord>, ...outcomes: Parameters<typeof makeFeedback>[3][]): LogRecord[] {
  counter += 1;
  const record = makePrediction(counter, now + counter, fields);
  return [record, ...outcomes.map((outcome, index) => makeFeedback(record.id, index + 1, now, outcome))];
}
const saying = (label: string, score: number) => ({
  label,
  score,
  probabilities: { legit: 1 - score, fraud: score },
});

const leaf = (model: string, version = '1'): Policy => ({ kind: 'model', model, version });
const best = (metric: BestMetric, fields: Partial<BestNode> = {}): BestNode => ({
  kind: 'best',
  metric,
  candidates: [
    { name: 'a', policy: leaf('forest') },
    { name: 'b', policy: leaf('network') },
  ],
  ...fields,
});
const bandit = (fields: Partial<BanditNode> = {}): BanditNode => ({
  kind: 'bandit',
  algorithm: 'thompson',
  reward: { from: 'reward' },
  arms: [
    { name: 'a', policy: leaf('forest') },
    { name: 'b', policy: leaf('network') },
  ],
  ...fields,
});

/** The first node that learns in the policy, and what it may read. */
function nodeOf<Node extends BestNode | BanditNode>(endpoint: string, policy: Policy, sinceMs = now - 60 * MINUTE) {
  const [learning] = findLearningNodes(policy, ({ model, version }) => ({ model, version: version ?? '1' }));
  const paths = learning?.branches.flatMap(({ places }) => places.map((place) => place.path)) ?? [];
  return {
    learning: learning as LearningNode & { node: Node },
    scope: { endpoint, fromMs: sinceMs, paths, sliceMs: 7 * MINUTE },
  };
}

async function compare(
  endpoint: string,
  policy: Policy,
  options: {
    task?: 'binary' | 'multiclass' | 'regression';
    labels?: string[];
    positive?: string;
    sinceMs?: number;
  } = {},
) {
  const { learning, scope } = nodeOf<BestNode>(endpoint, policy, options.sinceMs);
  const labels = options.labels ?? ['legit', 'fraud'];
  const state = await compareCandidates(
    analytics,
    learning,
    scope,
    { task: options.task ?? 'binary', labelsOf: () => ({ positive: options.positive ?? labels.at(-1), labels }) },
    now,
    createWindowSums(),
  );
  expect(state).toMatchObject({ kind: 'best', computedAtMs: now });
  return state.segments;
}

const rewards = (endpoint: string, node: BanditNode, defaults: Record<string, number> = {}) => {
  const { learning, scope } = nodeOf<BanditNode>(endpoint, node);
  return sumRewards(analytics, learning, scope, defaults, createWindowSums());
};

export interface StateSqlSubject {
  readonly store: AnalyticsStore;
  dispose(): Promise<void>;
}

/** What nodes learn, with every engine of the analytics port. */
export function describeStateSql(name: string, makeSubject: () => Promise<StateSqlSubject>): void {
  describe(`learning with ${name}`, () => {
    let subject: StateSqlSubject;
    beforeAll(async () => {
      subject = await makeSubject();
      analytics = subject.store;
    }, 60_000);
    afterAll(async () => {
      await subject?.dispose();
      rmSync(directory, { recursive: true });
    });
    describeCandidates();
    describeRewards();
  });
}

function describeCandidates(): void {
  describe('what candidates are compared by', () => {
    const rows: readonly [path: string, label: string, score: number, truth: string | null, tier: string | null][] = [
      ['a', 'fraud', 0.9, 'fraud', 'gold'],
      ['a', 'fraud', 0.6, 'legit', 'gold'],
      ['a', 'legit', 0.2, 'legit', 'gold'],
      ['a', 'legit', 0.4, 'fraud', 'silver'],
      ['a', 'legit', 0.1, 'legit', null],
      ['a', 'legit', 0.1, null, 'gold'],
      ['b', 'fraud', 0.7, 'fraud', 'gold'],
      ['b', 'legit', 0.3, 'legit', 'silver'],
    ];
    beforeAll(async () => {
      await insert(
        rows.flatMap(([path, label, score, truth, tier]) =>
          answered(
            {
              endpoint: 'hand',
              path,
              model: path === 'a' ? 'forest' : 'network',
              answer: saying(label, score),
              segment: tier === null ? {} : { tier },
            },
            ...(truth === null ? [] : [{ label: truth }]),
          ),
        ),
      );
      await insert([
        // Failed, though a label arrived; of a version that the candidate is no longer; of a path that nobody has; too old.
        ...answered(
          { endpoint: 'hand', path: 'a', status: 'error', error: 'model_failed', answer: {} },
          { label: 'fraud', reward: 1 },
        ),
        ...answered({ endpoint: 'hand', path: 'a', version: '2', answer: saying('fraud', 1) }, { label: 'legit' }),
        ...answered({ endpoint: 'hand', path: 'c', answer: saying('fraud', 1) }, { label: 'legit' }),
        ...answered({ endpoint: 'elsewhere', path: 'a', answer: saying('fraud', 1) }, { label: 'legit' }),
      ]);
      const old = makePrediction(99, now - 61 * MINUTE, { endpoint: 'hand', path: 'a', answer: saying('fraud', 1) });
      await insert([old, makeFeedback(old.id, 1, now, { label: 'legit' })]);
    });

    // By hand from the table above: of a tp 1, fp 1, fn 1, tn 2; of b tp 1, tn 1.
    const log = (...probabilities: number[]) =>
      probabilities.reduce((sum, each) => sum - Math.log(each), 0) / probabilities.length;
    it.each<[BestMetric, number, number]>([
      ['accuracy', 3 / 5, 1],
      ['precision', 1 / 2, 1],
      ['recall', 1 / 2, 1],
      ['f1', 1 / 2, 1],
      ['log_loss', log(0.9, 1 - 0.6, 1 - 0.2, 0.4, 1 - 0.1), log(0.7, 1 - 0.3)],
      ['brier', (0.1 ** 2 + 0.6 ** 2 + 0.2 ** 2 + 0.6 ** 2 + 0.1 ** 2) / 5, 0.3 ** 2],
    ])('%s', async (metric, a, b) => {
      const segments = await compare('hand', best(metric));
      expect(Object.keys(segments)).toEqual(['']);
      expect(segments['']?.a).toEqual({ value: expect.closeTo(a, 12), labels: 5 });
      expect(segments['']?.b).toEqual({ value: expect.closeTo(b, 12), labels: 2 });
    });

    it('of the positive label that the signature names', async () => {
      const segments = await compare('hand', best('precision'), { positive: 'legit' });
      // 'legit' was said four times where the truth is known, of which one was fraud.
      expect(segments['']?.a).toEqual({ value: expect.closeTo(2 / 3, 12), labels: 5 });
    });

    it('apart by value of the segment, and all together for callers who name none', async () => {
      const segments = await compare('hand', best('accuracy', { segment: 'tier' }));
      expect(segments).toEqual({
        '': { a: { value: 3 / 5, labels: 5 }, b: { value: 1, labels: 2 } },
        gold: { a: { value: 2 / 3, labels: 3 }, b: { value: 1, labels: 1 } },
        silver: { a: { value: 0, labels: 1 }, b: { value: 1, labels: 1 } },
      });
    });

    it('leaves a candidate out whose metric divides by nothing', async () => {
      const segments = await compare('hand', best('precision', { segment: 'tier' }));
      expect(segments.silver).toBeUndefined();
      expect(segments.gold?.a).toEqual({ value: 1 / 2, labels: 3 });
    });

    it('only within the window', async () => {
      const segments = await compare('hand', best('accuracy'), { sinceMs: now - 62 * MINUTE });
      expect(segments['']?.a).toEqual({ value: 3 / 6, labels: 6 });
    });

    it('takes labels that come late, and takes back what they correct, without a trace of what was said before', async () => {
      const [late, corrected] = [
        answered({ endpoint: 'late', path: 'a', answer: saying('fraud', 0.9) }),
        answered({ endpoint: 'late', path: 'a', answer: saying('fraud', 0.8) }, { label: 'legit', reward: 1e300 }),
      ] as [LogRecord[], LogRecord[]];
      await insert([...late, ...corrected]);
      expect((await compare('late', best('accuracy')))['']).toEqual({ a: { value: 0, labels: 1 } });
      const idOf = (records: LogRecord[]) => (records[0] as PredictionRecord).id;
      await insert([
        makeFeedback(idOf(late), 1, now, { label: 'fraud', reward: 0.25 }),
        makeFeedback(idOf(corrected), 2, now, { label: 'fraud', reward: 0.5 }),
      ]);
      expect((await compare('late', best('accuracy')))['']).toEqual({ a: { value: 1, labels: 2 } });
      expect((await compare('late', best('reward')))['']).toEqual({ a: { value: 0.375, labels: 2 } });
    });

    it('regression by mean absolute and root mean squared error, of labels that are numbers', async () => {
      const value = (path: string, predicted: number, truth: number | string) =>
        answered(
          { endpoint: 'price', path, model: path === 'a' ? 'forest' : 'network', answer: { value: predicted } },
          { label: truth },
        );
      await insert([
        ...value('a', 10, 12),
        ...value('a', 5, 4),
        ...value('a', 1, 'none'),
        ...value('a', 1, 'NaN'),
        ...value('b', -3, -7.5),
      ]);
      const options = { task: 'regression', labels: [] } as const;
      expect((await compare('price', best('mae'), { ...options, labels: [] }))['']).toEqual({
        a: { value: 1.5, labels: 2 },
        b: { value: 4.5, labels: 1 },
      });
      expect((await compare('price', best('rmse'), { ...options, labels: [] }))['']).toEqual({
        a: { value: Math.sqrt((4 + 1) / 2), labels: 2 },
        b: { value: 4.5, labels: 1 },
      });
    });

    it('several classes by the probability of the one that came true', async () => {
      const probabilities = { setosa: 0.5, virginica: 0.25, versicolor: 0.25 };
      const flower = (truth: string) =>
        answered(
          { endpoint: 'iris', path: 'a', answer: { label: 'setosa', score: 0.25, probabilities } },
          { label: truth },
        );
      await insert([...flower('setosa'), ...flower('virginica'), ...flower('rose')]);
      const options = { task: 'multiclass', labels: Object.keys(probabilities) } as const;
      const compareBy = async (metric: BestMetric) =>
        (await compare('iris', best(metric), { ...options, labels: [...options.labels] }))['']?.a;
      expect(await compareBy('log_loss')).toEqual({
        value: expect.closeTo(-(Math.log(0.5) + Math.log(0.25)) / 2, 12),
        labels: 2,
      });
      expect(await compareBy('brier')).toEqual({
        value: expect.closeTo((0.25 + 0.0625 + 0.0625 + 0.25 + 0.5625 + 0.0625) / 2, 12),
        labels: 2,
      });
      expect(await compareBy('accuracy')).toEqual({ value: 1 / 3, labels: 3 });
    });

    it('also where candidates are trees, ensembles among them, below other nodes', async () => {
      const deep: Policy = {
        kind: 'rules',
        rules: [{ name: 'small', when: 'true', policy: leaf('forest') }],
        otherwise: {
          kind: 'shadow',
          primary: best('accuracy', {
            candidates: [
              {
                name: 'both',
                policy: {
                  kind: 'ensemble',
                  method: 'soft_vote',
                  members: [
                    { name: 'm', policy: leaf('forest') },
                    { name: 'n', policy: leaf('network') },
                  ],
                },
              },
              {
                name: 'cheap',
                policy: {
                  kind: 'cascade',
                  steps: [
                    { name: 'first', minimumConfidence: 0.9, policy: leaf('network') },
                    { name: 'second', policy: leaf('forest') },
                  ],
                },
              },
            ],
          }),
          shadows: [{ name: 'beside', policy: best('accuracy') }],
        },
      };
      const at = (path: string, model: string, version: string, truth: string) =>
        answered({ endpoint: 'deep', path, model, version, answer: saying('fraud', 0.9) }, { label: truth });
      await insert([
        ...at('otherwise/both', 'ensemble:soft_vote', '', 'fraud'),
        ...at('otherwise/both', 'ensemble:soft_vote', '', 'legit'),
        ...at('otherwise/cheap/first', 'network', '1', 'fraud'),
        ...at('otherwise/cheap/second', 'forest', '1', 'fraud'),
        ...at('otherwise/cheap/second', 'forest', '1', 'legit'),
        ...at('otherwise/cheap/second', 'network', '1', 'legit'),
        ...at('small', 'forest', '1', 'legit'),
      ]);
      expect((await compare('deep', deep))['']).toEqual({
        both: { value: 1 / 2, labels: 2 },
        cheap: { value: 2 / 3, labels: 3 },
      });
    });
  });
}

function describeRewards(): void {
  describe('rewards', () => {
    it('are 1 for a right label, are clipped to 0 and 1, or are a value between its bounds', async () => {
      const one = (path: string, ...outcome: Parameters<typeof makeFeedback>[3][]) =>
        answered(
          { endpoint: 'shop', path, model: path === 'a' ? 'forest' : 'network', answer: saying('fraud', 0.9) },
          ...outcome,
        );
      await insert([
        ...one('a', { label: 'fraud', reward: 0.5, values: { revenue: 25 } }),
        ...one('a', { label: 'legit', reward: 7, values: { revenue: 400, cost: 1 } }),
        ...one('a', { reward: -1 }),
        ...one('a'),
        ...one('b', { label: 'fraud', values: { revenue: 50 } }),
      ]);
      expect(await rewards('shop', bandit())).toEqual({
        a: { count: 3, sum: 1.5, sumOfSquares: 1.25 },
        b: { count: 0, sum: 0, sumOfSquares: 0 },
      });
      expect(await rewards('shop', bandit({ reward: { from: 'correct' } }))).toEqual({
        a: { count: 2, sum: 1, sumOfSquares: 1 },
        b: { count: 1, sum: 1, sumOfSquares: 1 },
      });
      const revenue = { from: 'value', name: 'revenue', minimum: 0, maximum: 100 } as const;
      expect(await rewards('shop', bandit({ reward: revenue }))).toEqual({
        a: { count: 2, sum: 1.25, sumOfSquares: 1.0625 },
        b: { count: 1, sum: 0.5, sumOfSquares: 0.25 },
      });
      expect(await rewards('shop', bandit({ reward: { ...revenue, minimum: 50, maximum: 150 } }))).toMatchObject({
        a: { count: 2, sum: 1 },
        b: { count: 1, sum: 0 },
      });
    });

    it('go with what the gateway saw of the features: the sums that linear models are made of', async () => {
      const random = seededRandom(7);
      const names = ['amount', 'hour "x"', 'missing'];
      const defaults = { amount: 3, missing: 0.5 };
      const expected = { a: { gram: new Array(16).fill(0), moment: new Array(4).fill(0), count: 0 } };
      const records: LogRecord[] = [];
      for (let index = 0; index < 500; index += 1) {
        const features = {
          amount: index % 7 === 0 ? null : (random() - 0.3) * 1_000,
          'hour "x"': Math.floor(random() * 24),
          ...(index % 3 === 0 ? { missing: random() } : {}),
          other: 'text',
        };
        const reward = random();
        const isA = index % 2 === 0;
        records.push(
          ...answered(
            { endpoint: 'contextual', path: isA ? 'a' : 'b', model: isA ? 'forest' : 'network', features },
            { reward },
          ),
        );
        if (!isA) continue;
        // As decide() makes it: the default stands in before the vector is made.
        const seen = Object.fromEntries(
          names.map((name) => [
            name,
            (features as Record<string, unknown>)[name] ?? (defaults as Record<string, number>)[name] ?? null,
          ]),
        );
        const x = contextVector(names, seen);
        expected.a.count += 1;
        x.forEach((left, row) => {
          expected.a.moment[row] += left * reward;
          x.forEach((right, column) => {
            expected.a.gram[row * 4 + column] += left * right;
          });
        });
      }
      await insert(records);
      const arms = await rewards('contextual', bandit({ algorithm: 'linucb', contextFeatures: names }), defaults);
      expect(arms.a?.count).toBe(expected.a.count);
      const { gram, moment } = arms.a?.linear ?? { gram: [], moment: [] };
      expect(gram).toHaveLength(16);
      for (const [index, value] of gram.entries()) expect(value / expected.a.gram[index]).toBeCloseTo(1, 11);
      for (const [index, value] of moment.entries()) expect(value / expected.a.moment[index]).toBeCloseTo(1, 11);
      expect(arms.b?.linear?.gram[0]).toBe(250);
    });

    it('of features whatever they are called', async () => {
      const names = ['constructor', '__proto__', "it's \\", '{x:String}', '1', 'two\nlines'];
      const features = JSON.parse(`{${names.slice(1).map((name) => `${JSON.stringify(name)}:2`)}}`) as Record<
        string,
        number
      >;
      await insert(answered({ endpoint: 'oddly-named', path: 'a', model: 'forest', features }, { reward: 0.5 }));
      const arms = await rewards('oddly-named', bandit({ algorithm: 'linucb', contextFeatures: names }));
      expect(arms.a?.linear?.moment).toEqual([0.5, 0, 1, 1, 1, 1, 1]);
    });
  });
}
