import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buildReferenceProfile,
  createDriftWindow,
  type DriftWindow,
  decodeDriftWindow,
  decodeProfile,
  encodeProfile,
  type FeatureValue,
  type ReferenceProfile,
} from '../src/index.ts';
import { bell, mulberry32 } from './cases.ts';

function exampleProfile(): ReferenceProfile {
  const uniform = mulberry32(1);
  const amount = Array.from({ length: 2_000 }, () => (uniform() < 0.05 ? null : bell(uniform) * 10));
  const steps = Array.from({ length: 2_000 }, () => Math.floor(uniform() * 4));
  const country = Array.from({ length: 2_000 }, () => ['de', 'fr', 'it', 'es'][Math.floor(uniform() * 4)]!);
  const built = buildReferenceProfile({
    amount: { kind: 'numeric', values: amount },
    steps: { kind: 'numeric', values: steps },
    country: { kind: 'categorical', values: country },
  });
  if (!built.ok) throw new Error(built.needed);
  return built.profile;
}

const profile = exampleProfile();

function windowOf(rows: readonly Record<string, FeatureValue>[]): DriftWindow {
  const created = createDriftWindow(profile);
  if (!created.ok) throw new Error(created.needed);
  for (const row of rows) created.window.addRow(row);
  return created.window;
}

const row = fc.record(
  {
    amount: fc.oneof(fc.double({ noNaN: false }), fc.constant(null)),
    steps: fc.integer({ min: -1, max: 6 }),
    country: fc.constantFrom('de', 'fr', 'it', 'es', 'pl', ''),
  },
  { requiredKeys: [] },
);
const rows = fc.array(row, { maxLength: 30 });

describe('windows', () => {
  test('merge in any order and grouping to the same bytes', () => {
    fc.assert(
      fc.property(rows, rows, rows, (a, b, c) => {
        const left = windowOf(a);
        left.merge(windowOf(b));
        left.merge(windowOf(c));
        const inner = windowOf(c);
        inner.merge(windowOf(b));
        const right = windowOf([]);
        right.merge(inner);
        right.merge(windowOf(a));
        expect(left.toBytes()).toEqual(right.toBytes());
        expect(left.toBytes()).toEqual(windowOf([...c, ...a, ...b]).toBytes());
      }),
    );
  });

  test('subtract undoes merge; more than is there is refused', () => {
    fc.assert(
      fc.property(rows, rows, (a, b) => {
        const window = windowOf(a);
        window.merge(windowOf(b));
        expect(window.subtract(windowOf(b))).toEqual({ ok: true });
        expect(window.toBytes()).toEqual(windowOf(a).toBytes());
      }),
    );
    expect(windowOf([]).subtract(windowOf([{ amount: 1 }]))).toMatchObject({ ok: false, reason: 'invalid-counts' });
  });

  test('bytes decode to the same window; damaged or foreign bytes are refused', () => {
    const window = windowOf([{ amount: 3, steps: 1, country: 'de' }, { amount: Number.NaN }]);
    const decoded = decodeDriftWindow(profile, window.toBytes());
    expect(decoded.ok && decoded.window.toBytes()).toEqual(window.toBytes());
    expect(window.toBytes().length).toBeLessThan(200);
    expect(decodeDriftWindow(profile, window.toBytes().slice(0, -1))).toMatchObject({ ok: false });
    expect(decodeDriftWindow(profile, new Uint8Array())).toMatchObject({ ok: false });
    const other = buildReferenceProfile({ x: { kind: 'numeric', values: [...Array(30).keys()] } });
    if (!other.ok) throw new Error(other.needed);
    expect(decodeDriftWindow(other.profile, window.toBytes())).toMatchObject({ reason: 'incompatible-profile' });
    const foreign = createDriftWindow(other.profile);
    expect(foreign.ok && foreign.window.merge(window)).toMatchObject({ reason: 'incompatible-profile' });
  });

  test('every value is counted in exactly one cell, one by one or in bulk', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: false }), { maxLength: 200 }), (values) => {
        const single = windowOf(values.map((amount) => ({ amount, steps: 0, country: 'de' })));
        const bulk = windowOf([]);
        bulk.addValues('amount', Float64Array.from(values));
        const a = single.countsOf('amount');
        expect(bulk.countsOf('amount')).toEqual(a);
        expect(a.ok && a.cells.reduce((sum, count) => sum + count, 0) + a.missing).toBe(values.length);
      }),
    );
  });

  test('the reference counted through a window gives the counts of the profile', () => {
    const uniform = mulberry32(9);
    const values = Float64Array.from({ length: 5_000 }, () => Math.round(bell(uniform) * 50) / 50);
    const built = buildReferenceProfile({ x: { kind: 'numeric', values } }, { bins: 30 });
    if (!built.ok) throw new Error(built.needed);
    const created = createDriftWindow(built.profile);
    if (!created.ok) throw new Error(created.needed);
    created.window.addValues('x', values);
    const oneByOne = createDriftWindow(built.profile);
    if (!oneByOne.ok) throw new Error(oneByOne.needed);
    for (const x of values) oneByOne.window.addRow({ x });
    for (const counts of [created.window.countsOf('x'), oneByOne.window.countsOf('x')]) {
      expect(counts.ok && counts.cells).toEqual(built.profile.features[0]!.reference.counts);
    }
  });

  test('unknown features are refused', () => {
    expect(windowOf([]).countsOf('nope')).toMatchObject({ ok: false, reason: 'unknown-feature' });
    expect(windowOf([]).addValues('nope', [1])).toMatchObject({ ok: false, reason: 'unknown-feature' });
  });
});

