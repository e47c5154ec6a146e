import { type FeedbackRecord, feedbackResponseSchema } from '@switchyard/contracts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from './support/test-gateway.ts';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
let gateway: TestGateway;
beforeEach(async () => {
  gateway = await startTestGateway();
  gateway.serve({ models: {}, endpoints: {}, keepWarm: [] });
});
afterEach(async () => {
  await gateway.close();
  expect(gateway.unforeseen).toEqual([]);
});

const send = async (body: string, contentType = 'application/json') => {
  const response = await gateway.call('/v1/feedback', {
    method: 'POST',
    body,
    headers: { 'content-type': contentType },
  });
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, answer };
};

it('takes one object and writes it to the log before it says so', async () => {
  const { status, answer } = await send(
    JSON.stringify({ id: ID.toUpperCase(), label: 1, at: '2026-01-02T03:04:05+01:00' }),
  );
  expect([status, answer]).toEqual([202, { accepted: 1, rejected: [] }]);
  expect(gateway.log.records()).toEqual([
    {
      t: 'f',
      id: ID,
      at: Date.UTC(2026, 0, 2, 2, 4, 5),
      receivedAt: expect.any(Number),
      sequence: expect.stringMatching(/^[0-9a-f-]{36}$/),
      label: 1,
      reward: null,
      values: {},
    },
  ]);
});

it('takes the good items of an array and names the bad ones', async () => {
  const { status, answer } = await send(
    JSON.stringify([
      { id: ID, label: 'fraud' },
      { id: 'not-an-id', label: 1 },
      { id: ID, values: { revenue: 12.5 }, reward: -0.5 },
      { id: ID },
      null,
      { id: ID, label: { nested: true } },
      { id: ID, label: 1, at: 'yesterday' },
      { id: ID, label: 1, more: 2 },
      { id: ID, label: false },
    ]),
  );
  expect(status).toBe(202);
  const { accepted, rejected } = feedbackResponseSchema.parse(answer);
  expect(accepted).toBe(3);
  expect(rejected.map(({ index, code }) => [index, code])).toEqual(
    [1, 3, 4, 5, 6, 7].map((index) => [index, 'invalid_request']),
  );
  const records = gateway.log.records() as FeedbackRecord[];
  expect(records.map(({ label, reward, values }) => [label, reward, values])).toEqual([
    ['fraud', null, {}],
    [null, -0.5, { revenue: 12.5 }],
    [false, null, {}],
  ]);
  // The last one wins: sequences ascend.
  const sequences = records.map(({ sequence }) => sequence);
  expect([...sequences].sort()).toEqual(sequences);
  expect(gateway.log.writes).toHaveLength(1);
});

it('takes one object a line', async () => {
  const lines = [`{"id":"${ID}","label":1}`, '', '{broken', `{"id":"${ID}","reward":2}\r`, ''].join('\n');
  const { status, answer } = await send(lines, 'application/x-ndjson; charset=utf-8');
  expect(status).toBe(202);
  expect(answer).toEqual({ accepted: 2, rejected: [{ index: 1, code: 'malformed_json', detail: expect.any(String) }] });
});

it.each([
  ['{', 400, 'malformed_json'],
  ['5', 400, 'invalid_request'],
  ['null', 400, 'invalid_request'],
  [JSON.stringify(Array(101).fill({ id: ID, label: 1 })), 413, 'batch_too_large'],
])('refuses %.20s', async (body, status, code) => {
  const result = await send(body);
  expect([result.status, result.answer.code]).toEqual([status, code]);
  expect(gateway.log.writes).toEqual([]);
});

it('accepts nothing, politely', async () => {
  expect(await send('[]')).toEqual({ status: 202, answer: { accepted: 0, rejected: [] } });
});

it('answers 503 when it could not be written: nothing is said to be accepted that is not in the log', async () => {
  gateway.log.isBroken = true;
  const { status, answer } = await send(JSON.stringify({ id: ID, label: 1 }));
  expect([status, answer.code]).toEqual([503, 'log_unavailable']);
});
