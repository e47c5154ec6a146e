import { expect, test } from 'vitest';
import { inspectOnnxFile } from '../src/onnx/index.ts';
import { InspectorProcess } from '../src/onnx/inspector-process.ts';
import { fixturePath, signatureOf } from './fixture.ts';

const orderFor = (name: string) =>
  ({
    path: fixturePath(name),
    spec: { format: 'onnx' },
    task: 'regression',
    memoryLimitMb: 4_096,
  }) as const;

test('one process inspects file after file, and says of each what a new one says', async () => {
  const inspector = new InspectorProcess();
  const names = ['sum', 'sequence-output', 'mixed-rows', 'sum'];
  const outcomes = [];
  for (const name of names) outcomes.push(await inspector.inspect(orderFor(name), 30_000));
  expect(inspector.answered).toBe(names.length);
  inspector.kill();
  for (const [index, name] of names.entries()) {
    const fresh = new InspectorProcess();
    const { inspection: expected } = (await fresh.inspect(orderFor(name), 30_000)) as { inspection: object };
    fresh.kill();
    expect(outcomes[index]).toMatchObject({ kind: 'verdict', inspection: { ...expected, ...anyTime(expected) } });
  }
});

/** How long a run takes is different each time. */
const anyTime = (inspection: object) => ('runMicros' in inspection ? { runMicros: expect.any(Number) } : {});

test('a verdict that comes in several pieces is read as one, whatever letters are at their ends', async () => {
  const { features } = await signatureOf('every-type', 'regression');
  const text = features.findIndex(({ type }) => type === 'string');
  // Three bytes a letter: a piece of 64 KiB ends within one.
  const categories = Array.from({ length: 5_000 }, (_, index) => `${'東京都'.repeat(10)}${index}`);
  const inspector = new InspectorProcess();
  const spec = { format: 'onnx', features: features.with(text, { ...features[text], categories } as never) } as const;
  const outcome = await inspector.inspect({ ...orderFor('every-type'), spec }, 30_000);
  inspector.kill();
  const found =
    outcome.kind === 'verdict' && outcome.inspection.ok ? outcome.inspection.signature.features[text] : outcome;
  expect(found).toMatchObject({ categories });
});

test('a process that has ended says so instead of keeping its caller waiting', async () => {
  const inspector = new InspectorProcess();
  await inspector.inspect(orderFor('sum'), 30_000);
  inspector.kill();
  expect(await inspector.inspect(orderFor('sum'), 30_000)).toMatchObject({ kind: 'crash' });
  expect(inspector.isUsable).toBe(false);
});

test('what a file does to a process is told of that file only', async () => {
  expect((await inspectOnnxFile(orderFor('sum'))).ok).toBe(true);
  expect(await inspectOnnxFile({ ...orderFor('endless-loop'), timeoutMs: 1_000 })).toMatchObject({
    reason: expect.stringMatching(/longer than 1 seconds/),
  });
  expect((await inspectOnnxFile(orderFor('sum'))).ok).toBe(true);
  expect(await inspectOnnxFile({ ...orderFor('memory-hog'), memoryLimitMb: 600 })).toMatchObject({
    reason: expect.stringMatching(/more than 600 MB/),
  });
  const both = await Promise.all([inspectOnnxFile(orderFor('sum')), inspectOnnxFile(orderFor('mixed-rows'))]);
  expect(both.map(({ ok }) => ok)).toEqual([true, true]);
});
