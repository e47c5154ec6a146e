import type { FeatureSpec, Policy, ServedEndpoint, ServedModel, Signature } from '@switchyard/contracts';
import type { LoadedModel } from '@switchyard/runtimes';
import type { SnapshotContent } from './fake-control.ts';
import { createFakeModel, type FakeModel } from './fake-model.ts';
import { servedEndpoint } from './fraud-models.ts';

/** A small made-up world: two models that take a few features of every type. */
export const SHOP_FEATURES: readonly FeatureSpec[] = [
  { name: 'score', type: 'number' },
  { name: 'visits', type: 'integer', default: 1 },
  { name: 'country', type: 'string', categories: ['ch', 'de', 'other'], default: 'other' },
  { name: 'is_new', type: 'boolean', default: false },
];

export const shopSignature: Partial<Signature> = {
  layout: 'tensor-per-feature',
  inputs: [
    { name: 'score', datatype: 'FP32', shape: [-1, 1] },
    { name: 'visits', datatype: 'INT64', shape: [-1, 1] },
    { name: 'country', datatype: 'BYTES', shape: [-1, 1] },
    { name: 'is_new', datatype: 'BOOL', shape: [-1, 1] },
  ],
};

export function served(name: string, loaded: LoadedModel, over: Partial<ServedModel> = {}): ServedModel {
  const version = (number: string) => ({
    version: number,
    format: 'onnx' as const,
    artifact: { sha256: 'b'.repeat(64), sizeBytes: 1 },
    signature: loaded.signature,
  });
  return {
    name,
    task: 'binary',
    defaultVersion: '1',
    aliases: { champion: '1' },
    versions: { '1': version('1') },
    ...over,
  };
}

export const model = (name: string): Policy => ({ kind: 'model', model: name, version: '1' });

export interface Shop {
  readonly content: SnapshotContent;
  readonly loaded: Map<string, LoadedModel>;
  readonly a: FakeModel;
  readonly b: FakeModel;
}

/** Endpoints: `plain` (model a), `half` (a or b), `ruled` (b for large scores), `lenient` (ignores what it does not know). */
export function createShop(
  options: {
    a?: FakeModel;
    b?: FakeModel;
    settings?: Partial<ServedEndpoint['settings']>;
    endpoints?: Record<string, Policy>;
  } = {},
): Shop {
  const a = options.a ?? createFakeModel({ features: SHOP_FEATURES, signature: shopSignature });
  const b =
    options.b ??
    createFakeModel({ features: SHOP_FEATURES, signature: shopSignature, answer: () => ({ label: 1, score: 0.75 }) });
  const policies: Record<string, Policy> = {
    plain: model('a'),
    half: {
      kind: 'split',
      arms: [
        { name: 'left', weight: 0.5, policy: model('a') },
        { name: 'right', weight: 0.5, policy: { kind: 'model', model: 'b', alias: 'champion' } },
      ],
    },
    ruled: {
      kind: 'rules',
      rules: [{ name: 'large', when: 'features.score > 0.5 && features.visits % 2 == 1', policy: model('b') }],
      otherwise: model('a'),
    },
    ...options.endpoints,
  };
  const endpoints = Object.entries(policies).map(([name, policy]) => servedEndpoint(name, policy, 7, options.settings));
  endpoints.push(servedEndpoint('lenient', model('a'), 2, { ...options.settings, unknownFeatures: 'ignore' }));
  return {
    content: {
      models: { a: served('a', a), b: served('b', b) },
      endpoints: Object.fromEntries(endpoints.map((endpoint) => [endpoint.name, endpoint])),
      keepWarm: [],
    },
    loaded: new Map<string, LoadedModel>([
      ['a/1', a],
      ['b/1', b],
    ]),
    a,
    b,
  };
}
