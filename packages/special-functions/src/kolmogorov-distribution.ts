// Distributions of Kolmogorov's statistic: the limit law, the one-sided finite-n law (Smirnov) and
// the two-sided finite-n law. The two-sided law divides the work as Simard and L'Ecuyer do
// (2011, J. Stat. Softw. 39/11), switching where SciPy does, so that both agree also where the
// approximation of Pelz and Good is used.
import { binomialProbability } from './discrete-distributions.ts';

const PI_SQUARED = Math.PI ** 2;

/** P(K > x) for the limit law of √n·D: 2 Σ (-1)^(k-1) exp(-2k²x²). */
export function kolmogorovLimitSurvival(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (x <= 0) return 1;
  if (x < 0.82) return 1 - kolmogorovLimitCdf(x);
  let sum = 0;
  for (let k = 1; k < 20; k += 1) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * x * x);
  return sum;
}

/** P(K ≤ x) for the limit law; the theta-function form below x = 0.82 keeps its small values exact. */
export function kolmogorovLimitCdf(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (x <= 0) return 0;
  if (x >= 0.82) return 1 - kolmogorovLimitSurvival(x);
  let sum = 0;
  for (let k = 1; k < 20; k += 1) sum += Math.exp((-((2 * k - 1) ** 2) * PI_SQUARED) / (8 * x * x));
  return (Math.sqrt(2 * Math.PI) / x) * sum;
}

/** The x with P(K > x) = probability for the limit law. */
export function kolmogorovLimitUpperQuantile(probability: number): number {
  if (!(probability >= 0 && probability <= 1)) return Number.NaN;
  if (probability === 0) return Number.POSITIVE_INFINITY;
  if (probability === 1) return 0;
  let low = 0.03;
  let high = Math.sqrt(-Math.log(probability / 2) / 2) + 1e-12;
  while (high - low > 4e-16 * high) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (kolmogorovLimitSurvival(middle) > probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * P(D⁺ > d) for the one-sided statistic of n observations:
 * d Σ_{j ≤ n(1-d)} C(n,j) (d + j/n)^(j-1) (1 - d - j/n)^(n-j)   (Birnbaum and Tingey 1951).
 */
export function smirnovSurvival(n: number, d: number): number {
  if (!(Number.isInteger(n) && n > 0) || Number.isNaN(d)) return Number.NaN;
  if (d <= 0) return 1;
  if (d >= 1) return 0;
  if (n > 1_000_000) return Math.exp(-((6 * n * d + 1) ** 2) / (18 * n));
  const last = Math.floor(n * (1 - d));
  // For large n the summand is a smooth bump, on which a coarser trapezoid sum is exact to rounding
  // as long as both ends are negligible.
  const stride = n > 20_000 && n * d * d > 1 ? Math.floor(n / 10_000) : 1;
  let sum = 0;
  for (let j = 0; j <= last; j += stride) {
    const share = d + j / n;
    if (share >= 1) {
      if (j === n) sum += 1 / share;
      continue;
    }
    sum += binomialProbability(j, n, share) / share;
  }
  return Math.min(1, d * sum * stride);
}

/**
 * P(D > d) for the two-sided Kolmogorov statistic of n observations against a known continuous law.
 * Exact for n ≤ 140 and in the tails; Pelz–Good (about 1e-10 absolute or better) in between for larger n.
 */
export function kolmogorovSurvival(n: number, d: number): number {
  if (!(Number.isInteger(n) && n > 0) || Number.isNaN(d)) return Number.NaN;
  if (d >= 1) return 0;
  const scaled = n * d;
  if (scaled <= 0.5) return 1;
  if (scaled <= 1) {
    let product = 1;
    for (let i = 1; i <= n && product > 0; i += 1) product *= (i / n) * (2 * scaled - 1);
    return 1 - product;
  }
  if (scaled >= n - 1) return 2 * (1 - d) ** n;
  if (d >= 0.5) return 2 * smirnovSurvival(n, d);
  const square = scaled * d;
  if (n <= 140) {
    return square > 4 ? Math.min(1, 2 * smirnovSurvival(n, d)) : clip(1 - durbinMatrixCdf(n, d));
  }
  if (square >= 370) return 0;
  if (square >= 2.2) return Math.min(1, 2 * smirnovSurvival(n, d));
  // Beyond n = 10,000 the lower tail that this guards is below 1e-6, where Pelz–Good's error is invisible in 1 - cdf.
  if (n <= 10_000 && n * d ** 1.5 <= 1.4) return clip(1 - durbinMatrixCdf(n, d));
  return clip(1 - pelzGoodCdf(n, d));
}

function clip(probability: number): number {
  return Math.min(1, Math.max(0, probability));
}

/** Exact P(D ≤ d) as a matrix power. Source: Durbin (1968); Marsaglia, Tsang and Wang (2003). */
function durbinMatrixCdf(n: number, d: number): number {
  const k = Math.ceil(n * d);
  const size = 2 * k - 1;
  const h = k - n * d;
  const inverseFactorial = [1];
  for (let i = 1; i <= size; i += 1) inverseFactorial.push(inverseFactorial[i - 1]! / i);
  const base = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= Math.min(row + 1, size - 1); column += 1) {
      base[row * size + column] = inverseFactorial[row - column + 1]!;
    }
  }
  for (let i = 0; i < size; i += 1) {
    const edge = (1 - h ** (i + 1)) * inverseFactorial[i + 1]!;
    base[i * size] = edge;
    base[(size - 1) * size + (size - 1 - i)] = edge;
  }
  base[(size - 1) * size] = (1 - 2 * h ** size + Math.max(0, 2 * h - 1) ** size) * inverseFactorial[size]!;

  // Row k of base^n by squaring, with powers of two taken out to avoid overflow.
  let vector = new Float64Array(size);
  vector[k - 1] = 1;
  let exponent = 0;
  let square = base;
  let squareExponent = 0;
  for (let remaining = n; remaining > 0; remaining = Math.floor(remaining / 2)) {
    if (remaining % 2 === 1) {
      vector = multiplyRow(vector, square, size);
      exponent += squareExponent;
    }
    if (remaining > 1) {
      square = multiplySquare(square, size);
      squareExponent *= 2;
      if (square[(k - 1) * size + k - 1]! > 2 ** 128) {
        for (let i = 0; i < square.length; i += 1) square[i] = square[i]! * 2 ** -128;
        squareExponent += 128;
      }
    }
  }
  let probability = vector[k - 1]!;
  for (let i = 1; i <= n; i += 1) {
    probability *= i / n;
    if (probability < 2 ** -128) {
      probability *= 2 ** 128;
      exponent -= 128;
    }
  }
  return probability * 2 ** exponent;
}

