import { SwitchyardError } from '@switchyard/contracts';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { Tensor } from '../src/model-runtime.ts';
import { createOnnxWorkerPool, loadOnnxModel } from '../src/onnx/index.ts';
import { openSession } from '../src/onnx/session.ts';
import { WorkerPool } from '../src/onnx/worker-pool.ts';
import { fixturePath, loadFixture, signatureOf } from './fixture.ts';

const pool = createOnnxWorkerPool({ threads: 1 });
afterAll(() => pool.close());

const failure = (promise: Promise<unknown>): Promise<{ code: string; detail: string }> =>
  promise.then(
    () => {
      throw new Error('it was answered');
    },
    (error: unknown) => {
      if (!SwitchyardError.is(error)) throw error;
      return { code: error.code, detail: error.message };
    },
  );

test('a small model runs inline, a slow one in a worker', async () => {
  const small = await loadFixture('sum', 'regression', { pool });
  const slow = await loadFixture('slow-sum', 'regression', { pool });
  expect([small.execution, slow.execution]).toEqual(['inline', 'worker']);
  expect(slow.runMicros).toBeGreaterThan(small.runMicros ?? 0);
  await Promise.all([small.close(), slow.close()]);
});

describe.each(['inline', 'worker'] as const)('%s', (execution) => {
  test('concurrent callers never get the rows of each other', async () => {
    const model = await loadFixture('sum', 'regression', { pool, execution, maximumBatchRows: 7 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.tuple(fc.nat(999), fc.nat(999), fc.nat(999)), { minLength: 1, maxLength: 10 }), {
          minLength: 1,
          maxLength: 20,
        }),
        async (calls) => {
          const results = await Promise.all(calls.map((rows) => model.predict(rows)));
          for (const [index, rows] of calls.entries()) {
            expect(results[index]?.answers).toEqual(rows.map(([a, b, c]) => ({ value: a + b + c })));
          }
        },
      ),
      { numRuns: 60 },
    );
    await model.close();
  });

  test('timings and batch sizes are told', async () => {
    const model = await loadFixture('sum', 'regression', { pool, execution });
    const [first, second] = await Promise.all([
      model.predict([[1, 2, 3]]),
      model.predict([
        [4, 5, 6],
        [7, 8, 9],
      ]),
    ]);
    expect([first.batchRows, second.batchRows]).toEqual([3, 3]);
    expect(first.modelMicros).toBeGreaterThan(0);
    expect(first.queueMicros).toBeGreaterThanOrEqual(0);
    expect(first.modelMicros).toBe(second.modelMicros);
    expect(await model.predict([])).toMatchObject({ answers: [], batchRows: 0 });
    await model.close();
  });

  test('a row that breaks the model fails alone', async () => {
    const model = await loadFixture('lookup', 'regression', { pool, execution });
    const good = model.predict([[1], [2]]);
    const bad = failure(model.predict([[0], [50]]));
    expect((await good).answers).toEqual([{ value: 20 }, { value: 30 }]);
    expect((await bad).code).toBe('model_failed');
    await model.close();
  });

  test('an answer that is not a number is a failure of that call only', async () => {
    const model = await loadFixture('logarithm', 'regression', { pool, execution });
    const [good, nan, infinite] = await Promise.all([
      model.predict([[1]]),
      failure(model.predict([[1], [-1]])),
      failure(model.predict([[0]])),
    ]);
    expect(good.answers).toEqual([{ value: 0 }]);
    expect(nan).toEqual({ code: 'model_failed', detail: expect.stringContaining("'value' is NaN") });
    expect(infinite.code).toBe('model_failed');
    expect((await failure(model.infer([{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [-1] }]))).code).toBe(
      'model_failed',
    );
    await model.close();
  });

  test('a model of one row at a time answers many', async () => {
    const model = await loadFixture('mixed-rows', 'regression', { pool, execution });
    const { answers } = await model.predict([
      [1, 2, 3],
      [40, 5, 6],
      [7, 80, 9],
    ]);
    expect(answers).toEqual([{ value: 3 }, { value: 3 }, { value: 3 }]);
    await model.close();
  });

  test('tensors of every type go in and come out', async () => {
    const model = await loadFixture('every-type', 'regression', { pool, execution });
    const inputs: Tensor[] = [
      { name: 'flag_in', datatype: 'BOOL', shape: [2], data: [true, false] },
      { name: 'text_in', datatype: 'BYTES', shape: [2, 2], data: ['ä', '', '日本', 'x'] },
      { name: 'long_in', datatype: 'INT64', shape: [2, 1], data: [9_007_199_254_740_993n, -1n] },
      { name: 'double_in', datatype: 'FP64', shape: [2, 1], data: [0.1, 1e300] },
    ];
    const { outputs, batchRows } = await model.infer(inputs);
    expect(batchRows).toBe(2);
    expect(outputs.map((output) => ({ ...output, data: Array.from(output.data as ArrayLike<unknown>) }))).toEqual([
      { name: 'text_out', datatype: 'BYTES', shape: [2, 2], data: ['ä', '', '日本', 'x'] },
      { name: 'long_out', datatype: 'INT64', shape: [2, 1], data: [9_007_199_254_740_993n, -1n] },
      { name: 'flag_out', datatype: 'BOOL', shape: [2], data: [true, false] },
      { name: 'double_out', datatype: 'FP64', shape: [2, 1], data: [0.1, 1e300] },
    ]);
    const chosen = await model.infer(inputs, ['double_out', 'flag_out']);
    expect(chosen.outputs.map((output) => output.name)).toEqual(['double_out', 'flag_out']);
    await model.close();
  });

  test('tensors that came in parts are the same as in one', async () => {
    const load = (maximumBatchRows: number) =>
      loadFixture('every-type', 'regression', { pool, execution, maximumBatchRows });
    const [whole, cut] = await Promise.all([load(5), load(2)]);
    const inputs: Tensor[] = [
      { name: 'flag_in', datatype: 'BOOL', shape: [5], data: [true, false, true, true, false] },
      { name: 'text_in', datatype: 'BYTES', shape: [5, 2], data: 'abcdefghij'.split('') },
      { name: 'long_in', datatype: 'INT64', shape: [5, 1], data: [1n, 2n, 3n, 4n, 5n] },
      { name: 'double_in', datatype: 'FP64', shape: [5, 1], data: [0.1, 0.2, 0.3, 0.4, 0.5] },
    ];
    const parts = await cut.infer(inputs);
    expect(parts.batchRows).toBe(2);
    expect(parts.outputs).toEqual((await whole.infer(inputs)).outputs);
    await Promise.all([whole.close(), cut.close()]);
  });

  test('concurrent tensors are sliced apart again', async () => {
    const model = await loadFixture('sum', 'regression', { pool, execution, maximumBatchRows: 4 });
    const calls = Array.from({ length: 20 }, (_, call) => 1 + (call % 6));
    const results = await Promise.all(
      calls.map((rows, call) =>
        model.infer([{ name: 'x', datatype: 'FP32', shape: [rows, 3], data: new Float32Array(rows * 3).fill(call) }]),
      ),
    );
    for (const [call, rows] of calls.entries()) {
      const [total] = results[call]?.outputs ?? [];
      expect(total?.shape).toEqual([rows]);
      expect(Array.from(total?.data as ArrayLike<number>)).toEqual(new Array(rows).fill(call * 3));
    }
    await model.close();
  });

  test('closing answers what waits', async () => {
    const model = await loadFixture('sum', 'regression', { pool, execution });
    const waiting = Promise.all(Array.from({ length: 50 }, (_, call) => model.predict([[call, 0, 0]])));
    const closed = model.close();
    expect((await failure(model.predict([[1, 2, 3]]))).code).toBe('model_unavailable');
    await closed;
    expect((await waiting).map((result) => result.answers[0]?.value)).toEqual(
      Array.from({ length: 50 }, (_, call) => call),
    );
    await model.close();
  });
});

