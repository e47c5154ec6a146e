import type { FeatureSpec, Policy } from '@switchyard/contracts';
import type { RegistryView } from '../src/index.ts';

export const model = (name: string, version = '1'): Policy => ({ kind: 'model', model: name, version });

export const split = (...arms: [string, number, Policy][]): Policy => ({
  kind: 'split',
  arms: arms.map(([name, weight, policy]) => ({ name, weight, policy })),
});

export const rules = (conditions: [string, string, Policy][], otherwise: Policy): Policy => ({
  kind: 'rules',
  rules: conditions.map(([name, when, policy]) => ({ name, when, policy })),
  otherwise,
});

const features: FeatureSpec[] = [
  { name: 'amount', type: 'number' },
  { name: 'visits', type: 'integer' },
  { name: 'country', type: 'string', categories: ['ch', 'de'] },
  { name: 'is_new', type: 'boolean', default: false },
];

export const registry: RegistryView = {
  models: {
    a: {
      task: 'binary',
      aliases: { champion: '2', gone: '9' },
      versions: { '1': { signature: { features } }, '2': { signature: { features } } },
    },
    b: { task: 'binary', aliases: {}, versions: { '1': { signature: { features } } } },
    price: {
      task: 'regression',
      aliases: {},
      versions: { '1': { signature: { features: [{ name: 'amount', type: 'string' }] } } },
    },
  },
};

export const input = (over: Partial<Parameters<typeof import('../src/index.ts').decide>[1]> = {}) => ({
  features: {},
  segment: {},
  unit: '',
  context: {},
  atMs: 0,
  requestId: '01890a5d-ac96-774b-bcce-b302099a8057',
  ...over,
});
