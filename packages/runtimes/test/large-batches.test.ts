import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import type { RunOutcome } from '../src/onnx/batch-queue.ts';
import type { InputColumns } from '../src/onnx/encode-rows.ts';
import { createOnnxWorkerPool } from '../src/onnx/index.ts';
import type { BatchTiming, Job } from '../src/onnx/jobs.ts';
import { LargeBatches } from '../src/onnx/large-batches.ts';
import type { SessionTensor } from '../src/onnx/session.ts';
import { getTypeByDatatype } from '../src/onnx/tensor-types.ts';
import type { WorkerPool } from '../src/onnx/worker-pool.ts';
import { loadFixture } from './fixture.ts';

const columns: InputColumns[] = [
  { name: 'x', type: getTypeByDatatype('FP64'), firstFeature: 0, width: 1, rowShape: [1] },
];

/** A thread that doubles, when it is told to. */
function makeThread() {
  const waiting: { values: Float64Array; settle: (outcome: RunOutcome | Error) => void }[] = [];
  const state = { isFree: true, isClosed: false };
  return {
    state,
    waiting,
    answer(dims?: number[]): void {
      const { values, settle } = waiting.shift() as (typeof waiting)[number];
      const y = { name: 'y', type: 'float64', dims: dims ?? [values.length, 1], values: values.map((x) => x * 2) };
      settle({ outputs: [y], startedAtMs: 1, runMicros: 5 });
    },
    thread: {
      keepsBuffers: false,
      isFree: () => state.isFree,
      run: ([input]: readonly SessionTensor[]) =>
        new Promise<RunOutcome>((resolve, reject) => {
          waiting.push({
            values: input?.values as Float64Array,
            settle: (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)),
          });
        }),
      close: async () => {
        state.isClosed = true;
      },
    },
  };
}

function makeJob(rows: readonly number[], write?: () => void) {
  const told: { answers?: number[]; timing?: BatchTiming; error?: unknown } = {};
  const job: Job = {
    rowCount: rows.length,
    outputNames: ['y'],
    queuedAtMs: 0,
    write([x], at, from, to) {
      write?.();
      (x as Float64Array).set(rows.slice(from, to), at);
    },
    take([y], at, count) {
      const values = Array.from((y as SessionTensor).values as Float64Array).slice(at, at + count);
      told.answers = [...(told.answers ?? []), ...values];
    },
    finish(timing) {
      told.timing = timing;
    },
    fail(error) {
      told.error = error;
    },
  };
  return { job, told };
}

async function placed(thread: ReturnType<typeof makeThread>['thread'], maximumBatchRows = 100) {
  const large = new LargeBatches({ columns, fromRows: 3, atOnceRows: 8, maximumBatchRows, place: async () => thread });
  // The first large call is what makes it load the model.
  expect(large.take(makeJob([1, 2, 3]).job)).toBe(false);
  await nextTurn();
  return large;
}

