import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BanditNode, LogRecord, PredictionRecord } from '@switchyard/contracts';
import { type AnalyticsStore, openChdbAnalytics } from '@switchyard/storage/analytics';
import { makeFeedback, makePrediction, seededRandom, writeSegment } from '@switchyard/storage/analytics/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findLearningNodes } from './learning-nodes.ts';
import { createWindowSums, sumOverWindow } from './sum-over-window.ts';
import { sumRewards } from './sum-rewards.ts';

const MINUTE = 60_000;
// At the beginning of a slice: were the window to begin just before the end of one, nothing might be left in it.
const start = Math.floor((Date.now() - 200 * MINUTE) / (10 * MINUTE)) * 10 * MINUTE;
const directory = mkdtempSync(join(tmpdir(), 'sum-over-window-'));
let analytics: AnalyticsStore;
beforeAll(async () => {
  analytics = await openChdbAnalytics({ directory: join(directory, 'analytics') });
}, 60_000);
afterAll(async () => {
  await analytics.close();
  rmSync(directory, { recursive: true });
});

const node: BanditNode = {
  kind: 'bandit',
  algorithm: 'linucb',
  contextFeatures: ['amount'],
  reward: { from: 'reward' },
  arms: ['forest', 'network'].map((name) => ({ name, policy: { kind: 'model', model: name, version: '1' } })),
};

const numbersOf = (value: unknown): number[] =>
  typeof value === 'number' ? [value] : Object.values(value ?? {}).flatMap(numbersOf);

it('sums slice by slice, again and again, to what all of the window comes to, and reads only what changed', async () => {
  const [learning] = findLearningNodes(node, ({ model, version = '' }) => ({ model, version }));
  if (learning === undefined) throw new Error('a node that learns');
  const statements: { sql: string; parameters: Record<string, unknown> }[] = [];
  const query: AnalyticsStore['query'] = (sql, parameters = {}) => {
    statements.push({ sql, parameters });
    return analytics.query(sql, parameters);
  };
  const scopeAt = (fromMs: number, sliceMs: number) => ({
    ...{ endpoint: 'pay', paths: ['forest', 'network'], fromMs, sliceMs },
  });
  const known = createWindowSums();
  const sum = (fromMs: number) => sumRewards({ query }, { ...learning, node }, scopeAt(fromMs, 10 * MINUTE), {}, known);

  const random = seededRandom(3);
  const predictions: PredictionRecord[] = [];
  const rewards = new Map<string, number>();
  let sequence = 0;
  const say = (record: PredictionRecord, reward: number): LogRecord => {
    rewards.set(record.id, reward);
    sequence += 1;
    return makeFeedback(record.id, sequence, start, { reward });
  };
  for (let round = 0; round < 8; round += 1) {
    const records: LogRecord[] = [];
    // New predictions, some of which are known at once; earlier ones that become known late, or change.
    for (let index = 0; index < 60; index += 1) {
      const name = random() < 0.5 ? 'forest' : 'network';
      const at = Math.round(start + (round + random()) * 12 * MINUTE);
      const record = makePrediction(predictions.length, at, {
        ...{ endpoint: 'pay', path: name, model: name, features: { amount: Math.floor(random() * 100) } },
      });
      predictions.push(record);
      records.push(record);
      if (random() < 0.5) records.push(say(record, random()));
    }
    for (let index = 0; index < 10; index += 1) {
      records.push(say(predictions[Math.floor(random() * predictions.length)] as PredictionRecord, random()));
    }
    await analytics.insertSegments([writeSegment(join(directory, `${round}.ndjson`), records)]);

    const fromMs = start + round * 5 * MINUTE + 1;
    const arms = await sum(fromMs);
    for (const { name } of node.arms) {
      const own = predictions.filter(({ id, at, path }) => path === name && at >= fromMs && rewards.has(id));
      const total = (of: (reward: number, amount: number) => number) =>
        own.reduce((all, { id, features }) => all + of(rewards.get(id) as number, Number(features.amount)), 0);
      expect(arms[name]?.count).toBe(own.length);
      expect(arms[name]?.sum).toBeCloseTo(
        total((reward) => reward),
        9,
      );
      expect(arms[name]?.linear?.gram[3]).toBe(total((_, amount) => amount * amount));
      expect(arms[name]?.linear?.moment[1]).toBeCloseTo(
        total((reward, amount) => reward * amount),
        7,
      );
    }
    const whole = await sumRewards(
      analytics,
      { ...learning, node },
      scopeAt(fromMs, 10_000 * MINUTE),
      {},
      createWindowSums(),
    );
    expect(arms.forest?.count).toBe(whole.forest?.count);

    // Nothing came: the slice that the window is leaving is read, and no other. The engine may add its rows up in
    // another order than before, which shows in the last digit.
    statements.length = 0;
    const again = numbersOf(await sum(fromMs));
    const before = numbersOf(arms);
    expect(again).toHaveLength(before.length);
    for (const [index, value] of again.entries()) expect(value).toBeCloseTo(before[index] as number, 7);
    expect(statements).toHaveLength(2);
    const oldest = Math.floor(fromMs / (10 * MINUTE));
    expect(statements[1]?.parameters).toMatchObject({ from0: fromMs, to0: (oldest + 1) * 10 * MINUTE });
    expect(statements[1]?.parameters).not.toHaveProperty('from1');
  }
});

it('holds no more sums than it may, however many slices they are spread over, and keeps none when there are more', async () => {
  const slices = 48;
  const groups = 20_000;
  const query = async <Row>(sql: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<Row[]> => {
    const isCount = sql.includes('AS rows');
    // Each query asks for one slice: no answer alone is too large.
    const slice = Number(parameters.from0) / MINUTE;
    return (
      isCount
        ? Array.from({ length: slices }, (_, index) => ({ slice: index, rows: 400_000 }))
        : Array.from({ length: groups }, (_, index) => ({ slice, segment: String(index) }))
    ) as Row[];
  };
  const known = createWindowSums();
  const scope = { endpoint: 'pay', paths: ['a'], fromMs: 0, sliceMs: MINUTE };
  const question = { keys: ['segment'], aggregates: ['count()'], condition: '1' };
  await expect(sumOverWindow({ query }, scope, question, known)).rejects.toThrow(/too many values/);
  expect(known.slices.size).toBe(0);
});
