import type { LiveMessage, PredictionSummary } from '@switchyard/contracts';
import type { WebSocket } from 'ws';

const MAXIMUM_CLIENTS = 200;
const MAXIMUM_BUFFERED_BYTES = 1_048_576;
const MAXIMUM_SAMPLE = 50;
const PING_EVERY_MS = 30_000;

type Entity = Extract<LiveMessage, { type: 'entity-changed' }>['entity'];

/** What dashboards hear without asking. Whoever cannot keep up is disconnected and starts again with a fresh look. */
export interface LiveFeed {
  /** False when there is no room for another one; the socket is closed then. */
  join(socket: WebSocket): boolean;
  /** `sample`: newest first. */
  predictionsRecorded(count: number, sample: readonly PredictionSummary[]): void;
  outcomesJoined(count: number): void;
  entityChanged(entity: Entity, name: string): void;
  clients(): number;
  dropped(): number;
  close(): void;
}

export function createLiveFeed(options: { readonly now: () => Date; readonly version: string }): LiveFeed {
  const sockets = new Set<WebSocket>();
  const silent = new Set<WebSocket>();
  let dropped = 0;
  let closed = false;
  const at = () => options.now().toISOString();

  const broadcast = (message: LiveMessage) => {
    if (sockets.size === 0) return;
    const text = JSON.stringify(message);
    for (const socket of sockets) {
      if (socket.bufferedAmount > MAXIMUM_BUFFERED_BYTES) {
        dropped += 1;
        sockets.delete(socket);
        socket.terminate();
      } else {
        socket.send(text, () => {});
      }
    }
  };

  // Finds the ones whose other end is gone without having said so.
  const pinging = setInterval(() => {
    for (const socket of sockets) {
      if (silent.has(socket)) {
        socket.terminate();
        continue;
      }
      silent.add(socket);
      socket.ping();
    }
  }, PING_EVERY_MS);
  pinging.unref();

  return {
    join: (socket) => {
      if (closed || sockets.size >= MAXIMUM_CLIENTS) {
        socket.close(1013, 'try again later');
        return false;
      }
      sockets.add(socket);
      const leave = () => {
        sockets.delete(socket);
        silent.delete(socket);
      };
      socket.on('close', leave);
      socket.on('error', leave);
      socket.on('pong', () => silent.delete(socket));
      socket.send(
        JSON.stringify({ type: 'hello', at: at(), version: options.version } satisfies LiveMessage),
        () => {},
      );
      return true;
    },
    predictionsRecorded: (count, sample) => {
      if (count <= 0) return;
      // Told in the order in which it happened.
      const items = sample.slice(0, MAXIMUM_SAMPLE).toReversed();
      broadcast({ type: 'predictions-recorded', at: at(), count, items });
    },
    outcomesJoined: (count) => {
      if (count > 0) broadcast({ type: 'outcomes-joined', at: at(), count });
    },
    entityChanged: (entity, name) => broadcast({ type: 'entity-changed', at: at(), entity, name }),
    clients: () => sockets.size,
    dropped: () => dropped,
    close: () => {
      closed = true;
      clearInterval(pinging);
      for (const socket of sockets) socket.close(1001, 'going away');
      sockets.clear();
    },
  };
}
