/** Counts who still uses something, so that it can be let go once nobody does. */
export interface Lease {
  acquire(): void;
  release(): void;
  /** Resolves when nobody uses it any more; at once when nobody does now. */
  whenIdle(): Promise<void>;
}

export function createLease(): Lease {
  let users = 0;
  let waiting: (() => void)[] = [];
  return {
    acquire() {
      users += 1;
    },
    release() {
      users -= 1;
      if (users > 0) return;
      const released = waiting;
      waiting = [];
      for (const resolve of released) resolve();
    },
    whenIdle() {
      if (users === 0) return Promise.resolve();
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}
