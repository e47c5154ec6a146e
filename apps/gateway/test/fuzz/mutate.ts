import type { Random } from './random.ts';

/** What a careless or hostile caller would put anywhere. */
const WEIRD: readonly ((random: Random) => unknown)[] = [
  () => null,
  () => true,
  () => -1,
  () => 0,
  () => 0.5,
  () => 1e308,
  () => 2 ** 53,
  () => -(2 ** 63),
  () => 4_294_967_296,
  () => '',
  () => 'NaN',
  () => '\u0000',
  () => 'x'.repeat(2_000),
  () => 'binary_data_size',
  () => [],
  () => ({}),
  () => ({ __proto__: null, constructor: 1, toString: 2 }),
  () => [[[[1]]]],
  (random) => nest(10 ** random.below(4)),
  (random) => Array.from({ length: random.below(30) }, () => random.below(9)),
  () => Array.from({ length: 17 }, () => 1),
  () => [2 ** 50, 2 ** 50],
  () => [2 ** 31, 3],
];

function nest(depth: number): unknown {
  let nested: unknown = 1;
  for (let level = 0; level < depth; level += 1) nested = level % 2 === 0 ? [nested] : { a: nested };
  return nested;
}

/** Changes one place of a tree of JSON in place. Returns the tree, which is another one when the root was changed. */
export function mutateJson(root: unknown, random: Random): unknown {
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const look = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > 8) return;
    for (const key of Object.keys(value)) {
      places.push({ holder: value as Record<string, unknown>, key });
      look((value as Record<string, unknown>)[key], depth + 1);
    }
  };
  look(root, 0);
  if (places.length === 0 || random.chance(0.02)) return random.pick(WEIRD)(random);
  const { holder, key } = random.pick(places);
  const value = holder[key];
  switch (random.below(6)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      break;
    case 1:
      if (Array.isArray(holder)) holder.splice(Number(key), 0, structuredClone(value));
      else holder[`${key}${random.pick(['', '_', 's', '\u0000'])}`] = value;
      break;
    case 2:
      if (typeof value === 'number') holder[key] = value + random.pick([1, -1, 0.5, 1e9, -value]);
      else if (Array.isArray(value)) value.reverse();
      else if (typeof value === 'string') holder[key] = value.slice(0, random.below(value.length + 1));
      else holder[key] = random.pick(WEIRD)(random);
      break;
    case 3: {
      const other = random.pick(places);
      holder[key] = structuredClone(other.holder[other.key]);
      break;
    }
    default:
      holder[key] = random.pick(WEIRD)(random);
  }
  return root;
}

const TOKENS = [
  'NaN',
  'Infinity',
  '-',
  '1e999',
  '[',
  ']',
  '{',
  '}',
  ',',
  '"',
  '\\u0000',
  '\u00ff',
  '//',
  '0x10',
  'null',
];

/** Changes some bytes. */
export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  let changed = Buffer.from(bytes);
  for (let times = 1 + random.below(3); times > 0; times -= 1) {
    const at = random.below(changed.length + 1);
    switch (random.below(7)) {
      case 0:
        changed = changed.subarray(0, at);
        break;
      case 1:
        changed = Buffer.concat([changed.subarray(0, at), changed.subarray(at + 1 + random.below(9))]);
        break;
      case 2:
        changed = Buffer.concat([changed.subarray(0, at), Buffer.from(random.pick(TOKENS)), changed.subarray(at)]);
        break;
      case 3: {
        const end = Math.min(changed.length, at + random.below(64));
        changed = Buffer.concat([changed.subarray(0, end), changed.subarray(at)]);
        break;
      }
      case 4:
        if (at + 4 <= changed.length) {
          changed.writeUInt32LE(random.pick([0, 1, 0x7fc00000, 0x7f800000, 0xff800000, 0xffffffff]), at);
        }
        break;
      default:
        if (at < changed.length) changed[at] = random.below(256);
    }
  }
  return changed;
}

/** Changes a header that says how much of the body is JSON. */
export function mutateLength(length: number, random: Random): string | undefined {
  return random.pick([
    undefined,
    '0',
    String(length + 1 + random.below(20)),
    String(Math.max(0, length - 1 - random.below(20))),
    String(2 ** 53),
    '99999999999999999999',
    '-1',
    '1e3',
    'abc',
    '',
    ` ${length}`,
  ]);
}
