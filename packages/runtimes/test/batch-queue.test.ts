import { SwitchyardError } from '@switchyard/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatchQueue, type Executor, type RunOutcome } from '../src/onnx/batch-queue.ts';
import type { InputColumns } from '../src/onnx/encode-rows.ts';
import type { BatchTiming, Job } from '../src/onnx/jobs.ts';
import type { SessionTensor } from '../src/onnx/session.ts';
import { getTypeByDatatype } from '../src/onnx/tensor-types.ts';

const columns: InputColumns[] = [
  { name: 'x', type: getTypeByDatatype('FP64'), firstFeature: 0, width: 1, rowShape: [1] },
];
const outputNames = ['y'];

/** Doubles each row. `behave` may throw for a batch; `delayTurns` keeps it busy for some turns of the event loop. */
function makeExecutor(
  options: { behave?: (values: readonly number[]) => void; delayTurns?: number; keepsBuffers?: boolean } = {},
): Executor & { batches: number[][] } {
  const batches: number[][] = [];
  const answer = (values: readonly number[]): RunOutcome => {
    options.behave?.(values);
    const y: SessionTensor = {
      name: 'y',
      type: 'float64',
      dims: [values.length, 1],
      values: Float64Array.from(values, (value) => value * 2),
    };
    return { outputs: [y], startedAtMs: 1, runMicros: 5 };
  };
  return {
    batches,
    keepsBuffers: options.keepsBuffers ?? false,
    run(inputs) {
      const values = Array.from((inputs[0] as SessionTensor).values as Float64Array);
      batches.push(values);
      if (options.delayTurns === undefined) return answer(values);
      return (async () => {
        for (let turn = 0; turn < (options.delayTurns ?? 0); turn += 1) await nextTurn();
        return answer(values);
      })();
    },
    close: async () => {},
  };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A call whose promise gives what came back for its rows. */
function push(
  queue: BatchQueue,
  rows: readonly number[],
  wanted: readonly string[] = outputNames,
  onTiming?: (timing: BatchTiming) => void,
): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const answers: number[] = [];
    const job: Job = {
      rowCount: rows.length,
      outputNames: wanted,
      queuedAtMs: 0,
      write(buffers, at, from, to) {
        for (let index = from; index < to; index += 1) {
          const value = rows[index] as number;
          if (Number.isNaN(value)) throw new SwitchyardError('invalid_features', 'not a number');
          (buffers[0] as Float64Array)[at + index - from] = value;
        }
      },
      take(outputs, at, count) {
        for (const value of ((outputs[0] as SessionTensor).values as Float64Array).subarray(at, at + count)) {
          answers.push(value);
        }
      },
      finish(timing) {
        onTiming?.(timing);
        resolve(answers);
      },
      fail: reject,
    };
    queue.push(job);
  });
}

const limits = { columns, maximumQueuedRows: 1_000, maximumBatchRows: 100 };
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'answered',
    (error: unknown) => (SwitchyardError.is(error) ? error.code : error),
  );

test.each([
  ['in this thread a full batch does not wait for the rest of the turn', true, [32, 8]],
  ['in another thread all calls of a turn go together', false, [40]],
] as const)('%s', async (_, keepsBuffers, sizes) => {
  const executor = makeExecutor({ keepsBuffers });
  const queue = new BatchQueue({ ...limits, executor });
  const calls = Array.from({ length: 40 }, (_, row) => push(queue, [row]));
  expect(executor.batches.map(({ length }) => length)).toEqual(sizes.slice(0, -1));
  expect(await Promise.all(calls)).toEqual(Array.from({ length: 40 }, (_, row) => [row * 2]));
  expect(executor.batches.map(({ length }) => length)).toEqual(sizes);
});

test('calls of one turn share a batch, and those that come while it runs share the next', async () => {
  const executor = makeExecutor({ delayTurns: 5 });
  const queue = new BatchQueue({ ...limits, executor });
  const first = [push(queue, [1]), push(queue, [2, 3])];
  await nextTurn();
  const second = [push(queue, [4])];
  await nextTurn();
  second.push(push(queue, [5]));
  expect(await Promise.all([...first, ...second])).toEqual([[2], [4, 6], [8], [10]]);
  expect(executor.batches).toEqual([
    [1, 2, 3],
    [4, 5],
  ]);
});

