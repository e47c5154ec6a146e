import { expect, test } from 'vitest';
import { EMPTY_VERSION_FORM, versionSpec } from './version-spec.ts';

test('what is left empty is not said', () => {
  expect(versionSpec(EMPTY_VERSION_FORM, null)).toEqual({ format: 'onnx' });
});

test('names by comma or line, whole numbers as labels, lineage with the parent', () => {
  const form = {
    ...EMPTY_VERSION_FORM,
    features: 'amount, v1\nv2,',
    labels: '0, 1',
    positiveLabel: '1',
    dataset: ' october ',
  };
  expect(versionSpec(form, '3')).toEqual({
    format: 'onnx',
    features: ['amount', 'v1', 'v2'],
    labels: [0, 1],
    positiveLabel: 1,
    lineage: { parentVersion: '3', dataset: 'october' },
  });
  expect(versionSpec({ ...form, labels: 'yes, no' }, null)).toMatchObject({ labels: ['yes', 'no'] });
});
