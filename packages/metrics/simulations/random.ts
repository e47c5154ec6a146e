/** Seeded numbers for simulations: sfc32 (Doty-Humphrey's Small Fast Counter), with the usual draws on top. */
export interface SeededRandom {
  uniform(): number;
  normal(): number;
  exponential(): number;
  bernoulli(probability: number): 0 | 1;
  below(limit: number): number;
}

export function seededRandom(seed: number): SeededRandom {
  let [a, b, c, counter] = [seed >>> 0, 0x9e3779b9, 0x243f6a88, 1];
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let warm = 0; warm < 20; warm += 1) next();
  const uniform = () => (Math.floor(next() * 2 ** 21) + next()) / 2 ** 21;
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    exponential: () => -Math.log(1 - uniform()),
    bernoulli: (probability) => (next() < probability ? 1 : 0),
    below: (limit) => Math.floor(uniform() * limit),
  };
}
