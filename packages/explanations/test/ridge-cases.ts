// The random regressions of parity/ridge_cases.py, bit for bit.
import { seeded } from './random.ts';

const KINDS = ['bell', 'ones', 'ties', 'constant column', 'far from 0', 'tiny', 'huge', 'copies'] as const;
const ALPHAS = [1, 0.01, 10, 0];

export interface RidgeCase {
  readonly kind: (typeof KINDS)[number];
  readonly unit: number;
  readonly design: number[][];
  readonly targets: number[];
  readonly weights: number[];
  readonly alpha: number;
}

export function ridgeCase(index: number): RidgeCase {
  const uniform = seeded(700_000 + index);
  const kind = KINDS[index % KINDS.length]!;
  const unit = kind === 'tiny' ? 1e-100 : kind === 'huge' ? 1e100 : 1;
  const alpha = ALPHAS[Math.floor(index / KINDS.length) % ALPHAS.length]! * unit * unit;
  const count = 8 + Math.floor(uniform() * 30);
  const width = 1 + Math.floor(uniform() * 5);
  const bell = () => {
    let sum = 0;
    for (let i = 0; i < 12; i += 1) sum += uniform();
    return sum - 6;
  };
  const design: number[][] = [];
  const targets: number[] = [];
  const weights: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const row: number[] = [];
    for (let column = 0; column < width; column += 1) {
      if (kind === 'ones') row.push(uniform() < 0.4 ? 1 : 0);
      else if (kind === 'ties') row.push(Math.floor(uniform() * 4));
      else if (kind === 'constant column' && column === 0) row.push(2.7);
      else if (kind === 'far from 0') row.push(1e6 + bell());
      else if (kind === 'copies' && column === 1) row.push(row[0]!);
      else row.push(bell() * unit);
    }
    design.push(row);
    const signal = row.reduce((sum, value) => sum + value, 0);
    const noise = kind === 'ties' ? Math.floor(uniform() * 3) : bell();
    targets.push(signal + noise * unit);
    weights.push(uniform() < 0.1 ? 0 : kind === 'ties' ? 0.5 : uniform());
  }
  return { kind, unit, design, targets, weights, alpha };
}
