import type { PredictResponse } from '@switchyard/contracts';

export interface LoadBooks {
  /** Ids of every prediction that was answered with 200. */
  readonly acknowledged: readonly string[];
  /** Answers that were errors, by status. */
  readonly refused: ReadonlyMap<number, number>;
  /** Requests whose connection broke: the caller does not know what became of them. */
  readonly broken: number;
}

/** Sends predictions from several callers at once until it is stopped, and keeps the books. */
export function startLoad(
  url: () => string,
  bodies: readonly unknown[],
  callers: number,
): { stop(): Promise<LoadBooks>; answered(): number } {
  const acknowledged: string[] = [];
  const refused = new Map<number, number>();
  let broken = 0;
  let stopped = false;
  let next = 0;
  const texts = bodies.map((body) => JSON.stringify(body));
  const caller = async () => {
    while (!stopped) {
      const body = texts[next++ % texts.length] as string;
      try {
        const response = await fetch(url(), { method: 'POST', headers: { 'content-type': 'application/json' }, body });
        const text = await response.text();
        if (response.ok) acknowledged.push(...(JSON.parse(text) as PredictResponse).ids);
        else refused.set(response.status, (refused.get(response.status) ?? 0) + 1);
      } catch {
        broken += 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const running = Array.from({ length: callers }, caller);
  return {
    answered: () => acknowledged.length,
    stop: async () => {
      stopped = true;
      await Promise.all(running);
      return { acknowledged, refused, broken };
    },
  };
}