function multiplyRow(row: Float64Array, matrix: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const result = new Float64Array(size);
  for (let i = 0; i < size; i += 1) {
    const value = row[i]!;
    if (value === 0) continue;
    for (let j = 0; j < size; j += 1) result[j] = result[j]! + value * matrix[i * size + j]!;
  }
  return result;
}

function multiplySquare(matrix: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const result = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let inner = 0; inner < size; inner += 1) {
      const value = matrix[i * size + inner]!;
      if (value === 0) continue;
      for (let j = 0; j < size; j += 1) {
        result[i * size + j] = result[i * size + j]! + value * matrix[inner * size + j]!;
      }
    }
  }
  return result;
}

/** Pelz and Good (1976): limit law plus corrections of order 1/√n, 1/n and n^(-3/2). */
function pelzGoodCdf(n: number, d: number): number {
  const z = Math.sqrt(n) * d;
  const z2 = z * z;
  const z4 = z2 * z2;
  const z6 = z4 * z2;
  if (PI_SQUARED / (8 * z2) > 708) return 0;
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  const terms = Math.ceil((16 * z) / Math.PI);
  for (let k = terms; k >= 1; k -= 1) {
    const m2 = (2 * k - 1) ** 2;
    const weight = Math.exp((-m2 * PI_SQUARED) / (8 * z2));
    first += weight;
    second += weight * ((PI_SQUARED / 4) * m2 - z2);
    third +=
      weight *
      (6 * z6 + 2 * z4 + ((2 * z4 - 5 * z2) * PI_SQUARED * m2) / 4 + (PI_SQUARED ** 2 * (1 - 2 * z2) * m2 * m2) / 16);
    fourth +=
      weight *
      (-30 * z6 -
        90 * z4 * z4 +
        (PI_SQUARED * (135 * z4 - 96 * z6) * m2) / 4 +
        (PI_SQUARED ** 2 * (212 * z4 - 60 * z2) * m2 * m2) / 16 +
        (PI_SQUARED ** 3 * (5 - 30 * z2) * m2 * m2 * m2) / 64);
  }
  let thirdExtra = 0;
  let fourthExtra = 0;
  for (let k = terms; k >= 1; k -= 1) {
    const square = PI_SQUARED * k * k;
    const weight = Math.exp(-square / (2 * z2));
    thirdExtra += square * weight;
    fourthExtra += (3 * z2 - square) * square * weight;
  }
  const root = Math.sqrt(2 * Math.PI);
  const k0 = (root * first) / z;
  const k1 = (root * second) / (6 * z4);
  const k2 = root * (third / (72 * z6 * z) - thirdExtra / (36 * z2 * z));
  const k3 = root * (fourth / (6480 * z4 * z6) + fourthExtra / (216 * z6));
  return k0 + k1 / Math.sqrt(n) + k2 / n + k3 / n ** 1.5;
}
