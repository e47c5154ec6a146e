import type { ControlAnswer } from '@switchyard/client';
import type {
  Endpoint,
  EndpointRevision,
  EndpointTraffic,
  Model,
  ModelVersion,
  PeriodSummary,
  PlatformStatus,
  Policy,
  PredictionDetail,
  PredictionSummary,
  TimeSeries,
} from '@switchyard/contracts';

import { policyLeaves } from '../src/policy/branches.ts';

/** A pseudo-random sequence that is the same in every run (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const instant = (at: number) => new Date(at).toISOString();
const HOUR = 3_600_000;
const FEATURES = ['amount', 'v1', 'v2', 'v3', 'v4', 'v10', 'v14', 'v17'];

export const fraudPolicy = (forest = '2'): Policy => ({
  kind: 'rules',
  rules: [
    { name: 'low', when: 'features.amount < 100.0', policy: { kind: 'model', model: 'rules', version: '1' } },
    {
      name: 'middle',
      when: 'features.amount <= 1000.0',
      policy: {
        kind: 'split',
        experiment: 'forest-or-network',
        arms: [
          { name: 'forest', weight: 0.5, policy: { kind: 'model', model: 'random-forest', version: forest } },
          { name: 'network', weight: 0.5, policy: { kind: 'model', model: 'neural-network', version: '1' } },
        ],
      },
    },
  ],
  otherwise: { kind: 'model', model: 'xgboost', alias: 'champion' },
});

const leaf = (model: string, at: { version: string } | { alias: string }) => ({ kind: 'model' as const, model, ...at });

/** Every kind of node at least once, some inside each other. */
export const purchasePolicy: Policy = {
  kind: 'shadow',
  primary: {
    kind: 'rules',
    rules: [
      {
        name: 'returning',
        when: "segment.visitor == 'returning'",
        policy: {
          kind: 'ensemble',
          method: 'stacking',
          members: [
            { name: 'forest', policy: leaf('random-forest', { alias: 'champion' }) },
            { name: 'boosted', policy: leaf('xgboost', { version: '2' }), timeoutMs: 40 },
            { name: 'network', policy: leaf('neural-network', { version: '1' }), weight: 2 },
          ],
          minimumMembers: 2,
          meta: { model: 'xgboost', version: '1' },
        },
      },
      {
        name: 'big-basket',
        when: 'features.amount > 900.0',
        policy: {
          kind: 'cascade',
          steps: [
            { name: 'cheap', minimumConfidence: 0.9, policy: leaf('rules', { version: '1' }) },
            { name: 'careful', policy: leaf('random-forest', { version: '2' }) },
          ],
        },
      },
      {
        name: 'remote',
        when: "context.channel == 'app'",
        policy: {
          kind: 'fallback',
          targets: [
            { name: 'torch', timeoutMs: 80, retries: 1, policy: leaf('neural-network', { version: '1' }) },
            { name: 'local', policy: leaf('rules', { version: '1' }) },
          ],
          breaker: { failureShare: 0.3 },
        },
      },
      {
        name: 'mobile',
        when: "segment.device == 'mobile'",
        policy: {
          kind: 'best',
          metric: 'f1',
          segment: 'region',
          windowMinutes: 2_880,
          candidates: [
            { name: 'forest', policy: leaf('random-forest', { version: '2' }) },
            { name: 'boosted', policy: leaf('xgboost', { alias: 'champion' }) },
          ],
        },
      },
    ],
    otherwise: {
      kind: 'split',
      experiment: 'bandit-or-not',
      arms: [
        {
          name: 'learning',
          weight: 0.8,
          policy: {
            kind: 'bandit',
            algorithm: 'linucb',
            reward: { from: 'value', name: 'revenue', minimum: 0, maximum: 200 },
            contextFeatures: ['amount', 'v1'],
            arms: [
              { name: 'forest', policy: leaf('random-forest', { version: '2' }) },
              { name: 'network', policy: leaf('neural-network', { version: '1' }) },
            ],
          },
        },
        { name: 'control', weight: 0.2, policy: leaf('rules', { version: '1' }) },
      ],
    },
  },
  shadows: [{ name: 'next-forest', share: 0.25, policy: leaf('random-forest', { version: '3' }) }],
};

