import type { SeededRandom } from '../../metrics/simulations/random.ts';
import { type MemberLog, withComplement } from '../src/index.ts';

/** How one simulated member sees the truth: its noise, and how sure it makes itself sound (1 is honest). */
export interface SimulatedMember {
  readonly noise: number;
  readonly boldness: number;
}

const SLOPE = 2;

/**
 * Rows of a hidden score x ~ N(0, 1), outcome 1 with probability σ(2x). Each member sees x + noise and says
 * σ(boldness·2·what it expects x to be).
 */
export function drawLog(random: SeededRandom, rows: number, members: readonly SimulatedMember[]): MemberLog {
  const said = members.map(() => new Float64Array(rows));
  const outcomes = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const hidden = random.normal();
    outcomes[row] = random.bernoulli(sigmoid(SLOPE * hidden));
    for (const [at, { noise, boldness }] of members.entries()) {
      const seen = (hidden + noise * random.normal()) / (1 + noise * noise);
      (said[at] as Float64Array)[row] = sigmoid(boldness * SLOPE * seen);
    }
  }
  const both = said.map((scores) => {
    const made = withComplement(scores);
    if (!made.ok) throw new Error(made.needed);
    return made.probabilities;
  });
  return { task: { kind: 'classification', classes: 2 }, members: both, outcomes };
}

/** Regression: members are the truth plus a bias and noise, partly shared. */
export function drawValues(
  random: SeededRandom,
  rows: number,
  members: readonly { readonly noise: number; readonly bias: number }[],
): MemberLog {
  const said = members.map(() => new Float64Array(rows));
  const outcomes = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const truth = random.normal();
    const shared = 0.3 * random.normal();
    outcomes[row] = truth;
    for (const [at, { noise, bias }] of members.entries()) {
      (said[at] as Float64Array)[row] = truth + bias + shared + noise * random.normal();
    }
  }
  return { task: { kind: 'regression' }, members: said, outcomes };
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
