import { readFileSync } from 'node:fs';
import { type PolicyKind, policySchema } from '@switchyard/contracts';
import { expect, it } from 'vitest';

const page = readFileSync(new URL('../docs/policies.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) => JSON.parse(text as string) as unknown);

it('the page of policies shows policies that are valid, of every kind it explains', () => {
  const kinds = blocks.map((block) => policySchema.parse(block).kind);
  const explained: PolicyKind[] = ['rules', 'best', 'bandit', 'ensemble', 'cascade', 'fallback', 'shadow'];
  expect(new Set(kinds)).toEqual(new Set(explained));
});
