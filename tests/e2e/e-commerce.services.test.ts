import { readFileSync } from 'node:fs';
import type { Overview, PredictionDetail } from '@switchyard/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  FIRST_PART_MONTHS,
  readSessions,
  SECOND_PART_MONTHS,
  type Session,
  sessionsOf,
} from '../../examples/e-commerce/dataset.ts';
import { readExpectedAnswers } from '../../examples/e-commerce/expected.ts';
import { runShopScenario } from '../../examples/e-commerce/scenario.ts';
import { byVisitor, ENDPOINT, MODELS, setUpShopExample } from '../../examples/e-commerce/setup.ts';
import {
  api,
  freshConfig,
  predict,
  type RunningPlatform,
  removeDataDirectory,
  runPlatform,
  waitFor,
  waitUntilServed,
} from './harness.ts';

interface Week {
  readonly answeredBy: Readonly<Record<string, number>>;
  readonly accuracy: number;
  readonly precision: number;
  readonly recall: number;
}

// Made by tests/e2e/fixtures/expected-shop-replay.py from the published assignment rule and the models' known answers.
const wanted = JSON.parse(
  readFileSync(new URL('./fixtures/expected-shop-replay.json', import.meta.url), 'utf8'),
) as Readonly<Record<'week1' | 'week2', Week>>;
/** Of chi-square with three degrees of freedom, exceeded once in a thousand fair splits. */
const CHI_SQUARE_LIMIT = 16.27;
const sessions = readSessions();
const expected = readExpectedAnswers();

interface Answered {
  readonly session: Session;
  readonly id: string;
  readonly score: number;
  readonly label: unknown;
  readonly path: string;
}

let platform: RunningPlatform;
const answered: Answered[] = [];
/** By visitor: who answered the visitors of week 1 on a visit before the replay. */
const earlier = new Map<number, string>();
let replayStartedAt = '';

beforeAll(async () => {
  platform = await runPlatform(await freshConfig());
  await setUpShopExample(platform.controlUrl, () => {});
  await waitUntilServed(platform, ENDPOINT);
  const visitors = sessionsOf(sessions, FIRST_PART_MONTHS);
  const { served } = await predict(platform, ENDPOINT, {
    instances: visitors.map(({ features }) => features),
    units: visitors.map(({ row }) => `visitor-${row}`),
  });
  served.forEach(({ path }, index) => {
    earlier.set(visitors[index]?.row ?? -1, path);
  });
  replayStartedAt = new Date().toISOString();
  await runShopScenario({
    controlUrl: platform.controlUrl,
    gatewayUrl: platform.gatewayUrl,
    perSecond: 1_500,
    passes: 1,
    labelDelayMs: [0, 400],
    signal: new AbortController().signal,
    print: () => {},
    onAnswered: (session, id, { score = Number.NaN, label }, path) => {
      answered.push({ session, id, score, label, path });
    },
  });
});

afterAll(async () => {
  await platform.stop();
  removeDataDirectory(platform.config);
});

/** The first 48 bits of a UUIDv7 are its time in Unix milliseconds. */
const timeOf = (id: string): number => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);

const answeredIn = (months: readonly string[]): Answered[] =>
  answered.filter(({ session }) => months.includes(session.month));

function countPaths(some: readonly Answered[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { path } of some) counts[path] = (counts[path] ?? 0) + 1;
  return counts;
}

const overviewOf = async (from: string, to: string, labelled: number): Promise<Overview> =>
  waitFor('every label is joined', async () => {
    const found = await api<Overview>(platform, `/overview?from=${from}&to=${to}&endpoint=${ENDPOINT}`);
    return found.current.labelled === labelled ? found : undefined;
  });

it('answers every session of the replayed months once, month by month', () => {
  const order = sessionsOf(sessions, [...FIRST_PART_MONTHS, ...SECOND_PART_MONTHS]);
  expect(answered).toHaveLength(order.length);
  expect(new Set(answered.map(({ session }) => session.row)).size).toBe(order.length);
  expect(new Set(answered.map(({ session }) => session.month))).toEqual(new Set(order.map(({ month }) => month)));
});

