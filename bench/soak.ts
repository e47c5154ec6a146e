// Fifty endpoints of every kind under mixed load for ten minutes: does memory or latency grow?
// node bench/soak.ts [minutes] [requests a second]
import { appendFileSync, mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import type { PlatformStatus, Policy } from '@switchyard/contracts';
import { publish, startFixture } from './fixture.ts';
import { runLoad } from './load/run-load.ts';

const minutes = Number(process.argv[2] ?? 10);
const perSecond = Number(process.argv[3] ?? 1_000);
const ENDPOINTS = 50;

const model = (name: string): Policy => ({ kind: 'model', model: name, alias: 'champion' });
const branches = (...names: string[]) => names.map((name) => ({ name, policy: model(name) }));
const KINDS: readonly (() => Policy)[] = [
  () => model('xgboost'),
  () => ({ kind: 'split', arms: branches('neural-network', 'rule-based').map((arm) => ({ ...arm, weight: 0.5 })) }),
  () => ({
    kind: 'rules',
    rules: [{ name: 'large', when: 'features.Amount > 100.0', policy: model('xgboost') }],
    otherwise: model('rule-based'),
  }),
  () => ({ kind: 'best', metric: 'accuracy', candidates: branches('neural-network', 'xgboost') }),
  () => ({
    kind: 'bandit',
    algorithm: 'thompson',
    reward: { from: 'correct' },
    arms: branches('neural-network', 'xgboost'),
  }),
  () => ({ kind: 'ensemble', method: 'soft_vote', members: branches('neural-network', 'xgboost', 'rule-based') }),
  () => ({
    kind: 'cascade',
    steps: branches('rule-based', 'xgboost').map((step, index) =>
      index === 0 ? { ...step, minimumConfidence: 0.9 } : step,
    ),
  }),
  () => ({ kind: 'fallback', targets: branches('neural-network', 'rule-based') }),
  () => ({
    kind: 'shadow',
    primary: model('neural-network'),
    shadows: [{ name: 's', share: 0.2, policy: model('xgboost') }],
  }),
  () => ({ kind: 'ensemble', method: 'majority_vote', members: branches('random-forest', 'xgboost', 'rule-based') }),
];

const fixture = await startFixture((line) => process.stderr.write(`${line}\n`));
interface Sample {
  readonly minute: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  /** Failed requests by status and code; one that broke off has neither. */
  readonly failures: Readonly<Record<string, number>>;
  readonly perSecond: number;
  readonly memoryBytes: number;
}
const samples: Sample[] = [];
try {
  const names = Array.from({ length: ENDPOINTS }, (_, index) => `soak-${index}`);
  for (const [index, name] of names.entries()) {
    await publish(fixture.platform, name, (KINDS[index % KINDS.length] as () => Policy)(), index === ENDPOINTS - 1);
  }
  for (let minute = 1; minute <= minutes; minute += 1) {
    const result = await runLoad({
      host: '127.0.0.1',
      port: fixture.gatewayPort,
      path: '',
      paths: names.map((name) => `/v1/models/${name}:predict`),
      bodiesFile: fixture.bodiesFile,
      connections: 64,
      seconds: 58,
      warmUpSeconds: 2,
      perSecond,
    });
    const status = (await (await fetch(`${fixture.platform.controlUrl}/api/v1/status`)).json()) as PlatformStatus;
    const sample = {
      minute,
      p50: result.latencyMs.p50,
      p99: result.latencyMs.p99,
      failed: result.failed,
      failures: result.failures,
      perSecond: result.perSecond,
      memoryBytes: status.gateways[0]?.memoryBytes ?? Number.NaN,
    };
    samples.push(sample);
    console.log(
      `minute ${String(minute).padStart(2)}  ${sample.perSecond.toFixed(0)}/s  p50 ${sample.p50.toFixed(2)} ms  p99 ${sample.p99.toFixed(2)} ms  failed ${sample.failed}${result.failed === 0 ? '' : ` ${JSON.stringify(sample.failures)}`}  gateway ${(sample.memoryBytes / 2 ** 20).toFixed(0)} MiB`,
    );
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
  // The first minute warms up.
  const early = samples.slice(1, 4);
  const late = samples.slice(-3);
  const growth = (of: (sample: (typeof samples)[number]) => number) => median(late.map(of)) / median(early.map(of));
  console.log(
    `last three minutes against the second to fourth: memory × ${growth((s) => s.memoryBytes).toFixed(2)}, p50 × ${growth((s) => s.p50).toFixed(2)}, p99 × ${growth((s) => s.p99).toFixed(2)}`,
  );
  mkdirSync(new URL('./results/', import.meta.url), { recursive: true });
  appendFileSync(
    new URL('./results/soak.ndjson', import.meta.url),
    `${JSON.stringify({ at: new Date().toISOString(), machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? '?'}`, perSecond, endpoints: ENDPOINTS, samples })}\n`,
  );
} finally {
  await fixture.stop();
}
process.exit(0);