describe('tensors that do not fit are refused by name', () => {
  const x = (changes: Partial<Tensor>): Tensor[] => [
    { name: 'x', datatype: 'FP32', shape: [1, 3], data: [1, 2, 3], ...changes },
  ];
  test.each<[string, Tensor[], RegExp]>([
    ['a wrong name', x({ name: 'z' }), /'x' is missing; the model takes 'x'/],
    ['one too many', [...x({}), ...x({ name: 'z' })], /no input 'z'/],
    ['one twice', [...x({}), ...x({})], /'x' is given twice/],
    ['a wrong width', x({ shape: [1, 2], data: [1, 2] }), /'x' has the shape \[1, 2\]; \[rows, 3\] is needed/],
    ['a wrong rank', x({ shape: [3] }), /'x' has the shape \[3\]/],
    ['no rows', x({ shape: [0, 3], data: [] }), /'x' has no rows/],
    ['too few values', x({ data: [1, 2] }), /'x' has 2 values; its shape says 3/],
    ['a wrong datatype', x({ datatype: 'INT64', data: [1n, 2n, 3n] }), /'x' has the datatype INT64; FP32 is needed/],
    ['a wrong value', x({ data: [1, 2, 'three'] as never }), /'x' has the value 'three' at position 2/],
  ])('%s', async (_, tensors, detail) => {
    const model = await loadFixture('sum', 'regression', { pool, execution: 'inline' });
    expect(await failure(model.infer(tensors))).toEqual({
      code: 'invalid_request',
      detail: expect.stringMatching(detail),
    });
    expect((await failure(model.infer(x({}), ['w']))).detail).toMatch(/no output 'w'; the model gives 'total'/);
    await model.close();
  });

  test.each([
    ['long_in', { datatype: 'INT64', shape: [1, 1], data: [2 ** 53] }],
    ['long_in', { datatype: 'INT64', shape: [1, 1], data: [2n ** 63n] }],
    ['flag_in', { datatype: 'BOOL', shape: [1], data: [2] }],
    ['text_in', { datatype: 'BYTES', shape: [1, 2], data: ['a', 1] }],
    ['text_in', { datatype: 'BYTES', shape: [1, 2], data: ['a', 'b\u0000c'] }],
    ['flag_in', { datatype: 'BOOL', shape: [2], data: [true, true] }],
  ])('%s %o', async (name, changes) => {
    const model = await loadFixture('every-type', 'regression', { pool, execution: 'inline' });
    const inputs = [
      { name: 'text_in', datatype: 'BYTES', shape: [1, 2], data: ['a', 'b'] },
      { name: 'long_in', datatype: 'INT64', shape: [1, 1], data: [1] },
      { name: 'flag_in', datatype: 'BOOL', shape: [1], data: [true] },
      { name: 'double_in', datatype: 'FP64', shape: [1, 1], data: [1] },
    ].map((tensor) => (tensor.name === name ? { ...tensor, ...changes } : tensor)) as Tensor[];
    const { code, detail } = await failure(model.infer(inputs));
    expect(code).toBe('invalid_request');
    expect(detail).toContain(name === 'flag_in' && changes.shape[0] === 2 ? 'rows' : `'${name}'`);
    await model.close();
  });
});

