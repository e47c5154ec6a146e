import { type LiveMessage, liveMessageSchema, type PredictionSummary } from '@switchyard/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { eventually, type RunningControl, startControl } from './start-control.ts';

let running: RunningControl;
beforeAll(async () => {
  running = await startControl();
});
afterAll(() => running.stop());

async function listen(): Promise<{ socket: WebSocket; messages: LiveMessage[] }> {
  const messages: LiveMessage[] = [];
  const socket = new WebSocket(`ws://127.0.0.1:${running.port}/api/v1/live`);
  socket.on('message', (data) => messages.push(liveMessageSchema.parse(JSON.parse(String(data)))));
  socket.on('error', () => {});
  await eventually('hello', () => messages.length > 0);
  return { socket, messages };
}

const summary: PredictionSummary = {
  id: '019a0000-0000-7000-8000-000000000000',
  at: '2026-01-01T00:00:00.000Z',
  endpoint: 'fraud',
  revision: 1,
  path: '',
  model: 'forest',
  version: '1',
  status: 'ok',
  error: '',
  unit: 'u',
  answer: { label: 0, score: 0.1 },
  outcome: null,
  totalMicros: 100,
};

describe('the live feed', () => {
  it('says hello, then what was recorded, joined and changed, each as the contract says', async () => {
    const { socket, messages } = await listen();
    expect(messages[0]).toMatchObject({ type: 'hello', version: '0.0.0-test' });
    running.live.predictionsRecorded(7, [summary]);
    running.live.predictionsRecorded(0, []);
    running.live.outcomesJoined(3);
    running.live.outcomesJoined(0);
    await running.call('POST', '/models', { name: 'forest', task: 'binary' });
    await eventually('four messages', () => messages.length >= 4);
    expect(messages.slice(1)).toMatchObject([
      { type: 'predictions-recorded', count: 7, items: [summary] },
      { type: 'outcomes-joined', count: 3 },
      { type: 'entity-changed', entity: 'model', name: 'forest' },
    ]);
    socket.close();
  });

  it('sends the newest of many predictions, oldest first', async () => {
    const { socket, messages } = await listen();
    // As a segment is sampled: newest first.
    const sample = Array.from({ length: 5_000 }, (_, index) => ({ ...summary, unit: `u${5_000 - index}` }));
    running.live.predictionsRecorded(5_000, sample);
    await eventually('told', () => messages.length >= 2);
    expect(messages[1]).toMatchObject({ count: 5_000 });
    const { items } = messages[1] as Extract<LiveMessage, { type: 'predictions-recorded' }>;
    expect(items.map(({ unit }) => unit)).toEqual(Array.from({ length: 50 }, (_, index) => `u${4_951 + index}`));
    socket.close();
  });

  it('drops a client that does not read, and nobody else', async () => {
    const slow = await listen();
    const quick = await listen();
    await eventually('two are connected', () => running.live.clients() === 2);
    // Stops reading: what is sent to it piles up.
    (slow.socket as unknown as { _socket: { pause(): void } })._socket.pause();
    const large = { ...summary, unit: 'u'.repeat(100_000) };
    await eventually('one is dropped', async () => {
      running.live.predictionsRecorded(1, [large]);
      return running.live.dropped() === 1;
    });
    expect(running.live.clients()).toBe(1);
    const before = quick.messages.length;
    running.live.outcomesJoined(1);
    await eventually('the quick one hears on', () => quick.messages.length > before);
    quick.socket.close();
    slow.socket.terminate();
  });

  it('closes a client that sends more than a word', async () => {
    const { socket } = await listen();
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    socket.send('x'.repeat(2_000));
    expect(await closed).toBe(1009);
  });

  it('has room for so many, and sends the others away', async () => {
    await eventually('empty', () => running.live.clients() === 0);
    const many = await Promise.all(Array.from({ length: 200 }, listen));
    const late = new WebSocket(`ws://127.0.0.1:${running.port}/api/v1/live`);
    expect(await new Promise((resolve) => late.on('close', resolve))).toBe(1013);
    for (const { socket } of many) socket.terminate();
    await eventually('empty again', () => running.live.clients() === 0);
  });

  it('says goodbye when control stops', async () => {
    const other = await startControl({ metadata: running.metadata });
    const socket = new WebSocket(`ws://127.0.0.1:${other.port}/api/v1/live`);
    await new Promise((resolve) => socket.on('open', resolve));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await other.stop();
    expect(await closed).toBe(1001);
  });
});