test('whatever the calls and limits, each gets the answers of its own rows', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ rows: fc.array(fc.integer(), { minLength: 1, maxLength: 30 }), turns: fc.nat(3) }), {
        maxLength: 40,
      }),
      fc.integer({ min: 1, max: 20 }),
      fc.option(fc.nat(3), { nil: undefined }),
      fc.boolean(),
      async (calls, maximumBatchRows, delayTurns, keepsBuffers) => {
        const executor = makeExecutor({ ...(delayTurns === undefined ? {} : { delayTurns }), keepsBuffers });
        const queue = new BatchQueue({ columns, maximumQueuedRows: 10_000, maximumBatchRows, executor });
        const answers: Promise<number[]>[] = [];
        for (const { rows, turns } of calls) {
          for (let turn = 0; turn < turns; turn += 1) await nextTurn();
          answers.push(push(queue, rows));
        }
        expect(await Promise.all(answers)).toEqual(calls.map(({ rows }) => rows.map((row) => row * 2)));
        expect(executor.batches.every((batch) => batch.length <= maximumBatchRows)).toBe(true);
        expect(queue.queuedRows).toBe(0);
      },
    ),
    { numRuns: 100 },
  );
});

test('calls with a broken row, or that break the model, fail alone', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.constantFrom(1, 2, 3, Number.NaN, 666), { minLength: 1, maxLength: 6 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 10 }),
      fc.boolean(),
      async (calls, maximumBatchRows, isLate) => {
        const behave = (values: readonly number[]): void => {
          if (values.includes(666)) throw new Error('the model does not like this row');
        };
        const executor = makeExecutor({ behave, ...(isLate ? { delayTurns: 1 } : {}) });
        const queue = new BatchQueue({ columns, maximumQueuedRows: 1_000, maximumBatchRows, executor });
        const seen = await Promise.all(calls.map((rows) => codeOf(push(queue, rows))));
        for (const [index, rows] of calls.entries()) {
          const isSound = rows.every((row) => row < 666);
          if (isSound) expect(seen[index]).toBe('answered');
          else expect(seen[index]).toMatch(/^(invalid_features|model_failed)$/);
        }
        expect(queue.queuedRows).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
});

test('a full queue refuses, and takes calls again when it has run', async () => {
  const executor = makeExecutor({ delayTurns: 2 });
  const queue = new BatchQueue({ columns, maximumQueuedRows: 10, maximumBatchRows: 100, executor });
  const running = push(queue, [0]);
  await nextTurn();
  const waiting = push(queue, [1, 2, 3, 4, 5, 6, 7, 8]);
  expect(await codeOf(push(queue, [9, 10, 11]))).toBe('overloaded');
  const fits = push(queue, [9, 10]);
  expect(await codeOf(push(queue, [11]))).toBe('overloaded');
  await Promise.all([running, waiting, fits]);
  expect(await push(queue, [12])).toEqual([24]);
});

test('a call larger than the queue is taken when nothing waits: it would be refused for ever otherwise', async () => {
  const queue = new BatchQueue({ columns, maximumQueuedRows: 2, maximumBatchRows: 2, executor: makeExecutor() });
  expect(await push(queue, [1, 2, 3, 4, 5])).toEqual([2, 4, 6, 8, 10]);
});

test('a call spread over batches is told what all of them took', async () => {
  const queue = new BatchQueue({ ...limits, maximumBatchRows: 2, executor: makeExecutor() });
  const timings: BatchTiming[] = [];
  await push(queue, [1, 2, 3, 4, 5], outputNames, (timing) => timings.push(timing));
  expect(timings).toEqual([{ startedAtMs: 1, runMicros: 15, rows: 2 }]);
});

test('calls that want other outputs do not share a batch', async () => {
  const executor = makeExecutor();
  const queue = new BatchQueue({ ...limits, executor });
  await Promise.all([push(queue, [1]), push(queue, [2], ['y']), push(queue, [3], ['y'])]);
  expect(executor.batches).toEqual([[1], [2], [3]]);
});

test('closing answers what waits and refuses what comes later', async () => {
  const queue = new BatchQueue({ ...limits, executor: makeExecutor({ delayTurns: 3 }) });
  const waiting = [push(queue, [1]), push(queue, [2])];
  const closed = queue.close();
  expect(await codeOf(push(queue, [3]))).toBe('model_unavailable');
  await closed;
  expect(await Promise.all(waiting)).toEqual([[2], [4]]);
  await new BatchQueue({ ...limits, executor: makeExecutor() }).close();
});

test('an answer with another number of rows fails the batch', async () => {
  const executor = makeExecutor();
  const run = executor.run.bind(executor);
  executor.run = (inputs, names, rows) => {
    const outcome = run(inputs, names, rows) as RunOutcome;
    return {
      ...outcome,
      outputs: [{ ...(outcome.outputs[0] as SessionTensor), dims: [1, 2], values: new Float64Array(2) }],
    };
  };
  const queue = new BatchQueue({ ...limits, executor });
  expect(await Promise.all([codeOf(push(queue, [1])), codeOf(push(queue, [2]))])).toEqual([
    'model_failed',
    'model_failed',
  ]);
});
