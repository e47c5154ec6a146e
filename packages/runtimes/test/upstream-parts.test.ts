import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallGate } from '../src/upstream/call-gate.ts';
import { startDeadline } from '../src/upstream/deadline.ts';
import { parseModelJson } from '../src/upstream/json.ts';
import { readRawTensor } from '../src/upstream/raw-tensors.ts';
import { checkOutputs, valuesToJson, valuesToNestedJson } from '../src/upstream/tensors.ts';

const parse = (text: string): unknown => parseModelJson(Buffer.from(text, 'utf8'));
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'fine';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('JSON of model servers', () => {
  it('may hold NaN and infinities, which JSON does not know', () => {
    expect(parse('{"outputs":[NaN, Infinity,-Infinity,1.0]}')).toEqual({
      outputs: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1],
    });
    expect(parse('[9e+06]')).toEqual([9_000_000]);
  });

  it('keeps such words apart where they are texts', () => {
    expect(parse('{"NaN":["NaN","a \\"NaN, -Infinity\\" b", NaN]}')).toEqual({
      NaN: ['NaN', 'a "NaN, -Infinity" b', Number.NaN],
    });
    expect(parse('["\u2060number:NaN", NaN]')).toEqual(['\u2060number:NaN', Number.NaN]);
  });

  it('keeps every digit of whole numbers beyond 2^53', () => {
    expect(parse('[9007199254740993, -9223372036854775808, 9007199254740991, 0.12345678901234567890]')).toEqual([
      9007199254740993n,
      -9223372036854775808n,
      9007199254740991,
      0.12345678901234568,
    ]);
    expect(parse('[NaN, 9007199254740993]')).toEqual([Number.NaN, 9007199254740993n]);
    // Longer than any there are: a server must not be able to keep the process busy with them.
    expect(parse(`[1${'0'.repeat(30)}]`)).toEqual([1e30]);
  });

  it.each(['', ' ', '{', 'NaN,', '[NaN', 'undefined', '[01]', "['a']", '<html>NaN</html>'])('refuses %j', (text) => {
    expect(codeOf(() => parse(text))).toBe('upstream_unreadable');
  });

  it('reads whatever JSON can say as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parse(text)).toEqual(
          JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
            const { source } = context ?? {};
            const isLong = typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? '');
            return isLong ? BigInt(source as string) : value;
          }),
        );
      }),
    );
  });
});

