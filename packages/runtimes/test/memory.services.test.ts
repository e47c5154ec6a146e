import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createOnnxWorkerPool, loadOnnxModel } from '../src/onnx/index.ts';
import { fixturePath, signatureOf } from './fixture.ts';

// The file is 2 MB and takes twice that when loaded: 50 that are not given back would be 200 MB.
const MODEL = 'slow-sum';
const ROUNDS = 50;
const ALLOWED_GROWTH_MB = 60;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const residentMb = (): number => {
  collectGarbage();
  return process.memoryUsage().rss / 1_048_576;
};

test.each(['inline', 'worker'] as const)(
  'what a model took is free again when it is closed (%s)',
  async (execution) => {
    const signature = await signatureOf(MODEL, 'regression');
    const pool = createOnnxWorkerPool({ threads: 1 });
    const once = async (): Promise<void> => {
      const model = await loadOnnxModel({ path: fixturePath(MODEL), signature, pool, execution });
      await model.predict(new Array(100).fill([1, 2, 3]));
      await model.close();
    };
    for (let round = 0; round < 10; round += 1) await once();
    const before = residentMb();
    for (let round = 0; round < ROUNDS; round += 1) await once();
    const growth = residentMb() - before;
    await pool.close();
    expect(growth).toBeLessThan(ALLOWED_GROWTH_MB);
  },
);

test('200 models are loaded at once, each answers, and closing ends their threads', async () => {
  const signature = await signatureOf('sum', 'regression');
  const pool = createOnnxWorkerPool({ threads: 2 });
  const models = [];
  for (let index = 0; index < 200; index += 1) {
    const execution = index % 2 === 0 ? ('inline' as const) : ('worker' as const);
    models.push(await loadOnnxModel({ path: fixturePath('sum'), signature, pool, execution }));
  }
  const results = await Promise.all(models.map((model, index) => model.predict([[index, 0, 0]])));
  expect(results.map((result) => result.answers[0]?.value)).toEqual(models.map((_, index) => index));
  await Promise.all(models.map((model) => model.close()));
  await pool.close();
});
