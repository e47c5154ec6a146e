import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import { api } from '../api/api.ts';
import { useAppDispatch } from '../api/store.ts';
import { createLiveFeed, type LiveFeed, type LiveState } from './live-feed.ts';

const NOT_STARTED: LiveState = {
  connection: 'connecting',
  lastMessageAt: null,
  items: [],
  recorded: 0,
  notSent: 0,
  outcomesJoined: 0,
};
const idle: LiveFeed = { subscribe: () => () => {}, getState: () => NOT_STARTED, stop: () => {} };
const Context = createContext<LiveFeed>(idle);

/** One connection for the whole page. */
export function LiveFeedProvider(props: { children: ReactNode }) {
  const dispatch = useAppDispatch();
  const [feed, setFeed] = useState<LiveFeed>(idle);
  useEffect(() => {
    const address = new URL('/api/v1/live', location.href);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const started = createLiveFeed({
      open: () => new WebSocket(address),
      onEntityChanged: ({ entity }) => {
        const tags = {
          model: ['Model', 'Version'],
          endpoint: ['Endpoint', 'Revision', 'Model'],
          gateway: ['Status'],
          alert: ['Alert'],
        } as const;
        dispatch(api.util.invalidateTags([...(tags[entity] ?? []), 'Status']));
      },
    });
    setFeed(started);
    return () => started.stop();
  }, [dispatch]);
  return <Context value={feed}>{props.children}</Context>;
}

export function useLiveState(): LiveState {
  const feed = useContext(Context);
  return useSyncExternalStore(feed.subscribe, feed.getState);
}
