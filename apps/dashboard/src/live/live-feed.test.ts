import type { LiveMessage } from '@switchyard/contracts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLiveFeed } from './live-feed.ts';

class FakeSocket {
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  closed = false;
  close() {
    this.closed = true;
  }
  say(message: LiveMessage | string) {
    const data = typeof message === 'string' ? message : JSON.stringify(message);
    this.onmessage?.(new MessageEvent('message', { data }));
  }
}

const item = (id: number) => ({ id: String(id) }) as never;
const recorded = (count: number, ids: number[]): LiveMessage => ({
  type: 'predictions-recorded',
  at: '2026-01-01T00:00:00Z',
  count,
  items: ids.map(item),
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function start(capacity = 200) {
  const sockets: FakeSocket[] = [];
  const changed: string[] = [];
  const feed = createLiveFeed({
    open: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    onEntityChanged: (message) => changed.push(`${message.entity} ${message.name}`),
    random: () => 1,
    capacity,
  });
  return { feed, sockets, changed };
}

test('many messages within a paint interval are one paint, newest first', () => {
  const { feed, sockets } = start();
  const paints = vi.fn();
  feed.subscribe(paints);
  sockets[0]!.onopen?.(new Event('open'));
  for (let round = 0; round < 50; round += 1) sockets[0]!.say(recorded(2, [round * 2, round * 2 + 1]));
  expect(paints).not.toHaveBeenCalled();
  vi.advanceTimersByTime(250);
  expect(paints).toHaveBeenCalledTimes(1);
  expect(
    feed
      .getState()
      .items.slice(0, 2)
      .map((one) => one.id),
  ).toEqual(['99', '98']);
  expect(feed.getState().connection).toBe('open');
  feed.stop();
});

test('the list is bounded, and what was not sent is counted', () => {
  const { feed, sockets } = start(3);
  sockets[0]!.say(recorded(100, [1, 2, 3, 4, 5]));
  vi.advanceTimersByTime(250);
  expect(feed.getState()).toMatchObject({ recorded: 100, notSent: 95 });
  expect(feed.getState().items.map((one) => one.id)).toEqual(['5', '4', '3']);
  feed.stop();
});

test('a lost connection is retried with growing waits, and the state says so', () => {
  const { feed, sockets } = start();
  for (const wait of [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
    const before = sockets.length;
    sockets.at(-1)!.onclose?.({} as CloseEvent);
    vi.advanceTimersByTime(wait - 1);
    expect(sockets.length).toBe(before);
    expect(feed.getState().connection).toBe('reconnecting');
    vi.advanceTimersByTime(1);
    expect(sockets.length).toBe(before + 1);
  }
  sockets.at(-1)!.onopen?.(new Event('open'));
  sockets.at(-1)!.onclose?.({} as CloseEvent);
  const before = sockets.length;
  vi.advanceTimersByTime(500);
  expect(sockets.length).toBe(before + 1);
  feed.stop();
});

test('stopping closes the socket and does not come back', () => {
  const { feed, sockets } = start();
  feed.stop();
  expect(sockets[0]!.closed).toBe(true);
  sockets[0]!.onclose?.({} as CloseEvent);
  vi.advanceTimersByTime(60_000);
  expect(sockets.length).toBe(1);
});

test('changes of entities are passed on, and what is not understood is passed over', () => {
  const { feed, sockets, changed } = start();
  sockets[0]!.say({ type: 'entity-changed', at: '2026-01-01T00:00:00Z', entity: 'endpoint', name: 'fraud' });
  sockets[0]!.say('no json');
  sockets[0]!.say('{"type":"from-the-future"}');
  expect(changed).toEqual(['endpoint fraud']);
  feed.stop();
});
