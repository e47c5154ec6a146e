import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineWriter, shortDecimal } from '../src/line-writer.ts';

const writer = new LineWriter();
const take = () => {
  const text = Buffer.from(writer.written()).toString();
  writer.clear();
  return text;
};
const float32 = (value: number) => {
  writer.float32(value);
  return take();
};

describe('numbers of 32-bit tensors', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [3, '3'],
    [-17, '-17'],
    [0.1, '0.1'],
    [0.5, '0.5'],
    [-2.25, '-2.25'],
    [9.999_999, '9.999999'],
    [0.05, '0.05'],
    [0.012_345_678, '0.012345678'],
    [149.62, '149.62'],
    [1_234_567.5, '1234567.5'],
    [16_777_216, '16777216'],
    [2_147_483_648, '2147483648'],
    [-2_147_483_648, '-2147483648'],
    [3.4028234663852886e38, '3.4028234663852886e+38'],
  ])('%d is %s', (value, text) => {
    expect(float32(Math.fround(value))).toBe(text);
  });

  it('are read back as the same number, and never longer than they have to be', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = float32(value);
        expect(Math.fround(JSON.parse(text))).toBe(value === 0 ? 0 : value);
        expect(text.length).toBeLessThanOrEqual(String(value).length);
      }),
      { numRuns: 20_000, seed: 11 },
    );
  });

  it('as numbers are the same that a caller of JSON would have sent', () => {
    expect(shortDecimal(Math.fround(0.1))).toBe(0.1);
    expect(shortDecimal(Math.fround(-149.62))).toBe(-149.62);
    expect(shortDecimal(Number.NaN)).toBeNaN();
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        const short = shortDecimal(value);
        expect(Math.fround(short)).toBe(value);
        expect(String(short).length).toBeLessThanOrEqual(String(value).length);
      }),
      { numRuns: 20_000, seed: 13 },
    );
  });

  it('near powers of ten too, where a digit more or less is decided', () => {
    for (let exponent = -6; exponent <= 8; exponent += 1) {
      const bits = new Int32Array(new Float32Array([10 ** exponent]).buffer);
      for (let step = -200; step <= 200; step += 1) {
        const value = new Float32Array(Int32Array.of((bits[0] as number) + step).buffer)[0] as number;
        expect(Math.fround(JSON.parse(float32(value)))).toBe(value);
      }
    }
  });
});

it('other numbers keep every digit, and what is no number is null', () => {
  fc.assert(
    fc.property(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer()), (value) => {
      writer.number(value);
      expect(JSON.parse(take())).toBe(value === 0 ? 0 : value);
    }),
    { numRuns: 5_000, seed: 12 },
  );
  writer.number(Number.NaN);
  writer.ascii(',');
  writer.float32(Number.POSITIVE_INFINITY);
  expect(take()).toBe('null,null');
});

it('grows with what is written, and keeps characters of every size', () => {
  const text = 'é€😀'.repeat(30_000);
  writer.text(text);
  writer.bytes(Buffer.alloc(2_000_000, 'x'));
  writer.ascii('end');
  expect(take()).toBe(`${text}${'x'.repeat(2_000_000)}end`);
  expect(take()).toBe('');
});

it('repeats, numbers and fills up', () => {
  for (const count of [0, 1, 2, 3, 7, 64, 257]) {
    writer.text('é');
    writer.repeated(Buffer.from('abc'), count);
    writer.numbered(Buffer.from('<0000>'), 1, 300 - count, 300);
    const text = `é${'abc'.repeat(count)}${Array.from(
      { length: count },
      (_, index) => `<${(300 - count + index).toString(16).padStart(4, '0')}>`,
    ).join('')}`;
    writer.padTo(8);
    const written = take();
    expect(written.trimEnd()).toBe(text);
    expect(Buffer.byteLength(written)).toBe(Math.ceil(Buffer.byteLength(text) / 8) * 8);
  }
  writer.numbered(Buffer.from('0000'), 0, 65_534, 65_536);
  expect(take()).toBe('fffeffff');
  const long = 'ü'.repeat(100_000);
  writer.text(long);
  writer.base64(Buffer.from(long));
  expect(take()).toBe(long + Buffer.from(long).toString('base64'));
});
