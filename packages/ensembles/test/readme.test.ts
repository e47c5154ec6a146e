import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as ensembles from '../src/index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';

/** Runs the README's example and gives the value of every line that states one in a comment. */
function runExample(): [stated: string, value: unknown][] {
  const values: [string, unknown][] = [];
  const lines = example.split('\n').map((line) => {
    const [, code, stated] = /^(?!const)(\S.*); \/\/ (.*)$/.exec(line) ?? [];
    return code ? `note(${JSON.stringify(stated)}, ${code});` : line;
  });
  const code = lines.join('\n').replace(/^import (\{[^}]*\}) from .*$/m, 'const $1 = ensembles;');
  const run = new Function('ensembles', 'note', code);
  run(ensembles, (stated: string, value: unknown) => values.push([stated, value]));
  return values;
}

function rounded(value: unknown): unknown {
  if (typeof value === 'number') return Math.round(value * 1000) / 1000;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, rounded(one)]));
}

test('the worked example says what it states', () => {
  const values = runExample();
  expect(values.length).toBe(11);
  for (const [stated, value] of values) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const expected = new Function(`return ${stated}`)();
      if (expected.needed) expect(value).toMatchObject({ ok: false, reason: expected.reason });
      else expect(rounded(value)).toEqual(expected);
      continue;
    }
    const parts = stated.match(/'\w+'|[\d.]+|true|false/g)?.map((part) => JSON.parse(part.replaceAll("'", '"')));
    expect(parts).toEqual([value].flat().map(rounded));
  }
});

test('the table names every exported function, and nothing else', () => {
  const table = readme.slice(readme.indexOf('| question'), readme.indexOf('## Conventions'));
  const named = [...table.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  expect([...new Set(named)].sort()).toEqual(Object.keys(ensembles).sort());
});
