// The random arms and histograms of parity/make_quantiles.py, bit for bit.
const KINDS = ['continuous', 'ties', 'constant', 'tiny', 'huge', 'shifted', 'few'] as const;
const QUANTILES = [0.5, 0.9, 0.95, 0.99];
const HORIZONS = [100, 1_000, 100_000];

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function settingsOf(index: number): { quantile: number; horizonCount: number } {
  return { quantile: QUANTILES[index % 4]!, horizonCount: HORIZONS[Math.floor(index / 4) % 3]! };
}

export function armsCase(index: number): { kind: string; control: number[]; treatment: number[] } {
  const uniform = mulberry32(6_000_000 + index);
  const kind = KINDS[index % KINDS.length]!;
  const sizes = [0, 1].map(() => 1 + Math.floor(uniform() * (kind === 'few' ? 4 : 150)));
  const draw = (arm: number): number => {
    if (kind === 'ties') return Math.floor(uniform() * 5) + arm;
    if (kind === 'constant') return 2.5 + arm;
    const value = 1 / (uniform() + 0.05) + (kind === 'shifted' ? 3 * arm : 0);
    return value * (kind === 'tiny' ? 1e-300 : kind === 'huge' ? 1e300 : 1);
  };
  const [control, treatment] = sizes.map((size, arm) => Array.from({ length: size }, () => draw(arm)));
  return { kind, control: control!, treatment: treatment! };
}

export function binsCase(index: number): { control: number[]; treatment: number[] } {
  const uniform = mulberry32(7_000_000 + index);
  const count = 1 + Math.floor(uniform() * 20);
  const tilt = [1, 0.3 + uniform()];
  const [control, treatment] = [0, 1].map((arm) => {
    const bins = Array.from({ length: count }, (_, k) =>
      uniform() < 0.2 ? 0 : Math.floor(uniform() * (60 + 40 * k * tilt[arm]!)),
    );
    bins[0]! += 1;
    return bins;
  });
  return { control: control!, treatment: treatment! };
}
