import { type ClientCheck, type EndpointSettings, type Policy, SwitchyardError } from '@switchyard/contracts';
import { endpointFeatures, findRowProblems, type RegistryView } from '@switchyard/routing';
import type { RecentFeaturesQuery } from '../predictions/recent-features.ts';

/** Rows that clients sent lately, or why they cannot be known. */
export type RecentRequests =
  | { readonly rows: readonly Record<string, unknown>[] }
  | { readonly rows: null; readonly reason: string };

export interface RecentRequestsSource {
  /** Never rejects, never takes long: publishing must be possible while the store is away. */
  load(endpoint: string): Promise<RecentRequests>;
}

/** What takes rows: the policy, and the registry that says which versions it means. */
export interface Taker {
  readonly policy: Policy;
  readonly view: RegistryView;
  readonly unknownFeatures: EndpointSettings['unknownFeatures'];
}

const ROWS = 200;
const SINCE_MS = 24 * 3_600_000;
const WAIT_MS = 2_000;
const PROBLEMS_TOLD = 20;

export function createRecentRequests(options: {
  readonly listRecentFeatures: (query: RecentFeaturesQuery) => Promise<Record<string, unknown>[]>;
  readonly now: () => Date;
  readonly waitMs?: number;
}): RecentRequestsSource {
  const { listRecentFeatures, now, waitMs = WAIT_MS } = options;
  return {
    async load(endpoint) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<RecentRequests>((resolve) => {
        const reason = `the analytics store did not answer within ${waitMs / 1_000} s`;
        timer = setTimeout(() => resolve({ rows: null, reason }), waitMs);
      });
      const asked = Promise.resolve()
        .then(() => listRecentFeatures({ endpoint, since: now().getTime() - SINCE_MS, limit: ROWS }))
        .then(
          (rows): RecentRequests =>
            rows.length > 0 ? { rows } : { rows: null, reason: 'no request was answered in the last 24 hours' },
          (): RecentRequests => ({ rows: null, reason: 'the analytics store does not answer' }),
        );
      try {
        return await Promise.race([asked, late]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/**
 * Tries recent requests on what is about to be published. Only those count that are answered now: what is refused
 * already is nobody's loss. What depends on the width of tensors, or on what a model does with a row,
 * only the gateways see, when they try the new snapshot themselves.
 * Throws clients_refused, with every feature and how many requests it concerns, unless it is forced.
 */
export function checkClients(
  endpoint: string,
  requests: RecentRequests,
  now: Taker,
  then: Taker,
  isForced: boolean,
): ClientCheck {
  if (requests.rows === null) return { requests: 0, refused: 0, skipped: requests.reason, forced: isForced };
  const before = endpointFeatures(now.policy, now.view);
  const after = endpointFeatures(then.policy, then.view);
  const answered = requests.rows.filter((row) => findRowProblems(before, row, now.unknownFeatures).length === 0);
  const counts = new Map<string, { feature: string; code: string; detail: string; count: number }>();
  let refused = 0;
  for (const row of answered) {
    const problems = findRowProblems(after, row, then.unknownFeatures);
    if (problems.length > 0) refused += 1;
    for (const { feature, code, detail } of problems) {
      const key = JSON.stringify([feature, code, detail]);
      const known = counts.get(key) ?? { feature, code, detail, count: 0 };
      counts.set(key, { ...known, count: known.count + 1 });
    }
  }
  if (refused > 0 && !isForced) {
    const found = [...counts.values()].sort((left, right) => right.count - left.count);
    throw clientsRefused(endpoint, refused, answered.length, found);
  }
  return { requests: answered.length, refused, skipped: null, forced: isForced };
}

function clientsRefused(
  endpoint: string,
  refused: number,
  requests: number,
  found: readonly { feature: string; code: string; detail: string; count: number }[],
): SwitchyardError {
  const problems = found.slice(0, PROBLEMS_TOLD).map(({ feature, code, detail, count }) => ({
    field: 'policy',
    code,
    detail: `feature '${feature}': ${detail}; ${count} of ${requests} recent requests`,
  }));
  const more = found.length > 1 ? ` (and ${found.length - 1} more)` : '';
  return new SwitchyardError(
    'clients_refused',
    `${refused} of ${requests} recent requests to endpoint '${endpoint}' would be refused: ` +
      `feature '${found[0]?.feature}': ${found[0]?.detail}${more}. Publish with "force": true to do it all the same.`,
    { problems },
  );
}
