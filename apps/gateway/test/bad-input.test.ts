import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { problemSchema } from '@switchyard/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createShop } from './support/shop.ts';
import { startTestGateway, type TestGateway } from './support/test-gateway.ts';

let gateway: TestGateway;
const start = async (httpLimits: Parameters<typeof startTestGateway>[1] = {}) => {
  gateway = await startTestGateway(undefined, httpLimits);
  const shop = createShop();
  gateway.serve(shop.content, shop.loaded);
};
beforeEach(() => start());
afterEach(async () => {
  // Whatever was sent, the gateway still answers, and nothing unforeseen happened.
  const { status } = await gateway.predict('plain', { instances: [{ score: 0.5 }] });
  expect(status).toBe(200);
  await gateway.close();
  expect(gateway.unforeseen).toEqual([]);
});

const problemOf = async (body: unknown, endpoint = 'plain') => {
  const { status, body: answer, headers } = await gateway.predict(endpoint, body);
  expect(headers.get('content-type')).toBe('application/problem+json');
  const problem = problemSchema.parse(answer);
  expect(problem.status).toBe(status);
  expect(problem.requestId).toBe(headers.get('x-request-id'));
  return problem;
};

describe('bodies that are not JSON', () => {
  it.each([
    ['cut off', '{"instances":[{"score":1}'],
    ['NaN', '{"instances":[{"score":NaN}]}'],
    ['Infinity', '{"instances":[{"score":-Infinity}]}'],
    ['trailing commas', '{"instances":[{"score":1,}]}'],
    ['nothing', ''],
    ['a NUL byte', '{"instances":[{"score":1}]}\u0000'],
  ])('%s', async (_name, body) => {
    expect(await problemOf(body)).toMatchObject({ status: 400, code: 'malformed_json' });
  });

  it('broken UTF-8', async () => {
    const body = Buffer.from('{"instances":[{"score":1,"country":"\u00ff\u00fe"}]}', 'latin1');
    const response = await gateway.call('/v1/models/plain:predict', { method: 'POST', body });
    expect(await response.json()).toMatchObject({
      status: 400,
      code: 'malformed_json',
      detail: 'the body is not valid UTF-8',
    });
  });

  it('but a replacement character that was really sent is fine', async () => {
    const { status } = await gateway.predict('plain', { instances: [{ score: 1 }], unit: 'a\ufffdb' });
    expect(status).toBe(200);
  });
});

describe('bodies that do not match the contract name the field', () => {
  it.each<[string, unknown, string]>([
    ['not an object', [1, 2], ''],
    ['null', null, ''],
    ['no instances', {}, 'instances'],
    ['no rows', { instances: [] }, 'instances'],
    ['instances of another type', { instances: { score: 1 } }, 'instances'],
    ['a member nobody knows', { instances: [{ score: 1 }], extra: 1 }, ''],
    ['a unit that is not text', { instances: [{ score: 1 }], unit: 7 }, 'unit'],
    ['a unit that is too long', { instances: [{ score: 1 }], unit: 'x'.repeat(513) }, 'unit'],
    ['too few units', { instances: [{ score: 1 }, { score: 2 }], units: ['a'] }, 'units'],
    ['units that are not texts', { instances: [{ score: 1 }], units: [1] }, 'units.0'],
    ['a segment that is not texts', { instances: [{ score: 1 }], segment: { tier: 1 } }, 'segment.tier'],
    ['a segment that is a list', { instances: [{ score: 1 }], segment: ['gold'] }, 'segment'],
    ['a context that nests', { instances: [{ score: 1 }], context: { a: { b: 1 } } }, 'context.a'],
    ['a null context', { instances: [{ score: 1 }], context: null }, 'context'],
  ])('%s', async (_name, body, field) => {
    const problem = await problemOf(body);
    expect(problem).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(problem.errors?.[0]?.field).toBe(field);
  });
});

