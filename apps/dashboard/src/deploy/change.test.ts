import type { EndpointTraffic } from '@switchyard/contracts';
import { expect, test } from 'vitest';
import { changedWhat, shareOfChange } from './change.ts';

const traffic = {
  paths: [
    { path: 'low', summary: { predictions: 30 } },
    { path: 'middle/forest', summary: { predictions: 60 } },
    { path: 'settings.odd', summary: { predictions: 10 } },
  ],
} as unknown as EndpointTraffic;

test('a change of a setting is told by its name and concerns all requests', () => {
  expect(changedWhat('settings.timeoutMs')).toBe('Time limit');
  expect(shareOfChange(traffic, 'settings.timeoutMs')).toBe(1);
});

test('a change of a branch concerns what takes it, whatever the branch is called', () => {
  expect([changedWhat(''), changedWhat('middle')]).toEqual(['all requests', 'middle']);
  expect(shareOfChange(traffic, 'middle')).toBe(0.6);
  expect(changedWhat('settings.odd')).toBe('settings.odd');
  expect(shareOfChange(traffic, 'settings.odd')).toBe(0.1);
  expect(shareOfChange({ ...traffic, paths: [] }, '')).toBe(null);
});
