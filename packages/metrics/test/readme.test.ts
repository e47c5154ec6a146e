import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { expect, test } from 'vitest';
import * as metrics from '../src/index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';

/** Runs the README's example and gives the value of every line that states one in a comment. */
function runExample(): Map<string, unknown> {
  const values = new Map<string, unknown>();
  const lines = stripTypeScriptTypes(example)
    .split('\n')
    .map((line) => {
      if (line.startsWith('import')) return line.replace('import', 'const').replace(/ from .*/, ' = metrics;');
      const [, code, stated] = /^(?!const|here\.learn|ranking\.learn)(\S.*); \/\/ (.*)$/.exec(line) ?? [];
      return code ? `note(${JSON.stringify(stated)}, ${code});` : line;
    });
  const run = new Function('metrics', 'note', lines.join('\n'));
  run(metrics, (stated: string, value: unknown) => values.set(stated, value));
  return values;
}

function rounded(value: unknown): unknown {
  if (typeof value === 'number') return Math.round(value * 1000) / 1000;
  if (Array.isArray(value)) return value.map(rounded);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, rounded(one)]));
}

test('the worked example says what it states', () => {
  const values = [...runExample()].map(([stated, value]) => [stated, rounded(value)] as const);
  expect(values.length).toBe(7);
  for (const [stated, value] of values) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const [written] = /^\{.*\}/.exec(stated) ?? [];
      const expected = new Function(`return ${written}`)();
      if (expected.needed) expect(value).toMatchObject({ ok: false, reason: expected.reason });
      else expect(value).toEqual(expected);
    } else {
      expect(stated.match(/[\d.]+|true|false/g)?.map((part) => JSON.parse(part))).toEqual([value].flat());
    }
  }
});

test('the table names every exported function and class, and nothing else', () => {
  const table = readme.slice(readme.indexOf('| question'), readme.indexOf('## Conventions'));
  const named = [...table.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  expect([...new Set([...named, 'completeRows'])].sort()).toEqual(Object.keys(metrics).sort());
});