describe('answers', () => {
  test('labels are the ones of the signature, also when the upload renamed them', async () => {
    const own = await loadFixture('bayes-numbers', 'binary', { pool });
    const renamed = await loadFixture('bayes-numbers', 'binary', { pool, spec: { labels: ['low', 'high'] } });
    const rows = [
      [0, 2, 0, 0],
      [0, -2, 0, 0],
    ];
    const ownAnswers = (await own.predict(rows)).answers;
    expect(ownAnswers.map((answer) => answer.label)).toEqual([40, 20]);
    const { answers } = await renamed.predict(rows);
    expect(answers.map((answer) => answer.label)).toEqual(['high', 'low']);
    expect(answers[0]?.probabilities).toEqual({
      low: ownAnswers[0]?.probabilities?.['20'],
      high: ownAnswers[0]?.score,
    });
    await Promise.all([own.close(), renamed.close()]);
  });

  test('the score is the probability of the positive label, the last one unless given', async () => {
    const last = await loadFixture('string-classes', 'binary', { pool });
    const given = await loadFixture('string-classes', 'binary', { pool, spec: { positiveLabel: 'ham' } });
    const [answer] = (await last.predict([[1, 2, 3]])).answers;
    expect(answer?.score).toBe(answer?.probabilities?.spam);
    expect((await given.predict([[1, 2, 3]])).answers[0]?.score).toBe(answer?.probabilities?.ham);
    expect(Math.fround(answer?.score ?? 0)).toBe(answer?.score);
    await Promise.all([last.close(), given.close()]);
  });

  test('a model with only a label answers only a label', async () => {
    const model = await loadFixture('label-only', 'binary', { pool });
    expect((await model.predict([[1, 2, 3]])).answers).toEqual([{ label: expect.stringMatching(/^(ham|spam)$/) }]);
    await model.close();
  });

  test('numbers that an input cannot hold are refused', async () => {
    const sum = await loadFixture('sum', 'regression', { pool });
    expect(await failure(sum.predict([[1, 2, 1e39]]))).toEqual({
      code: 'invalid_features',
      detail: 'up: the number is too large for a 32-bit float',
    });
    expect((await failure(sum.predict([[1, 2]]))).code).toBe('invalid_features');
    const lookup = await loadFixture('lookup', 'regression', { pool });
    expect((await failure(lookup.predict([[0.5]]))).code).toBe('invalid_features');
    const texts = await loadFixture('every-type', 'regression', { pool });
    expect((await failure(texts.predict([['a', 'b\u0000c', 1, true, 1]]))).detail).toMatch(/text_in_1: .*NUL/);
    await Promise.all([sum.close(), lookup.close(), texts.close()]);
  });
});

