import { SwitchyardError } from '@switchyard/contracts';
import type { LoadedModel } from '@switchyard/runtimes';
import { expect, it } from 'vitest';
import { openGateway } from './fuzz/gateway.ts';
import { fuzz } from './fuzz/run.ts';

const run = async (change?: (model: LoadedModel) => LoadedModel) => {
  const gateway = await openGateway(change);
  const report = await fuzz(gateway, { inputs: 384, seed: 3 });
  await gateway.close();
  return report;
};

it('changed requests are answered for their own rows or refused with a reason', async () => {
  expect((await run()).failures).toEqual([]);
});

it('rows that are answered for one another are noticed, so the check can fail', async () => {
  const { failures } = await run((model) => ({
    ...model,
    predict: async (rows, options) => {
      const result = await model.predict(rows, options);
      return { ...result, answers: result.answers.toReversed() };
    },
  }));
  expect(failures.some((failure) => failure.includes('sums to'))).toBe(true);
  expect(failures.some((failure) => failure.includes('a line of the log is wrong'))).toBe(true);
});

it('a failure that nobody foresaw is noticed too', async () => {
  const { failures } = await run((model) => ({ ...model, infer: () => Promise.reject(new TypeError('inside')) }));
  expect(failures.some((failure) => failure.includes('internal_error'))).toBe(true);
});

it('a model that is said to have failed, though its answer can be said, is noticed too', async () => {
  const { failures } = await run((model) => ({
    ...model,
    infer: () => Promise.reject(new SwitchyardError('model_failed', 'the model failed while it ran')),
  }));
  expect(failures.some((failure) => failure.startsWith('input') && failure.includes('model_failed'))).toBe(true);
});
