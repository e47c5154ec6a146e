import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as routing from '../src/index.ts';

it('the example of the README says what happens', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const body = example.replace(/^import .*$/m, '');
  const values: string[] = [];
  // Each line of the form `expression; // value` becomes a check of that value.
  const program = body.replace(/^(\w[^\n]*?); \/\/ (.*)$/gm, (line, expression: string, value: string) => {
    if (line.startsWith('  ')) return line;
    values.push(value.replace(/ : .*$/, ''));
    return `results.push(${expression});`;
  });
  const results: unknown[] = [];
  new Function('results', ...Object.keys(routing), program)(results, ...Object.values(routing));
  expect(results).toHaveLength(5);
  results.forEach((result, index) => {
    const text = values[index] ?? '';
    if (text.includes('…')) {
      const { bucket, ...rest } = result as { bucket: number };
      expect(Number.isInteger(bucket)).toBe(true);
      expect(rest).toEqual(new Function(`return (${text.replace(', bucket: …', '')})`)());
    } else {
      expect(result).toEqual(new Function(`return (${text})`)());
    }
  });
});
