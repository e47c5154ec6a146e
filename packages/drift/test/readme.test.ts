import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as drift from '../src/index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]!);

/** Runs an example; every line `expression; // → value` becomes a check of that value. */
async function runExample(code: string): Promise<{ checked: number }> {
  let checked = 0;
  const check = (actual: unknown, expected: string, line: string): void => {
    expect(actual, line).toEqual(JSON.parse(expected));
    checked += 1;
  };
  const body = code
    .replace(/import \{([^}]*)\} from '@switchyard\/drift';/g, 'const {$1} = drift;')
    .replace(/^(.+); \/\/ → (.+)$/gm, (line, expression: string, expected: string) => {
      return `check(${expression}, ${JSON.stringify(expected)}, ${JSON.stringify(line)});`;
    });
  const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (
    ...parts: string[]
  ) => (library: typeof drift, verify: typeof check) => Promise<void>;
  await new AsyncFunction('drift', 'check', body)(drift, check);
  return { checked };
}

describe('README', () => {
  test.each(examples.map((code, index) => [index + 1, code] as const))(
    'example %i does what it says',
    async (_, code) => {
      expect((await runExample(code)).checked).toBeGreaterThan(2);
    },
  );

  test('names every exported function', () => {
    const functions = Object.entries(drift)
      .filter(([, value]) => typeof value === 'function')
      .map(([name]) => name);
    const helpers = ['adjustPValues', 'decodeDriftWindow', 'decodeProfile', 'encodeByReferenceShare', 'eppsSingleton'];
    expect(functions.filter((name) => !readme.includes(name) && !helpers.includes(name))).toEqual([]);
  });
});
