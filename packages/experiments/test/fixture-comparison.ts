import { readFileSync } from 'node:fs';
import type { Result } from '../src/index.ts';

/** Counts comparisons and names the ones that are off, so that a failing fixture says where. */
export class Comparison {
  readonly failures: string[] = [];
  compared = 0;

  /** Equal within `tolerance`, relative to the larger of the expected value and `scale`. */
  number(where: string, actual: number, expected: number, { tolerance = 1e-9, scale = 0 } = {}): void {
    this.compared += 1;
    const error = actual === expected ? 0 : Math.abs(actual - expected) / Math.max(Math.abs(expected), scale);
    if (!(error <= tolerance)) this.failures.push(`${where}: ${actual} instead of ${expected} (${error})`);
  }

  list(
    where: string,
    actual: ArrayLike<number>,
    expected: readonly number[],
    options?: Parameters<Comparison['number']>[3],
  ): void {
    if (actual.length !== expected.length)
      this.failures.push(`${where}: ${actual.length} entries, not ${expected.length}`);
    expected.forEach((value, index) => {
      this.number(`${where}[${index}]`, actual[index] as number, value, options);
    });
  }

  refused(where: string, result: Result<unknown>, reason: string): void {
    this.compared += 1;
    if (result.ok || result.reason !== reason) this.failures.push(`${where}: not refused as ${reason}`);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: fixtures are read as the scripts wrote them
export function readFixture(name: string): any {
  return JSON.parse(readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8'));
}

export function answer<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.reason}: ${result.needed}`);
  return result;
}
