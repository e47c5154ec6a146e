import { expect, test } from 'vitest';
import { missInErrors, type SimulationRow } from '../../metrics/simulations/row.ts';
import { learnedEnsembles } from '../simulations/learned-ensembles.ts';
import { replayIntervals } from '../simulations/replay-intervals.ts';

// The simulations of simulations/results.md with fewer runs: each row within 4 Monte Carlo errors of its target. Seeded,
// so a failure is a change, not bad luck.
function expectTargets(rows: readonly SimulationRow[]) {
  expect(rows.filter((row) => !row.isKnownMiss && missInErrors(row) > 4)).toEqual([]);
}

test('intervals of a replay hold the true difference as often as they say', () => expectTargets(replayIntervals(200)));
test('what is learned is worth it on rows to come', () => expectTargets(learnedEnsembles(40)));
