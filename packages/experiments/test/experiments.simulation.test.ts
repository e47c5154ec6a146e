import { expect, test } from 'vitest';
import { simulateBandit } from '../simulations/bandit.ts';
import { simulateCoverage } from '../simulations/coverage.ts';
import { simulateAnytimeOffPolicy, simulateOffPolicy } from '../simulations/off-policy.ts';
import {
  simulateLatencyPeeking,
  simulateOtherExactMethods,
  simulatePeeking,
  simulatePower,
} from '../simulations/peeking.ts';
import { simulateRollback } from '../simulations/rollback.ts';
import { missInErrors, type SimulationRow } from '../simulations/row.ts';
import { simulateSampleRatio } from '../simulations/sample-ratio.ts';

// The simulations of simulations/results.md with fewer runs: each row within 3 Monte Carlo errors of its target. Seeded, so
// a failure is a change, not bad luck. Rows whose note says why they miss are in the table only.

function expectTargets(rows: readonly SimulationRow[]) {
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.filter((row) => !row.note && missInErrors(row) > 3)).toEqual([]);
}

test('methods for any time keep their false alarms while one looks', () => expectTargets(simulatePeeking(150)));
test('so do those for latency', () => expectTargets(simulateLatencyPeeking(100)));
test('and those for pairs and drifting rates', () => expectTargets(simulateOtherExactMethods(300)));
test('under a bandit the exact test and the AIPW sequence hold', () => expectTargets(simulateBandit(1000)));
test('a real difference is found', () => expectTargets(simulatePower(150)));
test('sequences hold the truth at all looks together', () => expectTargets(simulateCoverage(100)));
test('the split check is quiet on sound splits and finds broken ones', () => expectTargets(simulateSampleRatio(300)));
test('a broken canary is rolled back in time, a sound one is not', () => expectTargets(simulateRollback(200)));
test('policy values from a log are near and covered', () => expectTargets(simulateOffPolicy(40)));
test('their anytime interval holds', () => expectTargets(simulateAnytimeOffPolicy(300)));
