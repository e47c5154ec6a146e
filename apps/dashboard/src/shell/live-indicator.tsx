import { useLiveState } from '../live/live-feed-provider.tsx';
import styles from './live-indicator.module.css';

const WORDS = { connecting: 'Connecting', open: 'Live', reconnecting: 'Reconnecting' } as const;

/** Whether what is shown follows the platform, or is as old as the connection. */
export function LiveIndicator() {
  const { connection } = useLiveState();
  return (
    <div
      className={styles.live}
      data-state={connection}
      role="status"
      title={
        connection === 'reconnecting' ? 'The live connection was lost. Numbers still refresh by themselves.' : undefined
      }
    >
      <i aria-hidden="true" />
      <span>{WORDS[connection]}</span>
    </div>
  );
}
