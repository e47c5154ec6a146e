import { expect, it } from 'vitest';
import { openGateway } from './fuzz/gateway.ts';
import { fuzz } from './fuzz/run.ts';

it('50,000 changed requests: no crash, no hang, no answer for another row', async () => {
  const gateway = await openGateway();
  const { failures, outcomes } = await fuzz(gateway, { inputs: 50_000, seed: 7 });
  await gateway.close();
  expect(failures).toEqual([]);
  for (const kind of ['predict', 'features', 'tensor', 'model', 'types', 'raw', 'grpc']) {
    // Both happen often enough to say something.
    const answered = outcomes[kind]?.answered ?? 0;
    const all = Object.values(outcomes[kind] ?? {}).reduce((sum, count) => sum + count, 0);
    expect([kind, answered > 1_000, all - answered > 1_000]).toEqual([kind, true, true]);
  }
});
