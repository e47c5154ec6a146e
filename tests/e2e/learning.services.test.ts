import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BanditState,
  type BestState,
  type DecisionStep,
  dataLayout,
  type EndpointRoutingStates,
  type Policy,
  type PredictionDetail,
} from '@switchyard/contracts';
import { compilePolicy, decide } from '@switchyard/routing';
import { regularizedGammaUpper } from '@switchyard/special-functions';
import { openChdbAnalytics } from '@switchyard/storage/analytics';
import { openPgliteMetadata } from '@switchyard/storage/metadata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPublishedStates } from '../../apps/control/src/routing-state/state-store.ts';
import { readSessions, type Session } from '../../examples/e-commerce/dataset.ts';
import { setUpShopExample } from '../../examples/e-commerce/setup.ts';
import {
  api,
  freshConfig,
  predict,
  type RunningPlatform,
  removeDataDirectory,
  runPlatform,
  seededRandom,
  sendFeedback,
  waitFor,
  waitUntilServed,
} from './harness.ts';

/**
 * Two of the shop's models, of different quality where it matters: `shop-popularity` never predicts a purchase,
 * `shop-network` finds a third of them.
 */
const branch = (name: string): { name: string; policy: Policy } => ({
  name,
  policy: { kind: 'model', model: `shop-${name}`, alias: 'champion' },
});
const banditPolicy: Policy = {
  kind: 'shadow',
  primary: {
    kind: 'bandit',
    algorithm: 'thompson',
    reward: { from: 'correct' },
    arms: [branch('popularity'), branch('network')],
    minimumPropensity: 0.1,
  },
  shadows: [branch('logistic')],
};
const bestPolicy: Policy = {
  kind: 'best',
  metric: 'accuracy',
  segment: 'tier',
  candidates: [branch('popularity'), branch('network')],
  minimumLabels: 20,
  explorationShare: 0.4,
};
const policies: Record<string, Policy> = { bandit: banditPolicy, best: bestPolicy };

/** Sessions have columns that these models do not look at. */
const settings = { unknownFeatures: 'ignore' };
const BATCH = 50;
let platform: RunningPlatform;
let sessions: Session[];
/** By id: what was decided, and the truth that was told about it. */
const answered = new Map<string, { endpoint: string; path: string; label: number; isTold: boolean }>();

beforeAll(async () => {
  const config = await freshConfig();
  platform = await runPlatform({
    ...config,
    log: { ...config.log, segmentMaximumAgeMs: 200 },
    learning: { intervalMs: 500 },
  });
  await setUpShopExample(platform.controlUrl, () => {});
  for (const [endpoint, policy] of Object.entries(policies)) {
    await api(platform, `/endpoints/${endpoint}`, { method: 'PUT', body: { policy, settings } });
    await waitUntilServed(platform, endpoint);
  }
  sessions = readSessions();
});
afterAll(async () => {
  await platform.stop();
  removeDataDirectory(platform.config);
});

/** Asks for a batch; returns its ids in order. */
async function ask(endpoint: string, batch: readonly Session[], segment = {}): Promise<string[]> {
  const response = await predict(platform, endpoint, { instances: batch.map(({ features }) => features), segment });
  batch.forEach(({ label }, index) => {
    const path = response.served[index]?.path ?? '';
    answered.set(response.ids[index] as string, { endpoint, path, label, isTold: false });
  });
  return response.ids;
}

async function tell(ids: readonly string[]): Promise<void> {
  const items = ids.map((id) => {
    const about = answered.get(id);
    if (about === undefined) throw new Error('never asked');
    about.isTold = true;
    return { id, label: about.label };
  });
  expect((await sendFeedback(platform, items)).status).toBe(202);
}

const statesOf = (endpoint: string) =>
  api<EndpointRoutingStates>(platform, `/endpoints/${endpoint}/routing-states`).then(({ states }) => states['']);
const countOf = (state: BanditState) => Object.values(state.arms).reduce((sum, { count }) => sum + count, 0);

/** Until at least 98 % of the feedback of the bandit is in its state: less than 1 % more is not worth a publication. */
async function waitUntilLearnt(): Promise<BanditState> {
  const told = [...answered.values()].filter(({ endpoint, isTold }) => endpoint === 'bandit' && isTold).length;
  const state = await waitFor(`the bandit has learnt from ${told} rewards`, async () => {
    const now = (await statesOf('bandit')) as BanditState | undefined;
    return now !== undefined && countOf(now) >= told * 0.98 ? now : undefined;
  });
  expect(countOf(state)).toBeLessThanOrEqual(told);
  await waitUntilServed(platform, 'bandit');
  return state;
}

