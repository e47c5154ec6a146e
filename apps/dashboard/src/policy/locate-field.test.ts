import { expect, test } from 'vitest';
import { lineOfField } from './locate-field.ts';

const document = {
  kind: 'split',
  salt: 'a "quoted" } \\ name',
  arms: [
    { name: 'arms', weight: 0.5, policy: { kind: 'model', model: 'x', version: '1' } },
    { name: 'b', weight: 0.5, policy: { kind: 'split', arms: [{ name: 'c', weight: 1 }] } },
  ],
};
const text = JSON.stringify(document, null, 2);
const lineAt = (field: string) => text.split('\n')[lineOfField(text, field)]?.trim();

test('a field is on the line where its key is', () => {
  expect(lineAt('')).toBe('{');
  expect(lineAt('arms')).toBe('"arms": [');
  expect(lineAt('arms.0.weight')).toBe('"weight": 0.5,');
  expect(lineOfField(text, 'arms.1.weight')).toBeGreaterThan(lineOfField(text, 'arms.0.policy.version'));
  expect(lineAt('arms.1.policy.arms.0.name')).toBe('"name": "c",');
});

test('what is not there is shown where it would be', () => {
  expect(lineAt('arms.1.policy.arms.0.policy')).toBe('{');
  expect(lineOfField(text, 'arms.1.policy.arms.0.policy')).toBe(lineOfField(text, 'arms.1.policy.arms.0'));
  expect(lineAt('arms.0.policy.alias')).toBe('"policy": {');
});

test('no text makes it fail or hang', () => {
  for (let length = 0; length <= text.length; length += 1) {
    expect(lineOfField(text.slice(0, length), 'arms.1.policy.arms.0.weight')).toBeGreaterThanOrEqual(0);
  }
  for (const odd of ['', '[', '{"a"', '}{', '"\\', '[1 2 3]', '{"a":}']) expect(lineOfField(odd, 'a')).toBe(0);
});
