import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createOnnxWorkerPool } from '../src/onnx/index.ts';
import type { WorkerPool } from '../src/onnx/worker-pool.ts';
import { WorkerThread } from '../src/onnx/worker-thread.ts';
import { fixturePath, loadFixture, signatureOf } from './fixture.ts';

const path = fixturePath('sum');
const signature = await signatureOf('sum', 'regression');
const openPool = (threads: number) => createOnnxWorkerPool({ threads }) as WorkerPool;

test('a thread that loads a model is not free: a run would wait behind that', async () => {
  const pool = openPool(1);
  const second = await pool.placeSecond(path, signature);
  expect(second.isFree()).toBe(true);
  const loading = pool.placeSecond(path, signature);
  expect(second.isFree()).toBe(false);
  await loading;
  expect(second.isFree()).toBe(true);
  await pool.close();
});

test('a thread that ended again while it loaded its models is not free before all are there', async () => {
  const pool = openPool(1);
  const second = await pool.placeSecond(path, signature);
  await pool.placeSecond(path, signature);
  const slot = pool.slots[0] as WorkerPool['slots'][number];
  const first = slot.thread;
  await first.stop();
  await expect.poll(() => slot.thread !== first, { interval: 0 }).toBe(true);
  // It has been asked for the first model, and will not come to the second.
  await slot.thread.stop();
  await nextTurn();
  expect(second.isFree()).toBe(false);
  await expect.poll(second.isFree, { timeout: 5_000 }).toBe(true);
  await pool.close();
});

test('a thread that answers loads without measuring, in a part of the time: others wait for it', async () => {
  const thread = new WorkerThread();
  const slow = [fixturePath('slow-sum'), await signatureOf('slow-sum', 'regression')] as const;
  const took = async (work: Promise<unknown>): Promise<number> => {
    const startedAt = performance.now();
    await work;
    return performance.now() - startedAt;
  };
  const [measured, loaded]: [number[], number[]] = [[], []];
  for (let id = 0; id < 6; id += 2) {
    measured.push(await took(thread.loadAndMeasure(id, ...slow)));
    loaded.push(await took(thread.load(id + 1, ...slow)));
  }
  expect(Math.min(...loaded)).toBeLessThan(Math.min(...measured) * 0.7);
  await thread.stop();
});

test('models that come at the same time are dealt to the threads evenly', async () => {
  const pool = openPool(2);
  await Promise.all(Array.from({ length: 6 }, () => pool.placeSecond(path, signature)));
  expect(pool.slots.map(({ modelCount }) => modelCount)).toEqual([3, 3]);
  await pool.close();
});

test('second copies share two threads, however many there may be', async () => {
  const pool = openPool(8);
  await Promise.all(Array.from({ length: 6 }, () => pool.placeSecond(path, signature)));
  expect(pool.slots.map(({ modelCount }) => modelCount)).toEqual([3, 3]);
  await pool.close();
});

test('a thread without models is used before another is started', async () => {
  const pool = openPool(3);
  for (let load = 0; load < 3; load += 1) {
    const second = await pool.placeSecond(path, signature);
    await second.close();
  }
  expect(pool.slots).toHaveLength(1);
  await Promise.all([pool.placeSecond(path, signature), pool.placeSecond(path, signature)]);
  expect(pool.slots.map(({ modelCount }) => modelCount)).toEqual([1, 1]);
  await pool.close();
});

test('a model in the thread of its caller answers many rows as few when the threads are gone', async () => {
  const pool = openPool(1);
  const model = await loadFixture('sum', 'regression', { pool });
  const rows = Array.from({ length: 20_000 }, (_, row) => [row, 1, 1]);
  await model.predict(rows);
  if (availableParallelism() > 1) await expect.poll(() => pool.slots[0]?.modelCount).toBe(1);
  await pool.close();
  expect((await model.predict([[1, 2, 3]])).answers).toHaveLength(1);
  expect((await model.predict(rows)).answers).toHaveLength(rows.length);
  await model.close();
});