describe('learning from feedback', () => {
  const late: string[] = [];

  it('moves traffic to the better arm within a few rounds, on labels that come at once', async () => {
    const random = seededRandom(20_261_126);
    const purchases = sessions.filter(({ label }) => label === 1);
    const others = sessions.filter(({ label }) => label === 0);
    const pick = (from: readonly Session[]) => from[Math.floor(random() * from.length)] as Session;
    const shares: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const batch = Array.from({ length: 2 * BATCH }, (_, index) => pick(index % 20 < 2 ? others : purchases));
      const ids = await ask('bandit', batch);
      shares.push(ids.filter((id) => answered.get(id)?.path === 'network').length / ids.length);
      // Of every other answer the truth is known only much later.
      late.push(...ids.filter((_, index) => index % 2 === 1));
      await tell(ids.filter((_, index) => index % 2 === 0));
      await waitUntilLearnt();
    }
    console.info(`share of the better arm by round: ${shares.map((share) => share.toFixed(2)).join(', ')}`);
    const [first = 1, ...rest] = shares;
    expect(first).toBeGreaterThan(0.3);
    expect(first).toBeLessThan(0.7);
    // At most 0.9, so that what is learnt later about the other arm can still turn it.
    expect(rest.at(-1)).toBeGreaterThan(0.7);
  });

  it('counts labels that come late, and labels that change', async () => {
    const before = await waitUntilLearnt();
    await tell(late);
    const after = await waitUntilLearnt();
    expect(after.epoch).toBeGreaterThan(before.epoch);
    expect(countOf(after)).toBeGreaterThan(1.8 * countOf(before));
    // Whatever the labels were, an arm that is always wrong has no reward.
    const ofPopularity = [...answered].filter(
      ([, about]) => about.endpoint === 'bandit' && about.path === 'popularity',
    );
    const wrong = ofPopularity.map(([id]) => ({ id, label: 1 }));
    await sendFeedback(platform, wrong);
    const corrected = await waitFor('the labels that changed', async () => {
      const state = (await statesOf('bandit')) as BanditState;
      return state.arms.popularity?.sum === 0 ? state : undefined;
    });
    expect(corrected.arms.popularity?.count).toBeGreaterThanOrEqual(ofPopularity.length * 0.98);
    expect(corrected.arms.popularity?.count).toBeLessThanOrEqual(ofPopularity.length);
  });

  it('shows what the shadow answered beside the answer', async () => {
    const [id = ''] = answered.keys();
    const detail = await waitFor('the shadow of a prediction', async () => {
      const found = await api<PredictionDetail>(platform, `/predictions/${id}`);
      return found.members.length > 0 ? found : undefined;
    });
    expect(detail.members).toEqual([
      expect.objectContaining({
        name: 'logistic',
        role: 'shadow',
        model: 'shop-logistic',
        version: '1',
        answer: expect.objectContaining({ score: expect.any(Number) }),
      }),
    ]);
    expect(detail.model).toMatch(/^shop-(network|popularity)$/);
  });

  it('sends each segment to its own best candidate', async () => {
    // Sessions that the network takes for purchases: it is right about those that were, and wrong about the others.
    const probe: Session[] = sessions.slice(0, 6_000);
    const taken: Session[] = [];
    await api(platform, '/endpoints/probe', { method: 'PUT', body: { policy: branch('network').policy, settings } });
    await waitUntilServed(platform, 'probe');
    for (let from = 0; from < probe.length; from += 1_000) {
      const some = probe.slice(from, from + 1_000);
      const { predictions } = await predict(platform, 'probe', { instances: some.map(({ features }) => features) });
      taken.push(...some.filter((_, index) => (predictions[index] as { label?: unknown }).label === 1));
    }
    const byTier = { gold: taken.filter(({ label }) => label === 1), silver: taken.filter(({ label }) => label === 0) };
    for (const [tier, rows] of Object.entries(byTier)) {
      expect(rows.length).toBeGreaterThan(20);
      const batch = Array.from({ length: 4 * BATCH }, (_, index) => rows[index % rows.length] as Session);
      await tell(await ask('best', batch, { tier }));
    }
    const state = await waitFor('both candidates are known in both segments', async () => {
      const now = (await statesOf('best')) as BestState | undefined;
      const isKnown = ['gold', 'silver'].every((tier) =>
        ['popularity', 'network'].every((name) => (now?.segments[tier]?.[name]?.labels ?? 0) >= 20),
      );
      return isKnown ? now : undefined;
    });
    expect(state.segments.gold).toMatchObject({ network: { value: 1 }, popularity: { value: 0 } });
    expect(state.segments.silver).toMatchObject({ network: { value: 0 }, popularity: { value: 1 } });
    await waitUntilServed(platform, 'best');
    for (const [tier, better] of [
      ['gold', 'network'],
      ['silver', 'popularity'],
    ] as const) {
      const ids = await ask('best', byTier[tier].slice(0, BATCH), { tier });
      const share = ids.filter((id) => answered.get(id)?.path === better).length / ids.length;
      // 0.8 of it, 0.2 of the other: five standard deviations below is 0.5.
      expect(share).toBeGreaterThan(0.5);
    }
  });
});

