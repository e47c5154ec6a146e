/** Seeded random numbers for simulations: sfc32 (Doty-Humphrey's Small Fast Counter) and the usual draws on top. */
export interface SeededRandom {
  uniform(): number;
  normal(): number;
  below(limit: number): number;
  /** Index drawn with the given probabilities, which sum to 1. */
  pick(probabilities: readonly number[]): number;
  binomial(trials: number, probability: number): number;
}

export function seededRandom(seed: number): SeededRandom {
  let a = seed >>> 0;
  let b = 0x9e3779b9;
  let c = 0x243f6a88;
  let counter = 1;
  let spare = Number.NaN;
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let warm = 0; warm < 20; warm += 1) next();
  const uniform = () => ((next() >>> 6) * 2 ** 27 + (next() >>> 5)) / 2 ** 53;
  return {
    uniform,
    normal() {
      if (!Number.isNaN(spare)) {
        const value = spare;
        spare = Number.NaN;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    below: (limit) => Math.floor(uniform() * limit),
    pick(probabilities) {
      let left = uniform();
      for (let index = 0; index < probabilities.length - 1; index += 1) {
        left -= probabilities[index] as number;
        if (left < 0) return index;
      }
      return probabilities.length - 1;
    },
    binomial(trials, probability) {
      // Jumps from success to success: fast for the rare events it is used for.
      const scale = Math.log1p(-probability);
      let successes = -1;
      let position = 0;
      while (position <= trials) {
        position += Math.floor(Math.log(1 - uniform()) / scale) + 1;
        successes += 1;
      }
      return successes;
    },
  };
}
