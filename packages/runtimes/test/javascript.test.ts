import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Signature, SwitchyardError, Task, VersionSpec } from '@switchyard/contracts';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { inspectJavascriptFile, loadJavascriptModel } from '../src/javascript/index.ts';
import type { LoadedModel } from '../src/model-runtime.ts';

const directory = mkdtempSync(join(tmpdir(), 'switchyard-javascript-'));
const opened: LoadedModel[] = [];
let files = 0;
afterEach(async () => {
  await Promise.all(opened.splice(0).map((model) => model.close()));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const write = (source: string): string => {
  files += 1;
  const path = join(directory, `model-${files}.js`);
  writeFileSync(path, source);
  return path;
};
const inspect = (source: string, task: Task = 'binary', spec: Partial<VersionSpec> = {}, limits = {}) =>
  inspectJavascriptFile({
    path: write(source),
    task,
    spec: { format: 'javascript', features: ['amount', { name: 'country', type: 'string' }], ...spec },
    callLimitMs: 2_000,
    ...limits,
  });
/** Signatures are those of modules that do nothing wrong: what is loaded with them may. */
const signatures = new Map<string, Promise<Signature>>();
const signatureOf = (task: Task, spec: Partial<VersionSpec>): Promise<Signature> => {
  const key = JSON.stringify([task, spec]);
  const answer = task === 'regression' ? '1' : '0.5';
  const known =
    signatures.get(key) ??
    inspect(`export default (rows) => rows.map(() => ${answer})`, task, spec).then((found) => {
      if (!found.ok) throw new Error(found.reason);
      return found.signature;
    });
  signatures.set(key, known);
  return known;
};
const load = async (source: string, task: Task = 'binary', spec: Partial<VersionSpec> = {}, limits = {}) => {
  const signature = await signatureOf(task, spec);
  const model = await loadJavascriptModel({ path: write(source), signature, callLimitMs: 2_000, ...limits });
  opened.push(model);
  return model;
};
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'answered',
    (error: SwitchyardError) => error.code,
  );
const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'answered',
    (error: Error) => error.message,
  );