describe('rows that do not match the features say which row, which feature and why', () => {
  it.each<[string, unknown, string | undefined, string]>([
    ['a missing feature', {}, 'score', 'missing_feature'],
    ['null for a required feature', { score: null }, 'score', 'missing_feature'],
    ['text for a number', { score: '1' }, 'score', 'wrong_type'],
    ['a boolean for a number', { score: true }, 'score', 'wrong_type'],
    ['an object for a number', { score: {} }, 'score', 'wrong_type'],
    ['a list for a number', { score: [1] }, 'score', 'wrong_type'],
    ['a number for a text', { score: 1, country: 5 }, 'country', 'wrong_type'],
    ['a number for a boolean', { score: 1, is_new: 1 }, 'is_new', 'wrong_type'],
    ['a fraction for a whole number', { score: 1, visits: 1.5 }, 'visits', 'wrong_type'],
    ['a whole number beyond 2^53', { score: 1, visits: 2 ** 53 + 2 }, 'visits', 'out_of_range'],
    ['more than a 32-bit float holds', { score: 1e39 }, 'score', 'out_of_range'],
    ['an unknown category', { score: 1, country: 'at' }, 'country', 'unknown_category'],
    ['an unknown feature', { score: 1, Score: 2 }, 'Score', 'unknown_feature'],
    ['a row that is a number', 5, undefined, 'not_a_row'],
    ['a row that is null', null, undefined, 'not_a_row'],
    ['too many values', [1, 2, 'de', true, 5], undefined, 'too_many_values'],
    ['too few values', [], 'score', 'missing_feature'],
    ['a wrong value in a list', [1, 'x'], 'visits', 'wrong_type'],
  ])('%s', async (_name, row, field, code) => {
    const problem = await problemOf({ instances: [{ score: 0.5 }, row] });
    expect(problem).toMatchObject({ status: 400, code: 'invalid_features' });
    expect(problem.errors).toHaveLength(1);
    expect(problem.errors?.[0]).toMatchObject({ index: 1, code });
    expect(problem.errors?.[0]?.field).toBe(field);
  });

  it('numbers too large for JSON are infinities, and refused', async () => {
    const problem = await problemOf('{"instances":[{"score":1e999}]}');
    expect(problem.errors).toEqual([
      { index: 0, field: 'score', code: 'not_finite', detail: 'it is not a finite number' },
    ]);
    expect((await problemOf('{"instances":[{"score":1}],"context":{"n":1e999}}')).code).toBe('invalid_request');
  });

  it('every problem of a batch is told, up to a hundred', async () => {
    const problem = await problemOf({ instances: Array(80).fill({ visits: 'x', country: 'at' }) });
    expect(problem.errors).toHaveLength(100);
    expect(problem.errors?.[3]).toMatchObject({ index: 1 });
  });

  it('unknown features are ignored where the endpoint says so, and never logged', async () => {
    const { status } = await gateway.predict('lenient', { instances: [{ score: 0.5, more: 'x' }] });
    expect(status).toBe(200);
    expect(gateway.log.records()[0]).toMatchObject({
      features: { score: 0.5, visits: null, country: null, is_new: null },
    });
  });

  it('names that every object has find nothing', async () => {
    const problem = await problemOf(
      '{"instances":[{"score":1,"__proto__":{"visits":"x"},"constructor":2,"toString":3}]}',
    );
    expect(problem.errors?.map(({ field, code }) => [field, code])).toEqual([
      ['__proto__', 'unknown_feature'],
      ['constructor', 'unknown_feature'],
      ['toString', 'unknown_feature'],
    ]);
    expect((await gateway.predict('lenient', '{"instances":[{"score":1,"__proto__":{"country":"at"}}]}')).status).toBe(
      200,
    );
    const segment = '{"instances":[{"score":1}],"segment":{"__proto__":"gold"}}';
    expect((await gateway.predict('plain', segment)).status).toBe(200);
    expect(({} as Record<string, unknown>).tier).toBeUndefined();
  });
});

describe('addresses', () => {
  it.each([
    ['POST', '/v1/models/nobody:predict', 404, 'endpoint_not_found'],
    ['POST', '/v1/models/a:predict', 404, 'endpoint_not_found'],
    ['POST', '/v1/models/constructor:predict', 404, 'endpoint_not_found'],
    ['POST', '/v1/models/..%2f..%2fetc:predict', 404, 'endpoint_not_found'],
    ['POST', '/v1/models/%ff:predict', 404, 'route_not_found'],
    ['GET', '/v1/models/plain:predict', 405, 'method_not_allowed'],
    ['PUT', '/v1/feedback', 405, 'method_not_allowed'],
    ['DELETE', '/healthz', 405, 'method_not_allowed'],
    ['GET', '/', 404, 'route_not_found'],
    ['GET', '/v1/models', 404, 'route_not_found'],
    ['GET', '//healthz', 404, 'route_not_found'],
  ])('%s %s', async (method, path, status, code) => {
    const response = await gateway.call(path, method === 'GET' ? {} : { method, body: '{"instances":[{"score":1}]}' });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([status, code]);
    if (status === 405) expect(response.headers.get('allow')).toMatch(/^(GET|POST)$/);
  });

  it('ignore the query', async () => {
    const response = await gateway.call('/v1/models/plain:predict?trace=1', {
      method: 'POST',
      body: '{"instances":[{"score":1}]}',
    });
    expect(response.status).toBe(200);
  });
});

