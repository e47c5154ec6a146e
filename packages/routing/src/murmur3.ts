/**
 * MurmurHash3 x86 32-bit over the UTF-8 bytes of a text, as an unsigned 32-bit number.
 * Chosen because every language has it, so assignments can be computed anywhere.
 * Lone surrogates hash as U+FFFD, as every UTF-8 encoder writes them.
 */
export function murmur3(text: string, seed = 0): number {
  const state: State = { hash: seed | 0, block: 0, bytes: 0 };
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) {
      pushByte(state, unit);
    } else if (unit < 0x800) {
      pushByte(state, 0xc0 | (unit >> 6));
      pushByte(state, 0x80 | (unit & 0x3f));
    } else {
      const point = text.codePointAt(index) as number;
      if (point > 0xffff) {
        index += 1;
        pushByte(state, 0xf0 | (point >> 18));
        pushByte(state, 0x80 | ((point >> 12) & 0x3f));
        pushByte(state, 0x80 | ((point >> 6) & 0x3f));
        pushByte(state, 0x80 | (point & 0x3f));
      } else {
        const whole = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
        pushByte(state, 0xe0 | (whole >> 12));
        pushByte(state, 0x80 | ((whole >> 6) & 0x3f));
        pushByte(state, 0x80 | (whole & 0x3f));
      }
    }
  }
  let hash = state.hash;
  if ((state.bytes & 3) !== 0) hash ^= scramble(state.block);
  hash ^= state.bytes;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

interface State {
  hash: number;
  block: number;
  bytes: number;
}

function pushByte(state: State, byte: number): void {
  state.block |= byte << ((state.bytes & 3) << 3);
  state.bytes += 1;
  if ((state.bytes & 3) !== 0) return;
  const mixed = state.hash ^ scramble(state.block);
  state.hash = (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
  state.block = 0;
}

function scramble(block: number): number {
  const first = Math.imul(block, 0xcc9e2d51);
  return Math.imul((first << 15) | (first >>> 17), 0x1b873593);
}
