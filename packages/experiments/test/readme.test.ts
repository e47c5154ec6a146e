import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { expect, test } from 'vitest';
import * as experiments from '../src/index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';

/** Numbers as the README prints them: three decimals. */
function rounded(value: unknown): unknown {
  if (typeof value === 'number') return Math.round(value * 1000) / 1000;
  return Array.isArray(value) ? value.map(rounded) : value;
}

test('the worked example says what it states', () => {
  let checked = 0;
  const check = (actual: unknown, expected: string, line: string) => {
    expect(rounded(actual), line).toEqual(JSON.parse(expected));
    checked += 1;
  };
  const body = stripTypeScriptTypes(example)
    .replace(/import \{([^}]*)\} from '@switchyard\/experiments';/, 'const {$1} = experiments;')
    .replace(
      /^(.+); \/\/ → (.+)$/gm,
      (line, expression: string, expected: string) =>
        `check(${expression}, ${JSON.stringify(expected)}, ${JSON.stringify(line)});`,
    );
  new Function('experiments', 'check', body)(experiments, check);
  expect(checked).toBe(8);
});

test('the table names every exported function, and nothing else', () => {
  const table = readme.slice(readme.indexOf('| question'), readme.indexOf('## Conventions'));
  const named = [...table.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  expect([...new Set(named)].sort()).toEqual(Object.keys(experiments).sort());
});
