import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTryEndpoint } from '../src/endpoints/try-endpoint.ts';
import { eventually, type RunningControl, startControl } from './start-control.ts';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const answered = {
  predictions: [{ label: 1, score: 0.9 }],
  ids: [ID],
  served: [{ model: 'forest', version: '1', path: '' }],
};
type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const json = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => {
  return (_request, response) => response.writeHead(status, headers).end(JSON.stringify(body));
};
const problem = (status: number, code: string, detail: string, errors?: unknown) =>
  json(status, { type: `/problems/${code}`, title: code, status, code, detail, requestId: 'r', errors });

let answer: Answer;
const received: { path: string; requestId: string; body: unknown }[] = [];
const gateway = createServer((request, response) => {
  let text = '';
  request.on('data', (part) => {
    text += part;
  });
  request.on('end', () => {
    received.push({
      path: request.url ?? '',
      requestId: String(request.headers['x-request-id']),
      body: JSON.parse(text),
    });
    answer(request, response);
  });
});
let gatewayUrl: string;
let running: RunningControl;

beforeAll(async () => {
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  gatewayUrl = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
  running = await startControl({ gatewayUrl });
  await running.addModel('forest');
  await running.call('PUT', '/endpoints/fraud', {
    policy: { kind: 'model', model: 'forest', version: '1' },
    settings: { timeoutMs: 50 },
  });
});
afterAll(async () => {
  await running.stop();
  gateway.closeAllConnections();
  gateway.close();
});
beforeEach(() => {
  received.length = 0;
  answer = json(200, answered, { 'x-switchyard-revision': '1', 'x-switchyard-overhead-us': '84' });
});
const attempt = (body: object = { features: { amount: 12 } }, endpoint = 'fraud') =>
  running.call('POST', `/endpoints/${endpoint}/try`, body);

describe('trying an endpoint', () => {
  it('asks a gateway for one row that can be told from traffic, and tells what it answered', async () => {
    const context = { hour: 14, source: 'somebody else' };
    const tried = await attempt({ features: { amount: 12 }, unit: 'card-1', segment: { region: 'eu' }, context });
    expect(tried).toMatchObject({
      status: 200,
      body: { id: ID, answer: { label: 1, score: 0.9 }, served: { model: 'forest' }, revision: 1, overheadMicros: 84 },
    });
    expect(received).toEqual([
      {
        path: '/v1/models/fraud:predict',
        requestId: tried.headers.get('x-request-id'),
        body: {
          instances: [{ amount: 12 }],
          unit: 'card-1',
          segment: { region: 'eu' },
          context: { hour: 14, source: 'dashboard' },
        },
      },
    ]);
  });

  it('tells what the gateway refused at the feature it is about', async () => {
    answer = problem(400, 'invalid_features', "row 0, feature 'amount': is a text", [
      { index: 0, field: 'amount', detail: 'is a text' },
    ]);
    expect(await attempt()).toMatchObject({
      status: 400,
      body: { code: 'invalid_features', errors: [{ field: 'features.amount', detail: 'is a text' }] },
    });
    answer = problem(502, 'model_failed', 'the model failed');
    expect(await attempt()).toMatchObject({ status: 502, body: { code: 'model_failed', detail: 'the model failed' } });
  });

  it('says so when there is no endpoint, here or at the gateway yet', async () => {
    expect(await attempt(undefined, 'nobody')).toMatchObject({ status: 404, body: { code: 'endpoint_not_found' } });
    expect(received).toEqual([]);
    answer = problem(404, 'endpoint_not_found', 'there is none');
    expect(await attempt()).toMatchObject({ status: 503, body: { code: 'not_ready' } });
  });

  it('ends when the gateway is silent, away or answers something else', async () => {
    answer = () => {};
    const startedAt = Date.now();
    expect(await attempt()).toMatchObject({ status: 504, body: { code: 'deadline_exceeded' } });
    expect(Date.now() - startedAt).toBeLessThan(10_000);
    answer = (_request, response) => response.destroy();
    expect(await attempt()).toMatchObject({ status: 503, body: { code: 'not_ready' } });
    answer = (_request, response) => response.writeHead(200).end('<html>');
    expect(await attempt()).toMatchObject({ status: 500, body: { code: 'internal_error' } });
  });

  it('refuses bodies that are not of one row', async () => {
    for (const body of [{}, { features: { amount: [1] } }, { features: {}, units: ['a'] }]) {
      expect(await attempt(body)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    }
    expect(received).toEqual([]);
  });

  it('lets only so many go at once, and others again when they have ended', async () => {
    const waiting: ServerResponse[] = [];
    answer = (_request, response) => waiting.push(response);
    const tryEndpoint = createTryEndpoint(gatewayUrl, { maximumAtOnce: 2, maximumWaitMs: 60_000 });
    const one = () => tryEndpoint('fraud', { features: {} }, { requestId: 'r', timeoutMs: 60_000 });
    const both = [one(), one()];
    await expect(one()).rejects.toMatchObject({ code: 'overloaded' });
    await eventually('both have arrived', () => waiting.length === 2);
    for (const response of waiting) response.writeHead(200).end(JSON.stringify(answered));
    await Promise.all(both);
    answer = json(200, answered);
    expect(await one()).toMatchObject({ id: ID, revision: null });
  });
});
