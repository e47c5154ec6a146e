import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as explanations from '../src/index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]!);

/** Runs an example; every line `expression; // → value` becomes a check of that value. */
async function runExample(code: string): Promise<number> {
  let checked = 0;
  const check = (actual: unknown, expected: string, line: string): void => {
    expect(actual, line).toEqual(JSON.parse(expected));
    checked += 1;
  };
  const body = code
    .replace(/import \{([^}]*)\} from '@switchyard\/explanations';/g, 'const {$1} = explanations;')
    .replace(/^(.+); \/\/ → (.+)$/gm, (line, expression: string, expected: string) => {
      return `check(${expression}, ${JSON.stringify(expected)}, ${JSON.stringify(line)});`;
    });
  const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (
    ...parts: string[]
  ) => (library: typeof explanations, verify: typeof check) => Promise<void>;
  await new AsyncFunction('explanations', 'check', body)(explanations, check);
  return checked;
}

describe('README', () => {
  test('example does what it says', async () => {
    expect(examples).toHaveLength(1);
    expect(await runExample(examples[0]!)).toBeGreaterThan(12);
  });

  test('names every exported function', () => {
    const functions = Object.entries(explanations)
      .filter(([, value]) => typeof value === 'function')
      .map(([name]) => name);
    expect(functions.filter((name) => !readme.includes(`\`${name}`))).toEqual([]);
  });
});