describe('week 1', () => {
  it('splits visitors evenly over the four models, as the published rule assigns them', () => {
    const counts = countPaths(answeredIn(FIRST_PART_MONTHS));
    expect(counts).toEqual(wanted.week1.answeredBy);
    const even = answeredIn(FIRST_PART_MONTHS).length / MODELS.length;
    const chiSquare = MODELS.reduce((sum, model) => sum + ((counts[model] ?? 0) - even) ** 2 / even, 0);
    expect(chiSquare).toBeLessThan(CHI_SQUARE_LIMIT);
  });

  it("gives each visitor the answer of the model they were assigned, as Python's onnxruntime does", () => {
    for (const { session, path, score, label } of answeredIn(FIRST_PART_MONTHS)) {
      const answers = expected.get(path);
      expect(Math.abs(score - (answers?.probabilities[session.row] ?? Number.NaN))).toBeLessThanOrEqual(1e-6);
      expect(label).toBe(answers?.labels[session.row]);
    }
  });

  it('keeps every visitor with the model they had before', () => {
    for (const { session, path } of answeredIn(FIRST_PART_MONTHS)) expect(path).toBe(earlier.get(session.row));
  });
});

describe('week 2', () => {
  const pathOfVisitor = { Returning_Visitor: 'returning', New_Visitor: 'new', Other: 'otherwise' } as const;

  it('is revision 2, published by the scenario', async () => {
    const { live } = await api<{ live: { revision: number; policy: unknown } }>(platform, `/endpoints/${ENDPOINT}`);
    expect(live.revision).toBe(2);
    expect(live.policy).toEqual(byVisitor);
  });

  it('routes returning visitors, new visitors and the rest as its policy says', () => {
    const second = answeredIn(SECOND_PART_MONTHS);
    for (const { session, path } of second) expect(path).toBe(pathOfVisitor[session.visitorType]);
    expect(countPaths(second)).toEqual(wanted.week2.answeredBy);
  });

  it('answers the rest with the weighted average of all four models, each of them in the record', async () => {
    const weights = new Map(ensembleMembers().map(({ name, weight }) => [name, weight ?? 1]));
    const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
    const rest = answeredIn(SECOND_PART_MONTHS).filter(({ path }) => path === 'otherwise');
    for (const { session, score, label } of rest) {
      const average = MODELS.reduce(
        (sum, model) =>
          sum + ((weights.get(model) ?? 0) * (expected.get(model)?.probabilities[session.row] ?? 0)) / total,
        0,
      );
      expect(Math.abs(score - average)).toBeLessThanOrEqual(1e-6);
      expect(label).toBe(average > 0.5 ? 1 : 0);
    }
    const record = await waitFor('the record is shipped', () =>
      api<PredictionDetail>(platform, `/predictions/${rest[0]?.id}`),
    );
    expect(record.members.map(({ name }) => name).sort()).toEqual([...MODELS].sort());
    expect(record.segment).toEqual({ visitor: 'Other', month: 'Nov' });
  });
});

function ensembleMembers() {
  if (byVisitor.kind !== 'rules' || byVisitor.otherwise.kind !== 'ensemble')
    throw new Error('no ensemble for the rest');
  return byVisitor.otherwise.members;
}

it('joins every outcome, and shows the accuracy, precision and recall that scikit-learn computes on the same rows', async () => {
  const end = new Date(Date.now() + 60_000).toISOString();
  const counts = { week1: answeredIn(FIRST_PART_MONTHS).length, week2: answeredIn(SECOND_PART_MONTHS).length };
  const times = (months: readonly string[]): number[] => answeredIn(months).map(({ id }) => timeOf(id));
  // Publishing week 2 takes longer than a prediction: the change of weeks is between the last and the first of them.
  const [last, first] = [Math.max(...times(FIRST_PART_MONTHS)), Math.min(...times(SECOND_PART_MONTHS))];
  const changed = new Date((last + first) / 2).toISOString();
  const both = await overviewOf(replayStartedAt, end, counts.week1 + counts.week2);
  expect(both.current.failed).toBe(0);
  const week1 = await overviewOf(replayStartedAt, changed, counts.week1);
  const week2 = await overviewOf(changed, end, counts.week2);
  for (const [shown, known] of [
    [week1.current, wanted.week1],
    [week2.current, wanted.week2],
  ] as const) {
    expect(shown.accuracy).toBeCloseTo(known.accuracy, 12);
    expect(shown.precision).toBeCloseTo(known.precision, 12);
    expect(shown.recall).toBeCloseTo(known.recall, 12);
  }
});