describe('sizes', () => {
  it('more rows than allowed', async () => {
    expect(await problemOf({ instances: Array(101).fill({ score: 1 }) })).toMatchObject({
      status: 413,
      code: 'batch_too_large',
    });
  });

  it('a body of 50 MB is refused', async () => {
    const body = Buffer.alloc(50_000_000, 0x20);
    const response = await gateway.call('/v1/models/plain:predict', { method: 'POST', body });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([413, 'body_too_large']);
  });

  it('a body of unknown length over the limit is refused too', async () => {
    const answer = await new Promise<{ status: number | undefined }>((resolve, reject) => {
      const request = httpRequest(
        {
          port: gateway.port,
          host: '127.0.0.1',
          path: '/v1/models/plain:predict',
          method: 'POST',
          headers: { 'transfer-encoding': 'chunked' },
        },
        (response) => {
          response.resume();
          response.on('end', () => resolve({ status: response.statusCode }));
        },
      );
      request.on('error', reject);
      const chunk = Buffer.alloc(65_536, 0x20);
      let sent = 0;
      const write = (): void => {
        while (sent < 400) {
          sent += 1;
          if (!request.write(chunk)) {
            request.once('drain', write);
            return;
          }
        }
        request.end();
      };
      write();
    });
    expect(answer.status).toBe(413);
  });

  it('a caller that asks first is told before it sends', async () => {
    const exchange = (length: number) =>
      new Promise<string>((resolve) => {
        const socket = connect(gateway.port, '127.0.0.1');
        socket.once('data', (data: Buffer) => {
          resolve(data.toString().split('\r\n')[0] ?? '');
          socket.destroy();
        });
        socket.write(
          `POST /v1/models/plain:predict HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`,
        );
      });
    expect(await exchange(50_000_000)).toBe('HTTP/1.1 413 Payload Too Large');
    expect(await exchange(30)).toBe('HTTP/1.1 100 Continue');
  });

  const packed = async (body: Uint8Array, encoding: string) => {
    const response = await gateway.call('/v1/models/plain:predict', {
      method: 'POST',
      body,
      headers: { 'content-encoding': encoding },
    });
    return [response.status, ((await response.json()) as { code?: string }).code];
  };

  it('a compressed body is unpacked, up to the same size as any', async () => {
    const body = JSON.stringify({ instances: [{ score: 0.5 }] });
    expect(await packed(gzipSync(body), 'gzip')).toEqual([200, undefined]);
    expect(await packed(deflateSync(body), 'Deflate')).toEqual([200, undefined]);
    // 200 MB in 200 kB would be over the limit either way, so 40 MB: small as it is sent.
    const bomb = gzipSync(Buffer.alloc(40_000_000, ' '));
    expect(bomb.length).toBeLessThan(100_000);
    expect(await packed(bomb, 'gzip')).toEqual([413, 'body_too_large']);
  });

  it('a compressed body that is none, that is cut off, or of another kind is refused', async () => {
    const whole = gzipSync(JSON.stringify({ instances: [{ score: 0.5 }] }));
    expect(await packed(Buffer.from('anything'), 'gzip')).toEqual([400, 'invalid_request']);
    expect(await packed(whole.subarray(0, whole.length - 12), 'gzip')).toEqual([400, 'invalid_request']);
    expect(await packed(whole, 'br')).toEqual([415, 'unsupported_media_type']);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-8'])(
    'JSON is taken as %s',
    async (type) => {
      const response = await gateway.call('/v1/models/plain:predict', {
        method: 'POST',
        body: '{"instances":[{"score":1}]}',
        headers: { 'content-type': type },
      });
      expect(response.status).toBe(200);
    },
  );
});

describe('bodies made to be expensive', () => {
  const many = (count: number, member: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => member(index)).join();
  it.each([
    ['thousands of units that are not texts', `{"instances":[{}],"units":[${many(30_000, () => '1')}]}`],
    ['thousands of wrong members of the segment', `{"instances":[{}],"segment":{${many(8_000, (n) => `"k${n}":1`)}}}`],
    ['thousands of members nobody knows', `{"instances":[{}],${many(8_000, (n) => `"k${n}":1`)}}`],
    ['thousands of features nobody knows', `{"instances":[{"score":1,${many(8_000, (n) => `"k${n}":1`)}}]}`],
    [
      'a segment that would be logged with every row',
      `{"instances":[${many(100, () => '[1]')}],"segment":{"k":"${'x'.repeat(9_000)}"}}`,
    ],
    [
      'lists in lists in lists',
      `{"instances":[{"score":1}],"context":{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`,
    ],
  ])('%s', async (_name, body) => {
    const problem = await problemOf(body);
    expect(problem.status).toBe(400);
    expect(JSON.stringify(problem).length).toBeLessThan(20_000);
    expect(gateway.log.writes).toEqual([]);
  });

  it.each([
    ['inputs', `{"inputs":[${many(21_000, () => '1')}]}`],
    ['dimensions', `{"inputs":[{"name":"score","datatype":"FP32","shape":[${many(20_000, () => '0.5')}]}]}`],
    ['parameters', `{"inputs":[],"parameters":{${many(8_000, (n) => `"k${n}":[]`)}}}`],
  ])('thousands of %s', async (what, body) => {
    const response = await gateway.call('/v2/models/plain/infer', { method: 'POST', body });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: string }).error).toMatch(new RegExp(`too many ${what}`));
  });

  it('many large ones at once are refused before they fill the memory', async () => {
    // Seventeen of the largest size, none of which ends.
    const sockets = Array.from({ length: 17 }, () => connect(gateway.port, '127.0.0.1'));
    let refused = '';
    for (const socket of sockets) {
      socket.on('error', () => {});
      socket.on('data', (data: Buffer) => {
        refused ||= data.toString().split('\r\n')[0] ?? '';
      });
      socket.write('POST /v1/models/plain:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n');
      socket.write(Buffer.alloc(99_000, 0x20));
    }
    for (let attempt = 0; attempt < 100 && refused === ''; attempt += 1)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(refused).toBe('HTTP/1.1 429 Too Many Requests');
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const large = await gateway.predict('plain', `{"instances":[{"score":1}]${' '.repeat(90_000)}}`);
    expect(large.status).toBe(200);
  });
});

