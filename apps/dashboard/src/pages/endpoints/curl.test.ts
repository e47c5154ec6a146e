import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { exampleInstance, predictCurl, quoteForShell } from './curl.ts';

test('a shell gives back what was quoted', () => {
  for (const text of ["it's", '$(touch /tmp/x)', '"a" `b` \\ !', "''"]) {
    expect(execFileSync('sh', ['-c', `printf %s ${quoteForShell(text)}`], { encoding: 'utf8' })).toBe(text);
  }
});

test('a request names its endpoint and holds its body', () => {
  const command = predictCurl('http://127.0.0.1:7071', 'fraud', { instances: [{ note: "don't" }] });
  expect(command).toContain("'http://127.0.0.1:7071/v1/models/fraud:predict'");
  expect(command).toContain(`'{"instances":[{"note":"don'\\''t"}]}'`);
});

test('an example has a value of the right kind for each feature', () => {
  expect(
    exampleInstance([
      { name: 'amount', type: 'number' },
      { name: 'country', type: 'string', categories: ['de', 'fr'] },
      { name: 'age', type: 'integer', default: 30 },
    ]),
  ).toEqual({ amount: 12.5, country: 'de', age: 30 });
});
