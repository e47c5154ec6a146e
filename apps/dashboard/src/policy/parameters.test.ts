import { policySchema } from '@switchyard/contracts';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { BRANCH_LISTS, type BranchKind } from './branches.ts';
import { BRANCH_PARAMETERS, KIND_LABELS, NODE_PARAMETERS, parseNumber, parsePercent, toPercent } from './parameters.ts';

interface Schema {
  readonly $ref?: string;
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
  readonly anyOf?: Schema[];
  readonly oneOf?: Schema[];
  readonly const?: string;
  readonly enum?: string[];
  readonly description?: string;
  readonly $defs?: Record<string, Schema>;
}
const document = z.toJSONSchema(policySchema, { unrepresentable: 'any' }) as Schema;
const follow = (schema: Schema | undefined): Schema => {
  const name = /^#\/\$defs\/(.+)$/.exec(schema?.$ref ?? '')?.[1];
  return name === undefined ? (schema ?? {}) : follow(document.$defs?.[name]);
};
const nodes = (follow(document).oneOf ?? follow(document).anyOf ?? []).map(follow);
const nodeOf = (kind: string) => nodes.find((node) => follow(node.properties?.kind).const === kind) ?? {};

/** Dotted keys of everything that can be set, those of alternatives together. */
function keysOf(schema: Schema, skip: readonly string[]): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, child]) => {
    if (skip.includes(key)) return [];
    const found = follow(child);
    const nested = found.oneOf ?? found.anyOf;
    if (key === 'meta') return [key];
    if (nested !== undefined) return nested.flatMap((one) => keysOf(follow(one), []).map((name) => `${key}.${name}`));
    return found.properties === undefined ? [key] : keysOf(found, []).map((name) => `${key}.${name}`);
  });
}

test.each(Object.keys(BRANCH_LISTS) as BranchKind[])('the form of %s has every parameter of the contract', (kind) => {
  const node = nodeOf(kind);
  const list = BRANCH_LISTS[kind];
  const nodeKeys = new Set(keysOf(node, ['kind', list, 'otherwise', 'primary']));
  expect(new Set(NODE_PARAMETERS[kind].map(({ key }) => key))).toEqual(nodeKeys);
  const branchKeys = keysOf(follow(follow(node.properties?.[list]).items), ['name', 'policy']);
  expect(new Set(BRANCH_PARAMETERS[kind].map(({ key }) => key))).toEqual(new Set(branchKeys));
});

test('choices are those of the contract, and defaults are the ones it states', () => {
  let checked = 0;
  for (const kind of Object.keys(BRANCH_LISTS) as BranchKind[]) {
    for (const parameter of NODE_PARAMETERS[kind]) {
      const field = parameter.key.split('.').reduce((at, key) => follow(at.properties?.[key]), nodeOf(kind));
      if (parameter.type === 'choice' && field.enum !== undefined) {
        expect(parameter.options.map(({ value }) => value).toSorted(), parameter.key).toEqual(field.enum.toSorted());
        checked += 1;
      }
      const stated = /([\d.]+) unless given/.exec(field.description ?? '')?.[1];
      if (stated !== undefined && 'default' in parameter) {
        expect(String(parameter.default), `${kind}: ${parameter.key}`).toBe(stated);
        checked += 1;
      }
    }
  }
  expect(checked).toBeGreaterThan(15);
});

test('every kind has a name', () => {
  expect(nodes.map((node) => follow(node.properties?.kind).const).toSorted()).toEqual(
    Object.keys(KIND_LABELS).toSorted(),
  );
});

test('numbers are read as people type them, and what is none is kept to be complained about', () => {
  expect(['25', ' 2,5 ', '', 'many', '1e3'].map(parseNumber)).toEqual([25, 2.5, undefined, 'many', 1000]);
  expect(['30', '33.3333', '30 %', ''].map(parsePercent)).toEqual([0.3, 0.333333, 0.3, undefined]);
  expect([0.07, 1 / 3, undefined, 'x'].map(toPercent)).toEqual(['7', '33.33333333', '', 'x']);
});
