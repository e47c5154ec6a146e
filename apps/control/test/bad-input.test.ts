import { connect } from 'node:net';
import { errorRegistry, problemSchema } from '@switchyard/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { problemOf, type RunningControl, rawRequest, startControl } from './start-control.ts';

let running: RunningControl;
beforeAll(async () => {
  running = await startControl({
    readModels: {
      listPredictions: async () => ({ items: [] }),
      listRecentFeatures: async () => [],
      getPrediction: async () => {
        throw new Error('password=hunter2 at 10.0.0.1');
      },
      getOverview: async () => {
        throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.1'), { code: 'ECONNREFUSED' });
      },
      getTimeSeries: () => Promise.reject(new Error('not faked')),
      listModelQuality: async () => [],
      getEndpointTraffic: () => Promise.reject(new Error('not faked')),
      listAnswered: () => Promise.reject(new Error('not faked')),
    },
  });
  await running.addModel('forest');
});
afterAll(() => running.stop());

const problem = async (...args: Parameters<RunningControl['call']>) => {
  const answer = await running.call(...args);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  const parsed = problemSchema.parse(answer.body);
  expect(parsed.status).toBe(answer.status);
  expect(errorRegistry[parsed.code].status).toBe(answer.status);
  expect(parsed.requestId).toBe(answer.headers.get('x-request-id'));
  return parsed;
};

describe('bodies', () => {
  it.each([
    ['{"name": "x",', 'malformed_json'],
    ['', 'malformed_json'],
    ['undefined', 'malformed_json'],
    ['{"name":"x","task":"binary","__proto__":{"admin":true}}', 'malformed_json'],
    ['{"name":"x","task":"binary","constructor":{"prototype":{"admin":true}}}', 'malformed_json'],
    ['[]', 'invalid_request'],
    ['"text"', 'invalid_request'],
    ['null', 'invalid_request'],
  ])('%j is refused as %s', async (body, code) => {
    expect((await problem('POST', '/models', body)).code).toBe(code);
  });

  it.each([
    [{ name: 7, task: 'binary' }, 'name'],
    [{ name: 'x', task: 'divination' }, 'task'],
    [{ name: 'x', task: 'binary', description: ['a'] }, 'description'],
    [{ task: 'binary' }, 'name'],
    [{ name: 'x'.repeat(65), task: 'binary' }, 'name'],
    [{ name: '../x', task: 'binary' }, 'name'],
    [{ name: 'a..b', task: 'binary' }, 'name'],
    [{ name: 'UPPER', task: 'binary' }, 'name'],
    [{ name: 'x', task: 'binary', description: 'a\0b' }, 'description'],
    [{ name: 'x', task: 'binary', description: '\ud800' }, 'description'],
  ])('%j is refused, naming the field %s', async (body, field) => {
    const { code, errors, detail } = await problem('POST', '/models', body);
    expect(code).toBe('invalid_request');
    expect(errors?.map((error) => error.field)).toContain(field);
    expect(detail).toContain(field);
  });

  it('name every field that is wrong', async () => {
    const { errors } = await problem('PUT', '/endpoints/e', {
      policy: { kind: 'split', arms: [{ name: 'A!', weight: 2 }] },
      note: 1,
    });
    expect(errors?.map((error) => error.field)).toEqual(
      expect.arrayContaining(['policy.arms.0.name', 'policy.arms.0.weight', 'note']),
    );
  });

  it('nested without end are refused, not walked into', async () => {
    let policy = '{"kind":"model","model":"forest","version":"1"}';
    for (let depth = 0; depth < 200; depth += 1)
      policy = `{"kind":"rules","rules":[{"name":"r","when":"true","policy":${policy}}],"otherwise":{"kind":"model","model":"forest","version":"1"}}`;
    expect(await problem('PUT', '/endpoints/deep', `{"policy":${policy}}`)).toMatchObject({
      code: 'invalid_request',
      detail: expect.stringContaining('nested too deeply'),
    });
    expect((await problem('POST', '/models', `${'['.repeat(100_000)}${']'.repeat(100_000)}`)).code).toBe(
      'invalid_request',
    );
  });

  it('larger than allowed are refused, before they are read where they say so', async () => {
    expect((await problem('POST', '/models', JSON.stringify({ description: 'x'.repeat(17_000_000) }))).code).toBe(
      'body_too_large',
    );
    const declared = await rawRequest(running.port, {
      method: 'POST',
      path: '/api/v1/models',
      headers: { 'content-type': 'application/json', 'content-length': '52428800' },
    }).catch((error: Error) => ({ status: 0, body: error.message }));
    expect(declared.status).toBe(413);
  });

  it('of other content types are refused', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml']) {
      expect((await problem('POST', '/models', 'name=x', { 'content-type': type })).code).toBe(
        'unsupported_media_type',
      );
    }
  });
});

