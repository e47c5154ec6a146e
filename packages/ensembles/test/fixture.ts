import { readFileSync } from 'node:fs';
import { withComplement } from '../src/index.ts';

// biome-ignore lint/suspicious/noExplicitAny: fixtures are read as the scripts wrote them
export function readFixture(name: string): any {
  return JSON.parse(readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8'));
}

export function unpack(base64: string): Float64Array {
  const bytes = Buffer.from(base64, 'base64');
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** The answer, or an error that says why there is none. */
export function must<T>(result: ({ readonly ok: true } & T) | { readonly ok: false; readonly needed: string }): T {
  if (!result.ok) throw new Error(result.needed);
  return result;
}

export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} entries instead of ${expected.length}`);
  let largest = 0;
  for (let index = 0; index < actual.length; index += 1) {
    const difference = Math.abs((actual[index] as number) - (expected[index] as number));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** Probabilities of two classes from those of the second. */
export function both(scores: ArrayLike<number>): Float64Array {
  return must(withComplement(scores)).probabilities;
}
