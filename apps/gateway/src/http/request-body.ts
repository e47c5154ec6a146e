import { isUtf8 } from 'node:buffer';
import { createGunzip, createInflate } from 'node:zlib';
import { SwitchyardError } from '@switchyard/contracts';
import type { Exchange } from './exchange.ts';

/** How much of a refused body is read and thrown away, so that the caller gets to read the answer. */
const DISCARD_LIMIT_BYTES = 268_435_456;

/** What bodies that are being read may hold together, over all connections. */
export interface BodyBudget {
  readonly maximumBytes: number;
  heldBytes: number;
}

/**
 * Reads the body, unpacked when it was sent with gzip or deflate, and calls `done` once: with the bytes, or with
 * what is wrong (body_too_large, unsupported_media_type, invalid_request, overloaded). A body over the limit,
 * packed or unpacked, is never held: the answer goes out at once and the rest is read into nothing.
 */
export function readBody(
  exchange: Exchange,
  maximumBytes: number,
  budget: BodyBudget,
  done: (failure: SwitchyardError | undefined, body: Buffer) => void,
): void {
  const { request, headers } = exchange;
  let chunks: Buffer[] | undefined;
  let first: Buffer | undefined;
  let size = 0;
  let held = 0;
  let isRefused = false;

  const encoding = contentEncodingOf(headers.contentEncoding);

  const letGo = (): void => {
    budget.heldBytes -= held;
    held = 0;
    first = undefined;
    chunks = undefined;
  };
  const refuse = (failure: SwitchyardError): void => {
    isRefused = true;
    letGo();
    done(failure, EMPTY);
  };

  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (isRefused) {
      if (size > DISCARD_LIMIT_BYTES) request.destroy();
      return;
    }
    if (size > maximumBytes) {
      refuse(tooLarge(maximumBytes));
      return;
    }
    if (budget.heldBytes + chunk.length > budget.maximumBytes) {
      refuse(tooManyBodies());
      return;
    }
    held += chunk.length;
    budget.heldBytes += chunk.length;
    if (first === undefined) first = chunk;
    else if (chunks === undefined) chunks = [first, chunk];
    else chunks.push(chunk);
  });
  request.on('end', () => {
    if (isRefused) return;
    const body = chunks === undefined ? (first ?? EMPTY) : Buffer.concat(chunks, size);
    letGo();
    if (encoding === 'gzip' || encoding === 'deflate') unpack(body, encoding, maximumBytes, budget, done);
    else done(undefined, body);
  });
  // Also when the caller goes away in the middle.
  request.on('close', letGo);

  if (encoding === undefined) {
    refuse(new SwitchyardError('unsupported_media_type', 'bodies are taken as they are, or with gzip or deflate'));
  } else if (headers.contentLength !== undefined && headers.contentLength > maximumBytes) {
    refuse(tooLarge(maximumBytes));
  }
}

const EMPTY = Buffer.alloc(0);

function contentEncodingOf(header: string | undefined): 'identity' | 'gzip' | 'deflate' | undefined {
  if (header === undefined) return 'identity';
  const name = header.trim().toLowerCase();
  if (name === 'x-gzip') return 'gzip';
  return name === 'identity' || name === 'gzip' || name === 'deflate' ? name : undefined;
}

/** Unpacks piece by piece: a few bytes that would become gigabytes are refused when they reach the limit. */
function unpack(
  packed: Buffer,
  encoding: 'gzip' | 'deflate',
  maximumBytes: number,
  budget: BodyBudget,
  done: (failure: SwitchyardError | undefined, body: Buffer) => void,
): void {
  const stream = encoding === 'gzip' ? createGunzip() : createInflate();
  const chunks: Buffer[] = [];
  let size = 0;
  const finish = (failure: SwitchyardError | undefined): void => {
    stream.removeAllListeners();
    // Whatever else is wrong with it does not matter any more.
    stream.on('error', () => {});
    stream.destroy();
    budget.heldBytes -= size;
    done(failure, failure === undefined ? Buffer.concat(chunks, size) : EMPTY);
  };
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    budget.heldBytes += chunk.length;
    chunks.push(chunk);
    if (size > maximumBytes) finish(tooLarge(maximumBytes));
    else if (budget.heldBytes > budget.maximumBytes) finish(tooManyBodies());
  });
  stream.on('end', () => finish(undefined));
  stream.on('error', () => finish(new SwitchyardError('invalid_request', `the body is not valid ${encoding}`)));
  stream.end(packed);
}

const tooManyBodies = (): SwitchyardError =>
  new SwitchyardError('overloaded', 'too many large bodies arrive at once', { retryAfterSeconds: 1 });

function tooLarge(maximumBytes: number): SwitchyardError {
  return new SwitchyardError('body_too_large', `the body is larger than ${maximumBytes} bytes`);
}

/** The content type of a body is not looked at: what parses as JSON is JSON. */
export function parseJson(body: Buffer): unknown {
  return parseText(readText(body));
}

export function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SwitchyardError('malformed_json', text === '' ? 'the body is empty' : (error as Error).message);
  }
}

/** Broken UTF-8 would silently become other text. */
export function readText(body: Buffer): string {
  const text = body.toString('utf8');
  if (text.includes('\ufffd') && !isUtf8(body))
    throw new SwitchyardError('malformed_json', 'the body is not valid UTF-8');
  return text;
}