describe('profiles', () => {
  test('survive encoding, byte for byte', () => {
    const encoded = encodeProfile(profile);
    if (!encoded.ok) throw new Error(encoded.needed);
    const decoded = decodeProfile(encoded.bytes);
    expect(decoded.ok && decoded.profile).toEqual(profile);
    for (let size = 0; size < encoded.bytes.length; size += 7) {
      expect(decodeProfile(encoded.bytes.slice(0, size)).ok).toBe(false);
    }
    // What is read from a file is often a view into a larger buffer.
    const larger = new Uint8Array(encoded.bytes.length + 8);
    larger.set(encoded.bytes, 3);
    expect(decodeProfile(larger.subarray(3, -5))).toEqual(decoded);
  });

  test('altered anywhere are refused, never read as other numbers; so are windows', () => {
    const encoded = encodeProfile(profile);
    if (!encoded.ok) throw new Error(encoded.needed);
    const window = windowOf([{ amount: 3, steps: 1, country: 'de' }, { amount: 4 }]).toBytes();
    const decoders = [
      { bytes: encoded.bytes, decode: decodeProfile },
      { bytes: window, decode: (bytes: Uint8Array) => decodeDriftWindow(profile, bytes) },
    ];
    for (const { bytes, decode } of decoders) {
      for (let bit = 0; bit < bytes.length * 8; bit += 1) {
        const altered = bytes.slice();
        altered[bit >>> 3]! ^= 1 << (bit & 7);
        expect(decode(altered)).toMatchObject({ ok: false, reason: 'invalid-input' });
      }
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), fc.uint8Array({ minLength: 1, maxLength: 40 }), (at, patch) => {
          const altered = bytes.slice();
          altered.set(patch.subarray(0, bytes.length - at), at);
          fc.pre(altered.some((byte, index) => byte !== bytes[index]));
          expect(decode(altered)).toMatchObject({ ok: false, reason: 'invalid-input' });
        }),
      );
    }
    const altered = encoded.bytes.slice();
    altered[40]! ^= 1;
    expect(decodeProfile(altered)).toMatchObject({ have: expect.stringContaining('checksum') });
    altered[1] = 1;
    expect(decodeProfile(altered)).toMatchObject({ needed: expect.stringContaining('format 2'), have: 'format 1' });
  });

  test('end in the CRC-32 that other programs compute', () => {
    const encoded = encodeProfile(profile);
    if (!encoded.ok) throw new Error(encoded.needed);
    const content = encoded.bytes.subarray(0, -4);
    expect(new DataView(encoded.bytes.buffer).getUint32(content.length, true)).toBe(crc32(content));
  });

  test('rare categories go to "other", counted on the rows that did not choose the table', () => {
    const values = Array.from({ length: 1_000 }, (_, i) => (i % 10 === 9 ? `rare-${i}` : ['a', 'b', 'c'][i % 3]!));
    const built = buildReferenceProfile({ x: { kind: 'categorical', values } });
    if (!built.ok) throw new Error(built.needed);
    const reference = built.profile.features[0]!.reference;
    expect(reference).toMatchObject({ kind: 'categorical', categories: ['a', 'b', 'c'], isSplit: true });
    expect(reference.counts.reduce((sum, count) => sum + count, 0)).toBe(500);
    expect(reference.counts[3]).toBe(100);
  });

  test('few distinct values get a cell each', () => {
    const steps = profile.features.find(({ name }) => name === 'steps')!.reference;
    expect(steps.kind === 'numeric' && [...steps.edges.slice(1)]).toEqual([0, 1, 2, 3]);
  });
});
