import type { LiveMessage, PredictionSummary } from '@switchyard/contracts';

export type Connection = 'connecting' | 'open' | 'reconnecting';

/** What a view of the feed shows. A new object each time it is painted. */
export interface LiveState {
  readonly connection: Connection;
  /** Unix milliseconds of the last message, null before the first. */
  readonly lastMessageAt: number | null;
  /** Newest first. */
  readonly items: readonly PredictionSummary[];
  /** All that were recorded since the page was opened, shown or not. */
  readonly recorded: number;
  /** Recorded, but not among those that were sent: the server sends a sample when there are many. */
  readonly notSent: number;
  readonly outcomesJoined: number;
}

interface Socket {
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  close(): void;
}

export interface LiveFeedOptions {
  readonly open: () => Socket;
  readonly onEntityChanged: (message: Extract<LiveMessage, { type: 'entity-changed' }>) => void;
  readonly now?: () => number;
  readonly random?: () => number;
  /** Rows that are kept; older ones are forgotten. */
  readonly capacity?: number;
  /** Between two paints. */
  readonly paintIntervalMs?: number;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

export interface LiveFeed {
  readonly subscribe: (listener: () => void) => () => void;
  readonly getState: () => LiveState;
  readonly stop: () => void;
}

/**
 * Live predictions, kept out of Redux: messages go to a bounded list, and listeners hear of all that came
 * within one paint interval at once. Reconnects with growing, jittered waits for as long as it is not stopped.
 */
export function createLiveFeed(options: LiveFeedOptions): LiveFeed {
  const {
    open,
    onEntityChanged,
    now = Date.now,
    random = Math.random,
    capacity = 200,
    paintIntervalMs = 250,
  } = options;
  const listeners = new Set<() => void>();
  let state: LiveState = {
    connection: 'connecting',
    lastMessageAt: null,
    items: [],
    recorded: 0,
    notSent: 0,
    outcomesJoined: 0,
  };
  let next = state;
  let paint: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let attempts = 0;
  let stopped = false;
  let socket: Socket | undefined;

  function change(patch: Partial<LiveState>): void {
    next = { ...next, ...patch };
    paint ??= setTimeout(() => {
      paint = undefined;
      state = next;
      for (const listener of listeners) listener();
    }, paintIntervalMs);
  }

  function receive(message: LiveMessage): void {
    if (message.type === 'predictions-recorded') {
      const items = [...message.items.toReversed(), ...next.items].slice(0, capacity);
      change({
        items,
        recorded: next.recorded + message.count,
        notSent: next.notSent + Math.max(0, message.count - message.items.length),
      });
    } else if (message.type === 'outcomes-joined') {
      change({ outcomesJoined: next.outcomesJoined + message.count });
    } else if (message.type === 'entity-changed') {
      onEntityChanged(message);
    }
    change({ lastMessageAt: now() });
  }

  function connect(): void {
    const current = open();
    socket = current;
    current.onopen = () => {
      attempts = 0;
      change({ connection: 'open' });
    };
    current.onmessage = (event) => {
      const message = parse(event.data);
      if (message !== null) receive(message);
    };
    current.onclose = () => {
      if (stopped || socket !== current) return;
      change({ connection: 'reconnecting' });
      const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempts);
      attempts += 1;
      retry = setTimeout(connect, wait * (0.5 + random() / 2));
    };
  }

  connect();
  return {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    getState: () => state,
    stop: () => {
      stopped = true;
      clearTimeout(paint);
      clearTimeout(retry);
      socket?.close();
    },
  };
}

/** Messages of kinds that this page does not know yet are passed over. */
function parse(data: unknown): LiveMessage | null {
  if (typeof data !== 'string') return null;
  try {
    const message: unknown = JSON.parse(data);
    return typeof message === 'object' && message !== null && 'type' in message ? (message as LiveMessage) : null;
  } catch {
    return null;
  }
}
