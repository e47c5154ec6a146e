import { X } from 'lucide-react';
import { type ReactNode, useSyncExternalStore } from 'react';
import { IconButton } from './button.tsx';
import styles from './notify.module.css';

interface Notice {
  readonly id: string;
  readonly title: string;
  readonly detail?: ReactNode;
}

const SHORT_MS = 6_000;
const LASTING_MS = 20_000;
const MAXIMUM_SHOWN = 4;

let notices: readonly Notice[] = [];
let count = 0;
const listeners = new Set<() => void>();

function change(next: readonly Notice[]): void {
  notices = next;
  for (const listener of listeners) listener();
}

/** Says that something happened. One with something to press stays longer. */
export function notify(notice: { title: string; detail?: ReactNode; lasting?: boolean; id?: string }): void {
  count += 1;
  const id = notice.id ?? `notice ${count}`;
  change(
    [...notices.filter((one) => one.id !== id), { id, title: notice.title, detail: notice.detail }].slice(
      -MAXIMUM_SHOWN,
    ),
  );
  setTimeout(() => dismiss(id), notice.lasting === true ? LASTING_MS : SHORT_MS);
}

export function dismiss(id: string): void {
  change(notices.filter((notice) => notice.id !== id));
}

export function Notices() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => notices,
  );
  return (
    <div className={styles.notices} role="status" aria-live="polite">
      {shown.map((notice) => (
        <div key={notice.id} className={styles.notice}>
          <div>
            <p className={styles.title}>{notice.title}</p>
            {notice.detail !== undefined && <div className={styles.detail}>{notice.detail}</div>}
          </div>
          <IconButton label="Dismiss" icon={<X size={14} aria-hidden="true" />} onClick={() => dismiss(notice.id)} />
        </div>
      ))}
    </div>
  );
}