describe('addresses', () => {
  it.each([
    ['/api/v1/models/%2e%2e', 400, 'invalid_request'],
    ['/api/v1/models/%2e%2e%2f%2e%2e%2fetc%2fpasswd', 400, 'invalid_request'],
    ['/api/v1/models/a%2fb', 400, 'invalid_request'],
    ['/api/v1/models/a%00b', 400, 'invalid_request'],
    ['/api/v1/models/forest/versions/..%2f1', 400, 'invalid_request'],
    ['/api/v1/models/forest/versions/1/artifact/../../../../etc/passwd', 404, 'route_not_found'],
    ['/api/v1/models/../../../../etc/passwd', 404, 'route_not_found'],
    ['/api/v1/models/%zz', 400, 'invalid_request'],
    ['/api/v1/models/%', 400, 'invalid_request'],
    ['/api/v1/models/constructor', 404, 'model_not_found'],
    ['/api/v1/endpoints/constructor', 404, 'endpoint_not_found'],
    [`/api/v1/models/${'x'.repeat(400)}`, 400, 'invalid_request'],
    [`/api/v1/models/${'x'.repeat(4_000)}`, 404, 'route_not_found'],
    ['/api/v1/nothing', 404, 'route_not_found'],
    ['/%2e%2e/%2e%2e/etc/passwd', 404, 'route_not_found'],
    ['//etc/passwd', 404, 'route_not_found'],
  ])('%s is %i %s', async (path, status, code) => {
    const answer = await rawRequest(running.port, { path });
    expect([answer.status, problemSchema.parse(JSON.parse(answer.body)).code]).toEqual([status, code]);
    expect(answer.body).not.toContain('root:');
  });

  it('that exist for other methods say which', async () => {
    const answer = await running.call('PATCH', '/models/forest');
    expect(problemOf(answer).code).toBe('method_not_allowed');
    expect(answer.headers.get('allow')).toBe('DELETE, GET');
  });

  it.each([
    ['/models?limit=0', 'limit'],
    ['/models?limit=many', 'limit'],
    ['/models?limit=1&limit=2', 'limit'],
    ['/models?unknown=1', ''],
    ['/overview?from=yesterday&to=2026-01-01T00:00:00Z', 'from'],
    ['/overview?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'from'],
    ['/predictions?unit=a%00b', 'unit'],
    ['/predictions/not-an-id', 'id'],
  ])('%s is refused, naming %j', async (path, field) => {
    const { code, errors } = await problem('GET', path);
    expect(code).toBe('invalid_request');
    expect(errors?.map((error) => error.field)).toContain(field);
  });
});

describe('names and numbers that mean something else elsewhere', () => {
  it('are looked up as names only', async () => {
    const trial = await problem('POST', '/endpoints/constructor/try', { features: {} });
    expect(trial.code).toBe('endpoint_not_found');
    const policy = { kind: 'model', model: 'constructor', alias: 'constructor' };
    expect((await problem('PUT', '/endpoints/constructor', { policy })).code).toBe('invalid_policy');
    expect((await problem('POST', '/endpoints/constructor/rollback', {})).code).toBe('endpoint_not_found');
  });

  it('are found nowhere where no counter can come to', async () => {
    const policy = { kind: 'model', model: 'forest', version: '1' };
    expect((await running.call('PUT', '/endpoints/numbered', { policy })).status).toBe(200);
    const answer = await problem('POST', '/endpoints/numbered/rollback', { revision: 3_000_000_000 });
    expect(answer.code).toBe('revision_not_found');
    expect((await problem('PUT', '/endpoints/numbered', { policy, baseRevision: 3_000_000_000 })).code).toBe(
      'revision_conflict',
    );
    expect((await problem('PUT', '/models/forest/aliases/far', { version: '999999999' })).code).toBe(
      'version_not_found',
    );
  });
});

describe('failures of ours', () => {
  it('that are unknown tell a code and an id, and the log tells the rest once', async () => {
    const { code, detail, requestId } = await problem('GET', '/predictions/019a0000-0000-7000-8000-000000000000');
    expect(code).toBe('internal_error');
    expect(detail).not.toContain('hunter2');
    const lines = running.log.filter((line) => line.requestId === requestId && line.msg === 'request failed');
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).toContain('hunter2');
  });

  it('of the way to a store can be tried again', async () => {
    const answer = await running.call('GET', '/overview?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z');
    expect(answer.status).toBe(503);
    expect(problemOf(answer)).toMatchObject({ code: 'storage_unavailable', detail: 'A store does not answer.' });
    expect(answer.headers.get('retry-after')).toBe('2');
  });
});

