import { randomFillSync } from 'node:crypto';

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const POOL_BYTES = 8_192;
/** Rows a millisecond before the clock of the ids runs ahead: 12 bits, started in the lower half. */
const SEQUENCE_LIMIT = 4_096;

/**
 * Makes UUIDv7 texts that ascend within this generator, also within a millisecond and when the clock steps back:
 * 48 bits of time, 12 bits of sequence, 62 random bits.
 */
export function createIdGenerator(now: () => number = Date.now): () => string {
  const pool = Buffer.allocUnsafe(POOL_BYTES);
  let position = POOL_BYTES;
  let lastMs = -1;
  let sequence = 0;
  let prefix = '';

  const startMillisecond = (milliseconds: number): void => {
    lastMs = milliseconds;
    sequence = ((pool[position] as number) << 3) | ((pool[position + 1] as number) & 7);
    position += 2;
    const hex = milliseconds.toString(16).padStart(12, '0');
    prefix = `${hex.slice(0, 8)}-${hex.slice(8)}-7`;
  };

  return () => {
    if (position > POOL_BYTES - 16) {
      randomFillSync(pool);
      position = 0;
    }
    const milliseconds = now();
    if (milliseconds > lastMs) startMillisecond(milliseconds);
    else {
      sequence += 1;
      if (sequence === SEQUENCE_LIMIT) startMillisecond(lastMs + 1);
    }
    const at = position;
    position += 8;
    const byte = (offset: number) => HEX[pool[at + offset] as number] as string;
    return (
      prefix +
      (HEX[sequence >> 4] as string) +
      ((HEX[sequence & 15] as string)[1] as string) +
      '-' +
      (HEX[0x80 | ((pool[at] as number) & 0x3f)] as string) +
      byte(1) +
      '-' +
      byte(2) +
      byte(3) +
      byte(4) +
      byte(5) +
      byte(6) +
      byte(7)
    );
  };
}

const SAFE_REQUEST_ID = /^[A-Za-z0-9._:/+=@-]{1,128}$/;

/** A caller's own request id, when it is safe to put into headers and logs. */
export function isSafeRequestId(value: string): boolean {
  return SAFE_REQUEST_ID.test(value);
}