describe('callers that do not speak HTTP, or slowly', () => {
  beforeEach(async () => {
    await gateway.close();
    await start({ headersTimeoutMs: 300, requestTimeoutMs: 500, checkEveryMs: 50 });
  });
  const converse = (text: string, more?: (socket: ReturnType<typeof connect>) => void) =>
    new Promise<string>((resolve) => {
      let answer = '';
      const socket = connect(gateway.port, '127.0.0.1', () => {
        socket.write(text);
        more?.(socket);
      });
      socket.on('data', (data: Buffer) => {
        answer += data;
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(answer.split('\r\n')[0] ?? ''));
    });

  it('are told so and disconnected', async () => {
    expect(await converse('hello\r\n\r\n')).toBe('HTTP/1.1 400 Bad Request');
    expect(await converse(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`)).toBe(
      'HTTP/1.1 431 Request Header Fields Too Large',
    );
  });

  it('who never finish their headers or body are cut off', async () => {
    expect(await converse('POST /v1/models/plain:predict HTTP/1.1\r\nHost: x\r\n')).toBe(
      'HTTP/1.1 408 Request Timeout',
    );
    expect(
      await converse('POST /v1/models/plain:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"inst'),
    ).toBe('HTTP/1.1 408 Request Timeout');
  });

  it('who go away in the middle are forgotten', async () => {
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write('POST /v1/models/plain:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"inst');
    await new Promise((resolve) => setTimeout(resolve, 30));
    socket.destroy();
  });
});

it('counts what it refuses per second, endpoint and code, and writes it to the log', async () => {
  await gateway.predict('plain', '{');
  await gateway.predict('plain', '{');
  await gateway.predict('nobody-1', { instances: [] });
  await gateway.predict('nobody-2', { instances: [] });
  gateway.flushRejections();
  const counts = new Map<string, number>();
  for (const record of gateway.log.records()) {
    if (record.t !== 'r') throw new Error('only rejections were expected');
    expect(record.at % 1_000).toBe(0);
    const key = `${record.endpoint} ${record.code}`;
    counts.set(key, (counts.get(key) ?? 0) + record.count);
  }
  expect(Object.fromEntries(counts)).toEqual({ 'plain malformed_json': 2, ' endpoint_not_found': 2 });
  expect(gateway.metricsText()).toContain(
    'switchyard_rejected_requests_total{endpoint="plain",code="malformed_json"} 2',
  );
  expect(gateway.metricsText()).not.toContain('nobody');
});