describe('request ids', () => {
  it('are taken from the caller where they are plain, and made where not', async () => {
    const given = await running.call('GET', '/models', undefined, { 'x-request-id': 'trace-42.a_b' });
    expect(given.headers.get('x-request-id')).toBe('trace-42.a_b');
    for (const bad of ['a b', 'x'.repeat(129), '<script>']) {
      const made = await running.call('GET', '/models', undefined, { 'x-request-id': bad });
      expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});

describe('callers from elsewhere', () => {
  const status = async (headers: Record<string, string>, method = 'POST') =>
    (
      await rawRequest(running.port, {
        method,
        path: '/api/v1/models',
        headers: { 'content-type': 'application/json', ...headers },
        ...(method === 'POST' ? { body: '{}' } : {}),
      })
    ).status;
  const host = () => `127.0.0.1:${running.port}`;

  it('who come by another name than loopback are refused, reading included', async () => {
    for (const name of [
      'evil.example',
      'evil.example:7070',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      '10.0.0.1:7070',
    ]) {
      expect(await status({ host: name }, 'GET')).toBe(403);
    }
    for (const name of [host(), `localhost:${running.port}`, '[::1]:7070', 'LOCALHOST'])
      expect(await status({ host: name }, 'GET')).toBe(200);
  });

  it('who are pages of other sites may not change anything', async () => {
    for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:9999', `https://${host()}`]) {
      expect(await status({ host: host(), origin })).toBe(403);
    }
    expect(await status({ host: host(), 'sec-fetch-site': 'cross-site' })).toBe(403);
    // 400: let in, and refused for the empty body.
    expect(await status({ host: host(), origin: `http://${host()}` })).toBe(400);
    expect(await status({ host: host(), 'sec-fetch-site': 'same-origin' })).toBe(400);
    expect(await status({ host: host() })).toBe(400);
  });

  it('who are pages of other sites may not listen to the live feed', async () => {
    const opens = (origin?: string) =>
      new Promise<boolean>((resolve) => {
        const socket = new WebSocket(`ws://${host()}/api/v1/live`, origin === undefined ? {} : { origin });
        socket.on('open', () => {
          socket.terminate();
          resolve(true);
        });
        socket.on('error', () => resolve(false));
      });
    expect(await opens('http://evil.example')).toBe(false);
    expect(await opens(`http://${host()}`)).toBe(true);
    expect(await opens()).toBe(true);
  });

  it('get headers that keep answers from being framed, guessed at or read across sites', async () => {
    const { headers } = await running.call('GET', '/models');
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'cache-control': 'no-store',
    });
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('who send no HTTP at all are answered and forgotten', async () => {
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(running.port, '127.0.0.1', () => socket.write('\x16\x03\x01 nonsense\r\n\r\n'));
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text));
      socket.on('error', () => {});
    });
    expect(answer).toContain('400');
    expect((await running.call('GET', '/models')).status).toBe(200);
  });
});