export interface MockState {
  models: Model[];
  versions: Map<string, ModelVersion[]>;
  endpoints: Map<string, EndpointRevision[]>;
  /** What was published last and when; gateways take it over a moment later. */
  published?: { readonly revision: EndpointRevision; readonly at: number };
}

const TAKING_OVER_MS = 700;
const hashOf = (number: number) => (0xa41c + number).toString(16).repeat(16);

function version(model: string, number: number, at: number): ModelVersion {
  const sha = createRandom(number * 7 + model.length)()
    .toString(16)
    .slice(2)
    .padEnd(64, '0a1b2c3d4e5f')
    .slice(0, 64);
  return {
    model,
    version: String(number),
    format: 'onnx',
    artifact: { sha256: sha.replace(/[^0-9a-f]/g, '0'), sizeBytes: 48_213 * (number + model.length) },
    signature: {
      features: FEATURES.map((name, index) => ({ name, type: 'number', ...(index === 7 ? { default: 0 } : {}) })),
      layout: 'single-tensor',
      inputs: [{ name: 'float_input', datatype: 'FP32', shape: [-1, FEATURES.length] }],
      outputs: [
        { name: 'label', datatype: 'INT64', shape: [-1] },
        { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
      ],
      roles: { label: 'label', probabilities: 'probabilities' },
      labels: [0, 1],
      positiveLabel: 1,
    },
    lineage: {
      ...(number > 1 ? { parentVersion: String(number - 1) } : {}),
      dataset: 'creditcard-transactions, first 60 % by time',
      codeRevision: 'c512c60',
      run: `training ${number}`,
      framework: model === 'xgboost' ? 'xgboost 3.1.1' : 'scikit-learn 1.8.0',
      metrics: { rocAuc: 0.9612 + number / 500, prAuc: 0.7541 + number / 300, precision: 0.8713, recall: 0.7425 },
    },
    createdAt: instant(at),
  };
}

export function createState(now: number, scenario: 'data' | 'empty'): MockState {
  if (scenario === 'empty') return { models: [], versions: new Map(), endpoints: new Map() };
  const names = ['rules', 'random-forest', 'xgboost', 'neural-network', 'logistic'];
  const counts = [1, 3, 2, 1, 1];
  const versions = new Map(
    names.map((name, index) => [
      name,
      Array.from({ length: counts[index] ?? 1 }, (_, one) =>
        version(name, one + 1, now - (30 - one * 5) * HOUR),
      ).toReversed(),
    ]),
  );
  const models: Model[] = names.map((name, index) => ({
    name,
    task: 'binary',
    description:
      [
        'Thresholds that a bank would set by hand.',
        'Two hundred trees.',
        'Gradient boosting.',
        'Two hidden layers.',
        '',
      ][index] ?? '',
    createdAt: instant(now - (40 - index) * HOUR),
    latestVersion: String(counts[index]),
    versionCount: counts[index] ?? 1,
    aliases:
      name === 'xgboost' ? { champion: '2', challenger: '1' } : name === 'random-forest' ? { champion: '2' } : {},
    endpoints: name === 'logistic' ? [] : [...(name === 'rules' ? ['fraud', 'fraud-shadow'] : ['fraud']), 'purchase'],
  }));
  const settings = {
    onLogFailure: 'refuse',
    unknownFeatures: 'reject',
    timeoutMs: 10_000,
    maximumQueuedRows: 10_000,
  } as const;
  const cached = { ...settings, timeoutMs: 800, cache: { ttlSeconds: 300 } };
  const revision = (
    endpoint: string,
    number: number,
    policy: Policy,
    note: string,
    rollbackOf: number | null,
  ): EndpointRevision => ({
    endpoint,
    revision: number,
    policy,
    settings: endpoint === 'purchase' ? cached : settings,
    note,
    author: number === 1 ? 'demo' : 'dana',
    rollbackOf,
    clients:
      number === 1 ? null : { requests: 187, refused: number === 2 ? 12 : 0, skipped: null, forced: number === 2 },
    createdAt: instant(now - (20 - number * 3) * HOUR),
  });
  return {
    models,
    versions,
    endpoints: new Map([
      [
        'fraud',
        [
          revision('fraud', 4, fraudPolicy('2'), 'v3 was slower under load', 2),
          revision('fraud', 3, fraudPolicy('3'), 'Try the deeper forest', null),
          revision('fraud', 2, fraudPolicy('2'), 'Retrained on October', null),
          revision('fraud', 1, fraudPolicy('1'), 'As a bank would route', null),
        ],
      ],
      ['fraud-shadow', [revision('fraud-shadow', 1, { kind: 'model', model: 'rules', version: '1' }, '', null)]],
      ['purchase', [revision('purchase', 1, purchasePolicy, 'Every kind of node', null)]],
    ]),
  };
}

function usedModels(policy: Policy): {
  model: string;
  version?: string | undefined;
  alias?: string | undefined;
  path: string;
}[] {
  return policyLeaves(policy).map(({ node, path }) => ({
    model: node.model,
    version: node.version,
    alias: node.alias,
    path,
  }));
}

export function endpointOf(state: MockState, name: string): Endpoint | undefined {
  const revisions = state.endpoints.get(name);
  const live = revisions?.[0];
  if (revisions === undefined || live === undefined) return undefined;
  const models = usedModels(live.policy).map(({ model, version: given, alias, path }) => ({
    model,
    version: given ?? state.models.find((one) => one.name === model)?.aliases[alias ?? ''] ?? '1',
    path,
  }));
  return {
    name,
    createdAt: revisions.at(-1)?.createdAt ?? live.createdAt,
    live,
    previousRevision: revisions[1]?.revision ?? null,
    models,
    features: state.versions.get(models[0]?.model ?? '')?.[0]?.signature.features ?? [],
  };
}

export function emptySummary(): PeriodSummary {
  return {
    predictions: 0,
    failed: 0,
    rejected: 0,
    errorRate: null,
    meanLatencyMicros: null,
    p50LatencyMicros: null,
    p95LatencyMicros: null,
    p99LatencyMicros: null,
    labelled: 0,
    accuracy: null,
    precision: null,
    recall: null,
    f1: null,
  };
}

export function summary(scale: number, latency: number, accuracy: number | null): PeriodSummary {
  const predictions = Math.round(184_213 * scale);
  return {
    predictions,
    failed: Math.round(predictions * 0.0004),
    rejected: Math.round(predictions * 0.0007),
    errorRate: 0.0011,
    meanLatencyMicros: 612 * latency,
    p50LatencyMicros: 498 * latency,
    p95LatencyMicros: 1_420 * latency,
    p99LatencyMicros: 2_980 * latency,
    labelled: accuracy === null ? 0 : Math.round(predictions * 0.31),
    accuracy,
    precision: accuracy === null ? null : accuracy - 0.13,
    recall: accuracy === null ? null : accuracy - 0.22,
    f1: accuracy === null ? null : accuracy - 0.18,
  };
}

const PATHS = [
  { model: 'rules', version: '1', path: 'low', share: 0.62 },
  { model: 'random-forest', version: '2', path: 'middle/forest', share: 0.17 },
  { model: 'neural-network', version: '1', path: 'middle/network', share: 0.165 },
  { model: 'xgboost', version: '2', path: 'otherwise', share: 0.045 },
] as const;

export function quality(): ControlAnswer<'listModelQuality'> {
  return {
    items: PATHS.map(({ model, version: number, share }, index) => ({
      model,
      version: number,
      summary: summary(share, 0.6 + index * 0.35, index === 2 ? null : 0.981 - index * 0.012),
    })),
  };
}

const PURCHASE_PATHS: readonly (readonly [path: string, share: number, failed: number, latency: number])[] = [
  ['returning', 0.34, 0.0006, 3.1],
  ['big-basket/cheap', 0.071, 0, 0.5],
  ['big-basket/careful', 0.019, 0.0004, 2.4],
  ['remote/torch', 0.082, 0.034, 6.2],
  ['remote/local', 0.011, 0, 9.8],
  ['mobile/forest', 0.04, 0, 1.3],
  ['mobile/boosted', 0.19, 0.0002, 1.1],
  ['otherwise/learning/forest', 0.15, 0.0001, 1.3],
  ['otherwise/learning/network', 0.048, 0.0003, 1.8],
  ['otherwise/control', 0.0485, 0, 0.3],
  ['', 0.0005, 1, 20],
];

export function endpointTraffic(from: number, to: number, endpoint: string): EndpointTraffic {
  const paths =
    endpoint === 'purchase'
      ? PURCHASE_PATHS
      : endpoint === 'fraud'
        ? PATHS.map(
            ({ path, share }, index) => [path, share, index === 2 ? 0.021 : 0.0002 * index, 0.6 + index] as const,
          )
        : [];
  const scale = (to - from) / 3_600_000;
  const member = (
    path: string,
    name: string,
    model: string,
    number: string,
    asked: number,
    failed: number,
    micros: number,
    role: 'member' | 'attempt' | 'shadow' = 'member',
  ) => ({ path, name, role, model, version: number, asked, failed, p50Micros: micros * 0.6, p95Micros: micros });
  return {
    from: instant(from),
    to: instant(to),
    paths: paths.map(([path, share, failed, latency], index) => {
      const one = summary(share * scale, latency, index % 3 === 2 ? null : 0.94 - index * 0.01);
      return { path, summary: { ...one, failed: Math.round(one.predictions * failed), rejected: 0 } };
    }),
    membersFrom: instant(Math.max(from, to - 3_600_000)),
    members:
      endpoint === 'purchase'
        ? [
            member('returning', 'forest', 'random-forest', '2', 20_000, 3, 1_900),
            member('returning', 'boosted', 'xgboost', '2', 20_000, 412, 38_000),
            member('returning', 'network', 'neural-network', '1', 20_000, 0, 2_300),
            member('remote/local', 'torch', 'neural-network', '1', 2_026, 2_026, 80_000, 'attempt'),
          ]
        : [],
  };
}

export function timeSeries(from: number, to: number, points: number, groupBy: string): TimeSeries {
  const stepSeconds = Math.max(1, Math.ceil((to - from) / points / 1_000));
  const step = stepSeconds * 1_000;
  const groups =
    groupBy === 'none'
      ? [{ key: '', share: 1 }]
      : PATHS.map(({ model, path, share }) => ({
          key: groupBy === 'model' ? model : groupBy === 'path' ? path : 'fraud',
          share,
        }));
  return {
    from: instant(from),
    to: instant(to),
    stepSeconds,
    series: groups.map(({ key, share }, index) => {
      const values: TimeSeries['series'][number]['points'] = [];
      for (let at = Math.ceil(from / step) * step; at < to; at += step) {
        const random = createRandom(Math.floor(at / 1_000) + index * 977);
        // A hole that moves with the clock: an outage, which has to look like one.
        // A few steps alone would be all hole at some hours.
        if (points > 20 && Math.floor(at / step) % 97 < 4) continue;
        const wave = 1 + 0.35 * Math.sin(at / 900_000) + 0.12 * random();
        const filling = at + step > to ? Math.max(0.05, (to - at) / step) : 1;
        const predictions = Math.round(51 * share * stepSeconds * wave * filling);
        const spike = random() > 0.97 ? 2.2 : 1;
        const age = (to - at) / (to - from);
        const labelled = age < 0.12 ? 0 : Math.round(predictions * Math.min(0.5, age * 0.6));
        values.push({
          at: instant(at),
          predictions,
          failed: random() > 0.9 ? Math.round(predictions * 0.004) : 0,
          rejected: groupBy === 'none' ? (index + values.length) % 3 : null,
          meanLatencyMicros: 600 * wave * spike,
          p50LatencyMicros: 480 * wave,
          p95LatencyMicros: 1_350 * wave * spike,
          p99LatencyMicros: 2_600 * wave * spike * (1 + random() * 0.4),
          labelled,
          accuracy:
            labelled === 0 ? null : Math.min(1, 0.965 + 0.02 * Math.sin(at / 1_500_000) + (random() - 0.5) * 0.012),
          meanScore: 0.04 + random() * 0.01,
        });
      }
      return { key, points: values };
    }),
  };
}

/** The n-th prediction before now: the same id always, and an id that sorts by time. */
export function prediction(index: number, at: number): PredictionSummary {
  const random = createRandom(index);
  const roll = random();
  let sum = 0;
  const taken =
    PATHS.find(({ share }) => {
      sum += share;
      return roll < sum;
    }) ?? PATHS[0];
  const score = random() ** 6;
  const failed = random() > 0.985;
  const label = score > 0.5 ? 1 : 0;
  const known = random();
  return {
    id: `019a${(index + 0x10000000).toString(16)}-0000-7000-8000-000000000000`
      .replace(/^(.{8})(.{4})/, '$1-$2')
      .replace('--', '-')
      .slice(0, 36),
    at: instant(at),
    endpoint: 'fraud',
    revision: 4,
    path: failed ? '' : taken.path,
    model: failed ? '' : taken.model,
    version: failed ? '' : taken.version,
    status: failed ? 'error' : 'ok',
    error: failed ? 'deadline_exceeded' : '',
    unit: `card-${Math.floor(random() * 900)}`,
    answer: failed ? {} : { label, score, probabilities: { '0': 1 - score, '1': score } },
    outcome: failed || known < 0.45 ? null : known < 0.96 ? label : 1 - label,
    totalMicros: 300 + random() * 1_500,
  };
}

/** What a trial of the endpoint `purchase` becomes: an ensemble with all roles of members. */
export function trialDetail(trial: PredictionSummary, given: Partial<PredictionDetail>): PredictionDetail {
  const probabilities = { '0': 0.27, '1': 0.73 };
  const answer = { label: 1, score: 0.73, probabilities };
  const other = { label: 0, score: 0.41, probabilities: { '0': 0.59, '1': 0.41 } };
  return {
    ...predictionDetail(trial),
    endpoint: 'purchase',
    revision: 1,
    path: 'returning',
    model: 'ensemble:stacking',
    version: '',
    status: 'ok',
    error: '',
    answer,
    outcome: null,
    totalMicros: 4_180,
    queueMicros: 310,
    modelMicros: 3_400,
    decision: [
      { node: '', kind: 'rules', chosen: 'returning' },
      { node: 'returning', kind: 'ensemble', chosen: 'stacking', reason: 'without boosted: deadline_exceeded' },
    ],
    propensity: 1,
    members: [
      { name: 'forest', role: 'member', model: 'random-forest', version: '2', answer, modelMicros: 1_720 },
      {
        name: 'boosted',
        role: 'member',
        model: 'xgboost',
        version: '2',
        error: 'deadline_exceeded',
        modelMicros: 40_000,
      },
      { name: 'network', role: 'member', model: 'neural-network', version: '1', answer: other, modelMicros: 2_210 },
      { name: 'local', role: 'attempt', model: 'rules', version: '1', error: 'upstream_failed', modelMicros: 120 },
      { name: 'next-forest', role: 'shadow', model: 'random-forest', version: '3', answer: other, modelMicros: 2_940 },
    ],
    feedback: [],
    ...given,
  };
}

export function predictionDetail(summaryRow: PredictionSummary): PredictionDetail {
  const random = createRandom(Number.parseInt(summaryRow.id.slice(4, 8), 16) + 5);
  const middle = summaryRow.path.startsWith('middle');
  const modelMicros = summaryRow.totalMicros * 0.42;
  return {
    ...summaryRow,
    requestId: `019a0000-0000-7000-8000-${summaryRow.id.slice(0, 8)}0000`,
    snapshot: 'a41c'.repeat(16),
    gateway: 'gateway-0',
    segment: { channel: 'online', region: 'eu' },
    context: { hour: 14, weekend: false },
    features: Object.fromEntries(
      FEATURES.map((name, index) => [
        name,
        index === 0 ? Math.round(random() * 90_000) / 100 : index === 7 ? null : (random() - 0.5) * 4,
      ]),
    ),
    decision: [
      {
        node: '',
        kind: 'rules',
        chosen: middle ? 'middle' : summaryRow.path,
        reason: middle ? 'features.amount <= 1000.0' : 'features.amount < 100.0',
      },
      ...(middle
        ? [
            {
              node: 'middle',
              kind: 'split',
              chosen: summaryRow.path.split('/')[1] ?? '',
              probabilities: { forest: 0.5, network: 0.5 },
              bucket: 231_407,
            },
          ]
        : []),
    ],
    propensity: middle ? 0.5 : 1,
    members: [
      {
        name: summaryRow.path,
        role: 'member',
        model: summaryRow.model,
        version: summaryRow.version,
        answer: summaryRow.answer,
        modelMicros,
      },
    ],
    queueMicros: summaryRow.totalMicros * 0.21,
    modelMicros,
    batchRows: 4,
    cached: false,
    feedback:
      summaryRow.outcome === null
        ? []
        : [
            {
              at: summaryRow.at,
              receivedAt: instant(Date.parse(summaryRow.at) + 90_000),
              label: summaryRow.outcome,
              reward: null,
              values: { loss: 12.5 },
            },
          ],
  };
}

/** Only of endpoints with a cache. */
export function cacheUse(state: MockState): ControlAnswer<'listCacheUse'> {
  const withCache = [...state.endpoints.keys()].filter((name) => state.endpoints.get(name)?.[0]?.settings.cache);
  return {
    items: withCache.map((endpoint) =>
      endpoint === 'purchase'
        ? { endpoint, answered: 184_213, cached: 57_106, hitRate: 0.31 }
        : { endpoint, answered: 0, cached: 0, hitRate: null },
    ),
  };
}

export function status(now: number, state: MockState): PlatformStatus {
  const { published } = state;
  const isTaken = published === undefined || now - published.at > TAKING_OVER_MS;
  const newest = hashOf(published?.revision.revision ?? 0);
  const held = [...state.endpoints.keys()].flatMap((name) => endpointOf(state, name)?.models ?? []);
  const unique = new Map(held.map((one) => [`${one.model} ${one.version}`, one]));
  return {
    version: '0.1.0',
    startedAt: instant(now - 26 * HOUR),
    snapshot: { version: 12, hash: newest, createdAt: instant(now - 2 * HOUR) },
    stores: [
      { port: 'metadata', engine: 'PGlite', healthy: true, detail: '' },
      { port: 'analytics', engine: 'chDB', healthy: true, detail: '' },
      { port: 'objects', engine: 'files', healthy: true, detail: '' },
    ],
    shipping: {
      pendingSegments: 1,
      pendingBytes: 41_200,
      lastShippedAt: instant(now - 400),
      quarantinedSegments: 0,
      problem: null,
    },
    gateways: [
      {
        id: 'gateway-0',
        pid: 4_211,
        startedAt: instant(now - 26 * HOUR),
        state: 'ready',
        snapshot: { hash: isTaken ? newest : hashOf(-1), version: 12 },
        snapshotError: null,
        models: [...unique.values()].map(({ model, version: number }, index) => ({
          model,
          version: number,
          // What the shadow runs is still on its way; nothing that answers is.
          state: model === 'random-forest' && number === '3' ? 'loading' : 'ready',
          error: null,
          execution: index % 2 === 0 ? 'inline' : 'worker',
          runMicros: 21 + index * 40,
        })),
        memoryBytes: 187_400_000,
        rehearsal: {
          snapshot: newest,
          at: instant(now - 2 * HOUR),
          endpoints: [
            {
              endpoint: published?.revision.endpoint ?? 'fraud',
              revision: published?.revision.revision ?? 4,
              rows: 32,
              refused: 0,
              reasons: [],
              compared: 32,
              meanAbsoluteDifference: 0.0127,
              maximumAbsoluteDifference: 0.3104,
              changedLabelShare: 1 / 32,
            },
          ],
        },
        log: { writable: true, unshippedSegments: 1, unshippedBytes: 41_200 },
        lastSeenAt: instant(now - 900),
        reachable: true,
      },
    ],
    gatewayUrl: 'http://127.0.0.1:7071',
  };
}