interface LoggedRow {
  readonly id: string;
  readonly at: number;
  readonly endpoint: string;
  readonly path: string;
  readonly unit: string;
  readonly segment: string;
  readonly context: string;
  readonly features: string;
  readonly decision: string;
  readonly propensity: number;
  readonly snapshot: string;
}

describe('what was logged', () => {
  it('sums to one, is what happened, and is what the recorded states say, decision by decision', async () => {
    // Shipped a moment after it was answered; then the stores can be opened here.
    await sleep(3_000);
    await platform.stop();
    const { dataDir } = platform.config;
    const analytics = await openChdbAnalytics({ directory: join(dataDir, dataLayout.analytics) });
    const rows = await analytics.query<LoggedRow>(
      `SELECT id, toFloat64(toUnixTimestamp64Milli(at)) AS at, endpoint, path, unit, segment, context, features, decision,
         propensity, snapshot
       FROM predictions WHERE endpoint IN ('bandit', 'best')`,
    );
    await analytics.close();
    expect(rows).toHaveLength(answered.size);

    const cells = new Map<string, { probabilities: Record<string, number>; counts: Map<string, number> }>();
    for (const row of rows) {
      const [step] = JSON.parse(row.decision) as [DecisionStep];
      const probabilities = step.probabilities ?? {};
      expect(Math.abs(Object.values(probabilities).reduce((sum, each) => sum + each, 0) - 1)).toBeLessThan(1e-12);
      expect(row.path).toBe(step.chosen);
      expect(row.propensity).toBe(probabilities[step.chosen]);
      const key = `${row.endpoint} ${JSON.stringify(probabilities)}`;
      const cell = cells.get(key) ?? { probabilities, counts: new Map<string, number>() };
      cells.set(key, cell);
      cell.counts.set(step.chosen, (cell.counts.get(step.chosen) ?? 0) + 1);
    }
    expect(cells.size).toBeGreaterThan(4);

    // Pearson's χ² over all sets of probabilities under which every arm was to be expected ten times:
    // with fewer, the statistic is further from χ² than it may be.
    let statistic = 0;
    let degrees = 0;
    for (const { probabilities, counts } of cells.values()) {
      const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
      const expected = Object.entries(probabilities).map(([name, share]) => ({ name, count: share * total }));
      if (expected.some(({ count }) => count < 9.99)) continue;
      for (const { name, count } of expected) statistic += ((counts.get(name) ?? 0) - count) ** 2 / count;
      degrees += expected.length - 1;
    }
    expect(degrees).toBeGreaterThan(2);
    const pValue = regularizedGammaUpper(degrees / 2, statistic / 2);
    console.info(`χ² ${statistic.toFixed(2)} over ${degrees} degrees of freedom, p ${pValue.toFixed(4)}`);
    expect(pValue).toBeGreaterThan(0.001);

    const metadata = await openPgliteMetadata({ directory: join(dataDir, dataLayout.metadata) });
    const compiled = new Map<string, ReturnType<typeof compilePolicy>>();
    for (const { endpoint, snapshot } of rows) {
      const key = `${endpoint} ${snapshot}`;
      if (compiled.has(key)) continue;
      const found = await findPublishedStates(metadata.db, endpoint, snapshot);
      if (found === undefined) throw new Error(`snapshot ${snapshot} is not on record`);
      compiled.set(key, compilePolicy(policies[endpoint] as Policy, { salt: endpoint, states: found.states }));
    }
    await metadata.close();
    for (const row of rows) {
      const replayed = decide(compiled.get(`${row.endpoint} ${row.snapshot}`) as ReturnType<typeof compilePolicy>, {
        requestId: row.id,
        atMs: row.at,
        unit: row.unit,
        segment: JSON.parse(row.segment),
        context: JSON.parse(row.context),
        features: JSON.parse(row.features),
      });
      const decision = replayed.branches[0]?.decision ?? replayed;
      expect(decision.steps).toEqual(JSON.parse(row.decision));
      expect(decision.path).toBe(row.path);
    }
  });
});