describe('tensors', () => {
  it('are written with all digits and nested as their shape says', () => {
    const big = {
      name: 'a',
      datatype: 'INT64' as const,
      shape: [2, 2],
      values: BigInt64Array.of(1n, -2n, 9007199254740993n, 4n),
    };
    expect(valuesToJson(big)).toBe('[1,-2,9007199254740993,4]');
    expect(valuesToNestedJson(big)).toBe('[[1,-2],[9007199254740993,4]]');
    const texts = { name: 'b', datatype: 'BYTES' as const, shape: [2, 1, 1], values: ['a"b', 'ü'] };
    expect(valuesToNestedJson(texts)).toBe('[[["a\\"b"]],[["ü"]]]');
    const flags = { name: 'c', datatype: 'BOOL' as const, shape: [2], values: Uint8Array.of(0, 1) };
    expect(valuesToNestedJson(flags)).toBe('[false,true]');
    const floats = { name: 'd', datatype: 'FP32' as const, shape: [1, 2], values: Float32Array.of(0.1, 1e-30) };
    expect((JSON.parse(valuesToNestedJson(floats)) as number[][])[0]?.map(Math.fround)).toEqual([
      Math.fround(0.1),
      Math.fround(1e-30),
    ]);
    const hole = { name: 'e', datatype: 'FP64' as const, shape: [1], values: Float64Array.of(Number.NaN) };
    expect(codeOf(() => valuesToJson(hole))).toBe('invalid_request');
  });

  it('of raw bytes are read, whatever their place in memory, or refused', () => {
    const padded = Buffer.concat([Buffer.alloc(3), Buffer.from(Float64Array.of(1.5, -2).buffer)]).subarray(3);
    expect(readRawTensor('p', 'FP64', padded, 2)).toEqual(Float64Array.of(1.5, -2));
    expect(codeOf(() => readRawTensor('p', 'FP64', padded, 3))).toBe('upstream_wrong_rows');
    // Counts are what a server says: nothing may be set aside for them before the bytes are seen to be there.
    for (const count of [-2, 2 ** 31, 1e15, Number.POSITIVE_INFINITY, Number.NaN]) {
      expect(
        codeOf(() => readRawTensor('p', 'FP64', padded, count)),
        String(count),
      ).toBe('upstream_wrong_rows');
    }
    const texts = Buffer.from([1, 0, 0, 0, 0x61, 0, 0, 0, 0]);
    expect(readRawTensor('p', 'BYTES', texts, 2)).toEqual(['a', '']);
    expect(codeOf(() => readRawTensor('p', 'BYTES', texts.subarray(0, 3), 1))).toBe('upstream_unreadable');
    expect(codeOf(() => readRawTensor('p', 'BYTES', Buffer.from([255, 255, 255, 255, 1]), 1))).toBe(
      'upstream_unreadable',
    );
  });

  it('never answer for another number of rows than was asked', () => {
    const specs = [{ name: 'p', datatype: 'FP64' as const, shape: [-1, 2] }];
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.integer({ min: -1, max: 6 }), { maxLength: 3 }),
        fc.array(fc.double({ noNaN: true }), { maxLength: 20 }),
        (rows, shape, data) => {
          try {
            const [output] = checkOutputs([{ name: 'p', datatype: 'FP64', shape, data }], specs, rows);
            expect(shape[0]).toBe(rows);
            expect(output?.values).toEqual(Float64Array.from(data));
            expect(data).toHaveLength(rows * 2);
          } catch (error) {
            expect((error as { code?: string }).code).toMatch(/^upstream_/);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('of 64-bit numbers that lost digits on the way are refused', () => {
    const specs = [{ name: 'n', datatype: 'INT64' as const, shape: [-1] }];
    const check = (value: unknown) =>
      checkOutputs([{ name: 'n', datatype: 'INT64', shape: [1], data: [value] }], specs, 1);
    expect(check(9007199254740993n)[0]?.values).toEqual(BigInt64Array.of(9007199254740993n));
    expect(codeOf(() => check(9007199254740994))).toBe('upstream_wrong_types');
    expect(codeOf(() => check(2n ** 63n))).toBe('upstream_wrong_types');
    expect(codeOf(() => check(1.5))).toBe('upstream_wrong_types');
  });
});

describe('calls that wait for a connection', () => {
  it('are let in, in their order, never more than allowed', async () => {
    const gate = new CallGate(2, 10);
    const entered: number[] = [];
    let most = 0;
    const { signal } = new AbortController();
    const calls = [0, 1, 2, 3, 4].map(async (call) => {
      await gate.enter(signal);
      entered.push(call);
      most = Math.max(most, gate.inUse);
      await new Promise((resolve) => setTimeout(resolve, 1));
      gate.leave();
    });
    await Promise.all([...calls, gate.whenIdle()]);
    expect(entered).toEqual([0, 1, 2, 3, 4]);
    expect([most, gate.inUse, gate.waiting]).toEqual([2, 0, 0]);
  });

  it('give up their place when their time is over', async () => {
    const gate = new CallGate(1, 10);
    await gate.enter(new AbortController().signal);
    const deadline = startDeadline(20);
    await expect(gate.enter(deadline.signal)).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(gate.waiting).toBe(0);
    gate.leave();
    await gate.enter(new AbortController().signal);
    expect(gate.inUse).toBe(1);
    deadline.end();
  });
});
