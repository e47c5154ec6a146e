// The Mersenne Twister as Python's `random.Random(seed)` runs it, so that detectors which sample give River's
// indices for River's seeds. Source: Matsumoto and Nishimura (1998); sampling order as documented by CPython.

const SIZE = 624;
const SHIFT = 397;

export interface PythonRandom {
  /** `count` different positions below `population`, in the order `random.sample(range(population), count)` gives. */
  readonly sample: (population: number, count: number) => number[];
}

export function createPythonRandom(seed: number): PythonRandom {
  const state = initialise(seed);
  let index = SIZE;

  const nextWord = (): number => {
    if (index >= SIZE) {
      for (let k = 0; k < SIZE; k += 1) {
        const mixed = (state[k]! & 0x80000000) | (state[(k + 1) % SIZE]! & 0x7fffffff);
        state[k] = state[(k + SHIFT) % SIZE]! ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
      }
      index = 0;
    }
    let word = state[index]!;
    index += 1;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    word ^= word >>> 18;
    return word >>> 0;
  };

  const below = (limit: number): number => {
    const bits = 32 - Math.clz32(limit);
    let value = nextWord() >>> (32 - bits);
    while (value >= limit) value = nextWord() >>> (32 - bits);
    return value;
  };

  return {
    sample(population, count) {
      const chosen: number[] = [];
      let setSize = 21;
      if (count > 5) setSize += 4 ** Math.ceil(Math.log(count * 3) / Math.log(4));
      if (population <= setSize) {
        const pool = Array.from({ length: population }, (_, position) => position);
        for (let i = 0; i < count; i += 1) {
          const j = below(population - i);
          chosen.push(pool[j]!);
          pool[j] = pool[population - i - 1]!;
        }
      } else {
        const taken = new Set<number>();
        for (let i = 0; i < count; i += 1) {
          let j = below(population);
          while (taken.has(j)) j = below(population);
          taken.add(j);
          chosen.push(j);
        }
      }
      return chosen;
    },
  };
}

/** `init_by_array` with the one-word key of a seed below 2³². */
function initialise(seed: number): Uint32Array {
  const state = new Uint32Array(SIZE);
  state[0] = 19650218;
  for (let i = 1; i < SIZE; i += 1) {
    const previous = state[i - 1]! ^ (state[i - 1]! >>> 30);
    state[i] = Math.imul(1812433253, previous) + i;
  }
  let i = 1;
  for (let k = 0; k < SIZE; k += 1) {
    const previous = state[i - 1]! ^ (state[i - 1]! >>> 30);
    state[i] = (state[i]! ^ Math.imul(previous, 1664525)) + (seed >>> 0);
    i += 1;
    if (i >= SIZE) {
      state[0] = state[SIZE - 1]!;
      i = 1;
    }
  }
  for (let k = 0; k < SIZE - 1; k += 1) {
    const previous = state[i - 1]! ^ (state[i - 1]! >>> 30);
    state[i] = (state[i]! ^ Math.imul(previous, 1566083941)) - i;
    i += 1;
    if (i >= SIZE) {
      state[0] = state[SIZE - 1]!;
      i = 1;
    }
  }
  state[0] = 0x80000000;
  return state;
}
