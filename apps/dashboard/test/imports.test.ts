import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const source = join(import.meta.dirname, '../src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
const importsOf = (text: string): { specifier: string; isType: boolean }[] =>
  [...text.matchAll(/^import (type )?[^;]*?from '([^']+)'|^import '([^']+)'/gm)].map((match) => ({
    specifier: match[2] ?? match[3] ?? '',
    isType: match[1] !== undefined,
  }));

/** What checks policies as they are typed, loaded when somebody edits one: imported by no page at once. */
const WITH_SCHEMA = ['policy/endpoint-schema.ts', 'policy/without-eval.ts'];

function breaches(file: string, text: string): string[] {
  const found: string[] = [];
  for (const { specifier, isType } of importsOf(text)) {
    if (specifier.startsWith('@mantine/') && !file.startsWith('ui/')) found.push(`${file}: ${specifier} outside ui/`);
    if (specifier === '@tanstack/react-table' && !file.startsWith('ui/'))
      found.push(`${file}: ${specifier} outside ui/`);
    // The schemas would come along.
    const isSchema = specifier === 'zod' || specifier.startsWith('@switchyard/contracts');
    if (isSchema && !isType && !file.endsWith('.test.ts') && !WITH_SCHEMA.includes(file))
      found.push(`${file}: ${specifier} at run time`);
    if (WITH_SCHEMA.some((name) => specifier.endsWith(`/${name.split('/').at(-1)}`)) && !WITH_SCHEMA.includes(file))
      found.push(`${file}: ${specifier} not on demand`);
    if (specifier.startsWith('node:') && !file.endsWith('.test.ts')) found.push(`${file}: ${specifier} in a browser`);
  }
  return found;
}

test('component libraries stay behind ui/, and schemas out of the browser', () => {
  expect(files.length).toBeGreaterThan(50);
  expect(files.flatMap((file) => breaches(file, readFileSync(join(source, file), 'utf8')))).toEqual([]);
});

test('the rule notices a breach', () => {
  const bad =
    "import { Button } from '@mantine/core';\nimport { policySchema } from '@switchyard/contracts';\nimport { join } from 'node:path';\n";
  expect(breaches('pages/x.tsx', bad)).toHaveLength(3);
  expect(breaches('pages/x.tsx', "import { checkEndpointShape } from '../policy/endpoint-schema.ts';")).toHaveLength(1);
  expect(breaches('policy/x.ts', "import { policySchema } from '@switchyard/contracts/policy';")).toHaveLength(1);
  expect(breaches('ui/x.tsx', "import { Menu } from '@mantine/core';")).toEqual([]);
});