describe('a JavaScript model', () => {
  it('answers rows by name, in TypeScript too', async () => {
    const source = `
      interface Row { amount: number; country: string }
      export default function predict(rows: Row[]): number[] {
        return rows.map(({ amount, country }): number => (country === 'DE' ? 0.1 : Math.min(1, amount / 1000)));
      }`;
    const found = await inspect(source);
    expect(found).toMatchObject({ ok: true, signature: { labels: [0, 1], roles: { probabilities: 'probabilities' } } });
    const model = await load(source);
    const { answers } = await model.predict([
      [700, 'FR'],
      [700, 'DE'],
    ]);
    expect(answers).toEqual([
      { label: 1, score: 0.7, probabilities: { 0: 1 - 0.7, 1: 0.7 } },
      { label: 0, score: 0.1, probabilities: { 0: 0.9, 1: 0.1 } },
    ]);
    expect(model).toMatchObject({ execution: 'worker' });
  });

  it.each([
    ['a number', 'rows.map((row) => row.amount * 2)', { value: 14 }],
    ['an object', 'rows.map((row) => ({ value: row.amount + 1 }))', { value: 8 }],
  ])('answers values: %s', async (_name, expression, answer) => {
    const model = await load(`export default (rows) => ${expression}`, 'regression');
    expect((await model.predict([[7, 'DE']])).answers).toEqual([answer]);
  });

  it.each([
    ['a label', `'no'`, { label: 'no' }],
    ['probabilities in order', '[0.25, 0.75]', { label: 'no', score: 0.25, probabilities: { yes: 0.25, no: 0.75 } }],
    ['probabilities by name', '({ probabilities: { no: 0.25, yes: 0.75 } })', { label: 'yes', score: 0.75 }],
    ['a score', '({ score: 0.75 })', { label: 'yes', score: 0.75, probabilities: { yes: 0.75, no: 0.25 } }],
    ['a score and a label of its own', `({ score: 0.75, label: 'no' })`, { label: 'no', score: 0.75 }],
  ])('answers classes: %s', async (_name, expression, answer) => {
    const spec = { labels: ['yes', 'no'], positiveLabel: 'yes' };
    const model = await load(`export default (rows) => rows.map(() => ${expression})`, 'binary', spec);
    expect((await model.predict([[7, 'DE']])).answers[0]).toMatchObject(answer);
  });

  it.each([
    ['throws', `() => { throw new Error('no such country') }`, /no such country/],
    ['too few rows', '(rows) => rows.slice(1)', /1 items for 2 rows/],
    ['too many rows', '(rows) => [...rows, 1].map(() => 0.5)', /3 items for 2 rows/],
    ['no list', '() => 0.5', /a list/],
    ['nothing', '() => undefined', /answers nothing/],
    ['NaN', '(rows) => rows.map(() => NaN)', /row 0: null/],
    ['no probability', '(rows) => rows.map(() => 7)', /row 0: 7 is not a probability/],
    ['another label', `(rows) => rows.map(() => 'maybe')`, /row 0: "maybe" is not among the labels/],
    ['a promise', 'async (rows) => rows.map(() => 0.5)', /promise/],
    ['a number that JSON has none for', '(rows) => rows.map(() => 1n)', /BigInt/],
  ])('fails, and goes on, when the module answers wrongly: %s', async (_name, source, message) => {
    const model = await load(`export default ${source}`);
    const rows = [
      [1, 'DE'],
      [2, 'DE'],
    ];
    expect(await codeOf(model.predict(rows))).toBe('model_failed');
    expect(await messageOf(model.predict(rows))).toMatch(message);
  });

  it('kills what overruns its time, and answers the calls behind it', async () => {
    const source = 'export default (rows) => { while (rows[0].amount === 13); return rows.map(() => 0.5) }';
    const model = await load(source, 'binary', {}, { callLimitMs: 300 });
    const startedAt = performance.now();
    const calls = [13, 1, 2, 13, 3].map((amount) => codeOf(model.predict([[amount, 'DE']])));
    expect(await Promise.all(calls)).toEqual([
      'deadline_exceeded',
      'answered',
      'answered',
      'deadline_exceeded',
      'answered',
    ]);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('takes less time when the caller has less', async () => {
    const model = await load('export default (rows) => { while (rows[0].amount === 13); return rows.map(() => 0.5) }');
    const startedAt = performance.now();
    expect(await codeOf(model.predict([[13, 'DE']], { timeoutMs: 50 }))).toBe('deadline_exceeded');
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    const inputs = [
      { name: 'amount', datatype: 'FP64' as const, shape: [1], data: [13] },
      { name: 'country', datatype: 'BYTES' as const, shape: [1], data: ['DE'] },
    ];
    expect(await messageOf(model.infer(inputs, undefined, { timeoutMs: 50 }))).toMatch(/within 50 ms/);
  });

  it('survives a module that fills the memory', async () => {
    const source = `export default (rows) => {
      const kept = [];
      while (rows[0].amount === 13) kept.push(new Array(100000).fill(rows.length));
      return rows.map(() => 0.5);
    }`;
    const model = await load(source, 'binary', {}, { callLimitMs: 20_000 });
    const bad = messageOf(model.predict([[13, 'DE']]));
    const good = codeOf(model.predict([[1, 'DE']]));
    expect(await bad).toMatch(/memory/);
    expect(await good).toBe('answered');
  });

  it('refuses what waits beyond the limit', async () => {
    const source = 'export default (rows) => rows.map(() => 0.5)';
    const model = await load(source, 'binary', {}, { maximumQueuedRows: 2 });
    const calls = [1, 2, 3].map((amount) => codeOf(model.predict([[amount, 'DE']])));
    expect(await Promise.all(calls)).toEqual(['answered', 'answered', 'overloaded']);
  });

  it('reaches nothing of the process', async () => {
    const names = [
      'process',
      'require',
      'module',
      'fetch',
      'setTimeout',
      'globalThis.process',
      'Buffer',
      'WebAssembly.compile',
    ];
    const types = names.map((name) => `typeof ${name}`).join(', ');
    const source = `
      let escape = 'not tried';
      import('node:fs').catch((error) => {
        try { escape = String(error.constructor.constructor('return process')()) } catch { escape = 'closed' }
      });
      let compiled = 'not tried';
      try { compiled = String(Function('return 1')()) } catch { compiled = 'closed' }
      const seen = [${types}].slice(0, 7);
      export default (rows) => rows.map(() => seen.every((type) => type === 'undefined') && escape === 'closed' && compiled === 'closed' ? 1 : 0);
    `;
    const model = await load(source, 'regression');
    expect((await model.predict([[1, 'DE']])).answers).toEqual([{ value: 1 }]);
  });

  it('is not ended by a promise that it leaves to itself', async () => {
    const model = await load(`
      export default (rows) => {
        Promise.reject(new Error('left behind'));
        return rows.map(() => 0.5);
      }
    `);
    for (let call = 0; call < 3; call += 1) expect(await codeOf(model.predict([[1, 'DE']]))).toBe('answered');
  });

  it('is served to tensors as well', async () => {
    const model = await load('export default (rows) => rows.map(({ amount }) => amount / 10)');
    const inputs = [
      { name: 'amount', datatype: 'FP64' as const, shape: [2], data: [1, 2] },
      { name: 'country', datatype: 'BYTES' as const, shape: [2], data: ['DE', 'FR'] },
    ];
    const { outputs } = await model.infer(inputs);
    expect(outputs).toEqual([
      { name: 'probabilities', datatype: 'FP64', shape: [2, 2], data: Float64Array.from([0.9, 0.1, 0.8, 0.2]) },
    ]);
  });
});

describe('a module is refused', () => {
  it.each([
    ['without features', 'export default (rows) => rows.map(() => 0.5)', { features: undefined }, /name its features/],
    ['that is no JavaScript', 'export default (', {}, /no JavaScript/],
    ['without a default export', 'export const predict = () => [0.5]', {}, /no function as its default export/],
    ['that imports', `import fs from 'node:fs'; export default () => [0.5]`, {}, /imports 'node:fs'/],
    ['that fails when loaded', `throw new Error('not today')`, {}, /not today/],
    ['that fails on the rows it is tried with', `export default () => { throw new Error('zero') }`, {}, /zero/],
    ['that never ends', 'for (;;);', {}, /longer than/],
    ['with a label twice', 'export default (rows) => rows.map(() => 0.5)', { labels: ['a', 'a'] }, /twice/],
  ])('%s', async (_name, source, spec, reason) => {
    const found = await inspect(source, 'binary', spec as Partial<VersionSpec>, { loadLimitMs: 3_000 });
    expect(found.ok ? 'accepted' : found.reason).toMatch(reason);
  });
});
