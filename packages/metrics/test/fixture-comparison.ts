import { readFileSync } from 'node:fs';
import type { Result } from '../src/index.ts';

export const TOLERANCE = 1e-12;

/** Records every comparison and names the worst ones, so that a failing fixture says where. */
export class Comparison {
  readonly failures: string[] = [];
  compared = 0;
  refused = 0;
  worst = 0;

  /**
   * `expected` null: the package must refuse. Otherwise equal within TOLERANCE, relative; metrics that are differences
   * of parts of order 1 (R², kappa, correlations) within TOLERANCE of 1.
   */
  figure(where: string, actual: Result<{ readonly value: number }>, expected: number | null, scale = 0): void {
    if (expected === null || expected === undefined) {
      this.refused += 1;
      if (actual.ok) this.failures.push(`${where}: ${actual.value} instead of a reason`);
      return;
    }
    if (!actual.ok) this.failures.push(`${where}: ${actual.reason} (${actual.needed}) instead of ${expected}`);
    else this.number(where, actual.value, expected, scale);
  }

  number(where: string, actual: number, expected: number, scale = 0, tolerance = TOLERANCE): void {
    this.compared += 1;
    const size = Math.max(Math.abs(expected), scale);
    const error = actual === expected ? 0 : Math.abs(actual - expected) / size;
    if (error <= tolerance) this.worst = Math.max(this.worst, error);
    else this.failures.push(`${where}: ${actual} instead of ${expected} (${error})`);
  }

  list(where: string, actual: ArrayLike<number>, expected: readonly number[], scale = 0): void {
    if (actual.length !== expected.length)
      this.failures.push(`${where}: ${actual.length} entries, not ${expected.length}`);
    for (const [at, value] of expected.entries()) this.number(`${where}[${at}]`, actual[at] as number, value, scale);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: fixtures are read as the scripts wrote them
export function readFixture(name: string): any {
  return JSON.parse(readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8'));
}

export function unpack(base64: string): Float64Array {
  const bytes = Buffer.from(base64, 'base64');
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
