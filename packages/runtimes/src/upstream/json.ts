import { UpstreamFailure } from './failures.ts';

const BARE_NUMBER = /-?\b(?:NaN|Infinity)\b/;

/**
 * Reads JSON as model servers write it: TensorFlow Serving and Python write bare NaN and Infinity, which JSON does not
 * know; they are read as these numbers. Whole numbers beyond 2^53 are read as BigInt, so that no digit is lost.
 * Rejects anything else that is not JSON as `unreadable`.
 */
export function parseModelJson(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  try {
    return reviveBigIntegers(text, JSON.parse(text));
  } catch {
    if (!BARE_NUMBER.test(text)) throw unreadable(text);
  }
  try {
    const { json, marker } = quoteBareNumbers(text);
    return JSON.parse(json, (_key, value: unknown, context?: { source?: string }) => {
      if (typeof value === 'string' && value.startsWith(marker)) return Number(value.slice(marker.length));
      return exact(value, context?.source);
    });
  } catch {
    throw unreadable(text);
  }
}

/** Seventeen digits in a row are the least that a number beyond 2^53 has, apart from 16-digit ones: look for those. */
const LONG_INTEGER = /\d{16}/;

function reviveBigIntegers(text: string, parsed: unknown): unknown {
  if (!LONG_INTEGER.test(text)) return parsed;
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => exact(value, context?.source));
}

/** Tensors and JavaScript write no more digits than this, and making a BigInt of millions of them takes seconds. */
const WHOLE_NUMBER = /^-?\d{1,21}$/;

function exact(value: unknown, source: string | undefined): unknown {
  if (typeof value !== 'number' || source === undefined || Number.isSafeInteger(value)) return value;
  return WHOLE_NUMBER.test(source) ? BigInt(source) : value;
}

/** Turns bare NaN and Infinity outside of texts into texts that start with a marker found nowhere else. */
function quoteBareNumbers(text: string): { json: string; marker: string } {
  let marker = '\u2060number:';
  while (text.includes(marker)) marker += ':';
  const json = text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\b(?:NaN|Infinity)\b/gs, (match) =>
    match.startsWith('"') ? match : `"${marker}${match}"`,
  );
  return { json, marker };
}

function unreadable(text: string): UpstreamFailure {
  const detail =
    text.trim() === '' ? 'The answer of the model server is empty.' : 'The answer of the model server is not JSON.';
  return new UpstreamFailure('unreadable', detail);
}

/** An object of a parsed answer. */
export function asRecord(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UpstreamFailure('unreadable', `${what} of the model server is not an object.`);
}