test('a file that does not fit the signature is refused', async () => {
  const signature = await signatureOf('sum', 'regression');
  const other = loadOnnxModel({ path: fixturePath('lookup'), signature, pool });
  expect((await failure(other)).code).toBe('invalid_artifact');
  const missing = loadOnnxModel({ path: fixturePath('missing'), signature, pool });
  expect((await failure(missing)).code).toBe('invalid_artifact');
});

test('the public API of the runtime is a working fallback', async () => {
  const inputs = [{ name: 'x', type: 'float32', dims: [2, 3], values: new Float32Array([1, 2, 3, 4, 5, 6]) }];
  for (const api of ['native', 'public'] as const) {
    const session = await openSession(fixturePath('string-classes'), { api });
    const [label, map] = await session.run(inputs, ['label', 'map']);
    expect(label?.values).toHaveLength(2);
    expect(map?.dims).toEqual([2, 2]);
    await session.close();
  }
});

test('20 models live side by side', async () => {
  const models = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      loadFixture('sum', 'regression', { pool, execution: index % 2 === 0 ? 'inline' : 'worker' }),
    ),
  );
  const results = await Promise.all(models.map((model, index) => model.predict([[index, 1, 1]])));
  expect(results.map((result) => result.answers[0]?.value)).toEqual(models.map((_, index) => index + 2));
  await Promise.all(models.map((model) => model.close()));
});

test('when a thread ends, what it was given fails, what waits is answered by its successor', async () => {
  const ownPool = createOnnxWorkerPool({ threads: 1 });
  if (!(ownPool instanceof WorkerPool)) throw new Error('not our pool');
  const models = [
    await loadFixture('slow-sum', 'regression', { pool: ownPool, execution: 'worker' }),
    await loadFixture('sum', 'regression', { pool: ownPool, execution: 'worker' }),
  ] as const;
  for (let round = 0; round < 3; round += 1) {
    // Batches go out in the same phase of the event loop, right after this: the threads end before they come to them.
    let ended: Promise<void>[] = [];
    setImmediate(() => {
      ended = ownPool.slots.map((slot) => slot.thread.stop());
    });
    const running = models.map((model) => failure(model.predict([[1, 2, 3]])));
    await new Promise((resolve) => setImmediate(resolve));
    const waiting = models.map((model) => model.predict([[4, 5, 6]]));
    expect((await Promise.all(running)).map(({ code }) => code)).toEqual(['model_failed', 'model_failed']);
    const answers = (await Promise.all(waiting)).map((result) => result.answers[0]?.value);
    expect(answers[0]).toBeCloseTo(15, 3);
    expect(answers[1]).toBe(15);
    await Promise.all(ended);
  }
  await Promise.all(models.map((model) => model.close()));
  await ownPool.close();
});