describe('calls with many rows', () => {
  test('run in the second thread, those with few do not', async () => {
    const { thread, waiting, answer } = makeThread();
    const large = await placed(thread);
    expect(large.take(makeJob([1, 2]).job)).toBe(false);
    const { job, told } = makeJob([1, 2, 3]);
    expect(large.take(job)).toBe(true);
    expect(waiting).toHaveLength(1);
    answer();
    await nextTurn();
    expect(told).toEqual({ answers: [2, 4, 6], timing: { startedAtMs: 1, runMicros: 5, rows: 3 } });
  });

  test('wait for nobody: only so many rows are there at once, and none beside another model', async () => {
    const { thread, waiting, answer, state } = makeThread();
    const large = await placed(thread);
    expect(large.take(makeJob([1, 2, 3, 4]).job)).toBe(true);
    expect(large.take(makeJob([1, 2, 3, 4]).job)).toBe(true);
    expect(large.take(makeJob([1, 2, 3]).job)).toBe(false);
    answer();
    await nextTurn();
    expect(large.take(makeJob([1, 2, 3]).job)).toBe(true);
    answer();
    answer();
    await nextTurn();
    expect(waiting).toHaveLength(0);
    // More than may be there, but alone.
    expect(large.take(makeJob(Array.from({ length: 20 }, (_, row) => row)).job)).toBe(true);
    answer();
    await nextTurn();
    state.isFree = false;
    expect(large.take(makeJob([1, 2, 3]).job)).toBe(false);
  });

  test('fail alone: of the model, of rows that cannot be written, of answers of another shape', async () => {
    const { thread, waiting, answer } = makeThread();
    const large = await placed(thread);
    const calls = [
      makeJob([1, 2, 3]),
      makeJob([1, 2, 3], () => {
        throw new RangeError('no');
      }),
      makeJob([4, 5, 6]),
    ];
    for (const { job } of calls.slice(0, 2)) expect(large.take(job)).toBe(true);
    waiting.shift()?.settle(new Error('it broke'));
    await nextTurn();
    expect(large.take((calls[2] as (typeof calls)[number]).job)).toBe(true);
    answer([1, 3]);
    await nextTurn();
    expect(calls.map(({ told }) => (told.error as { code: string }).code)).toEqual(Array(3).fill('model_failed'));
    // Nothing of them is left behind.
    expect(large.take(makeJob([1, 2, 3, 4, 5, 6, 7, 8]).job)).toBe(true);
    answer();
  });

  test('run in parts where they have more than a run may have, one after the other', async () => {
    const { thread, waiting, answer } = makeThread();
    const large = await placed(thread, 2);
    const calls = [makeJob([1, 2, 3, 4, 5]), makeJob([6, 7, 8])] as const;
    expect(large.take(calls[0].job)).toBe(true);
    for (const rows of [2, 2, 1]) {
      expect(waiting.map(({ values }) => values.length)).toEqual([rows]);
      answer();
      await nextTurn();
    }
    expect(calls[0].told).toEqual({
      answers: [2, 4, 6, 8, 10],
      timing: { startedAtMs: 1, runMicros: 15, rows: 2 },
    });
    // What comes after a part that failed is not run.
    expect(large.take(calls[1].job)).toBe(true);
    waiting.shift()?.settle(new Error('it broke'));
    await large.close();
    expect(waiting).toHaveLength(0);
    expect(calls[1].told).toMatchObject({ error: { code: 'model_failed' } });
  });

  test('run as all others where the model cannot be loaded twice', async () => {
    const large = new LargeBatches({
      columns,
      fromRows: 1,
      atOnceRows: 8,
      maximumBatchRows: 100,
      place: () => Promise.reject(new Error('no room')),
    });
    for (let call = 0; call < 3; call += 1) {
      expect(large.take(makeJob([1]).job)).toBe(false);
      await nextTurn();
    }
    await large.close();
  });

  test('are answered before the model is unloaded, and not taken any more', async () => {
    const { thread, answer, state } = makeThread();
    const large = await placed(thread);
    const { job, told } = makeJob([1, 2, 3]);
    large.take(job);
    const closing = large.close();
    expect(large.take(makeJob([1, 2, 3]).job)).toBe(false);
    await nextTurn();
    expect(state.isClosed).toBe(false);
    answer();
    await closing;
    expect([told.answers, state.isClosed]).toEqual([[2, 4, 6], true]);
  });
});

describe.skipIf(availableParallelism() < 2)('a small model with real threads', () => {
  // So many that they are worth the way on any machine.
  const rows = Array.from({ length: 20_000 }, (_, row) => [row, 1, 1]);
  const sums = rows.map(([first = 0]) => ({ value: first + 2 }));

  test('answers many rows from another thread, few from its own, and the same', async () => {
    const pool = createOnnxWorkerPool({ threads: 1 }) as WorkerPool;
    const model = await loadFixture('sum', 'regression', { pool });
    expect(model.execution).toBe('inline');
    expect(pool.slots).toHaveLength(0);
    expect((await model.predict(rows)).answers).toEqual(sums);
    await expect.poll(() => pool.slots[0]?.modelCount).toBe(1);
    const thread = pool.slots[0]?.thread as WorkerPool['slots'][number]['thread'];
    const run = vi.spyOn(thread, 'run');
    const [many, few] = await Promise.all([model.predict(rows), model.predict([[4, 5, 6]])]);
    expect([many.answers, many.batchRows]).toEqual([sums, 4_096]);
    expect(run.mock.calls.map(([, { rowCount }]) => rowCount)).toEqual([4_096, 4_096, 4_096, 4_096, 3_616]);
    expect([few.answers, few.batchRows]).toEqual([[{ value: 15 }], 1]);
    // What is in flight when its thread ends fails; the next runs here until there is another thread.
    const ending = pool.slots[0]?.thread.stop();
    await expect(model.predict(rows)).rejects.toMatchObject({ code: 'model_failed' });
    await ending;
    expect((await model.predict(rows)).answers).toEqual(sums);
    await model.close();
    expect(pool.slots[0]?.modelCount).toBe(0);
    await pool.close();
  });
});
