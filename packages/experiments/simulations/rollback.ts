import { compareEventCounts, decideExperiment, eventCountPoint } from '../src/index.ts';
import { seededRandom } from './random.ts';
import { answer, quantileRow, type SimulationRow, shareRow } from './row.ts';

const REQUESTS_A_SECOND = 100;
const CANARY_SHARE = 0.1;

/** A canary with 10 % of 100 requests a second, looked at every second: when is it rolled back? */
export function simulateRollback(runs: number): SimulationRow[] {
  const rows: SimulationRow[] = [];
  for (const alpha of [0.05, 0.01]) {
    const broken = runCanaries(runs, 0.05, 600, alpha, 5000);
    const setting = `errors 1 % to 5 %, 10 % canary, 100 requests a second, alpha ${alpha}`;
    rows.push(
      quantileRow('seconds until rollback, median', setting, broken, 0.5, [0, 30]),
      quantileRow('seconds until rollback, 95th percentile', setting, broken, 0.95, null),
    );
  }
  for (const alpha of [0.05, 0.01]) {
    const clean = runCanaries(runs, 0.01, 1800, alpha, 5100);
    const rolledBack = clean.filter((seconds) => seconds < Number.POSITIVE_INFINITY).length;
    rows.push(
      shareRow('false rollback', `errors 1 % in both, 30 minutes, 1,800 looks, alpha ${alpha}`, rolledBack, runs, [
        0,
        alpha,
      ]),
    );
  }
  return rows;
}

/** Seconds until each canary is rolled back; infinite when it never is. */
function runCanaries(runs: number, errorRate: number, seconds: number, alpha: number, seed: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: runs }, () => {
    const events = { control: 0, treatment: 0 };
    for (let second = 1; second <= seconds; second += 1) {
      const canary = random.binomial(REQUESTS_A_SECOND, CANARY_SHARE);
      events.treatment += random.binomial(canary, errorRate);
      events.control += random.binomial(REQUESTS_A_SECOND - canary, 0.01);
      const evidence = compareEventCounts(events, CANARY_SHARE, { alpha });
      if (evidence.ok && evidence.isDifferent && evidence.rateRatio > 1) {
        confirm(events, alpha);
        return second;
      }
    }
    return Number.POSITIVE_INFINITY;
  });
}

/** The decision function must say the same from the drawn point. */
function confirm(events: { control: number; treatment: number }, alpha: number): void {
  const point = answer(eventCountPoint(events, CANARY_SHARE, { alpha }));
  const decision = answer(
    decideExperiment([{ points: { errors: point } }], {
      metrics: [
        { name: 'quality', role: 'goal', betterWhen: 'higher', margin: 0, alpha: 0.05 },
        { name: 'errors', role: 'guardrail', betterWhen: 'lower', margin: 0, alpha },
      ],
    }),
  );
  if (decision.verdict !== 'roll-back') throw new Error(`${decision.verdict}: ${decision.because}`);
}
