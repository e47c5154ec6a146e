import type { EndpointPlan } from '../predict/endpoint-plan.ts';
import type { FeaturePlan, ReceivedRow } from '../predict/feature-plan.ts';
import type { Context, PredictionRequest, Segment } from '../predict/prediction-request.ts';

/** A row that was accepted, with what decides which way it goes. */
export interface RecentRow {
  /** As the client sent it: an object of features or an array of values. */
  readonly instance: unknown;
  readonly unit: string;
  readonly segment: Segment;
  readonly context: Context;
}

export interface RecentRows {
  /**
   * Called for every request: next to nothing unless a row of it is kept.
   * @param atMs on a clock that never goes back
   * @param request makes it; called at once, and only where it is looked at
   */
  note(plan: EndpointPlan, atMs: number, request: () => PredictionRequest): void;
  /** Oldest first. */
  of(endpoint: string): readonly RecentRow[];
  /** Forgets the endpoints that `isKnown` denies. */
  forgetOthers(isKnown: (endpoint: string) => boolean): void;
}

export const KEPT_ROWS = 32;
/** Beyond the first rows, one is kept in this time: they then tell of seconds, not of the last millisecond. */
const APART_MS = 250;
/** A row with more text than this is not kept: thirty-two of them must stay small, whatever is sent. */
const MAXIMUM_CHARACTERS = 16_384;

interface Ring {
  readonly rows: RecentRow[];
  next: number;
  /** No row is looked at before. */
  nextAtMs: number;
}

/** The last rows that clients of each endpoint sent, to try a new snapshot on. They are references, never copies. */
export function createRecentRows(): RecentRows {
  const rings = new Map<string, Ring>();
  return {
    note(plan, atMs, request) {
      let ring = rings.get(plan.name);
      if (ring === undefined) {
        ring = { rows: [], next: 0, nextAtMs: 0 };
        rings.set(plan.name, ring);
      }
      if (atMs < ring.nextAtMs) return;
      const isKept = keep(ring, plan.features, request());
      ring.nextAtMs = isKept && ring.rows.length < KEPT_ROWS ? 0 : atMs + APART_MS;
    },
    of(endpoint) {
      const ring = rings.get(endpoint);
      if (ring === undefined) return [];
      return ring.rows.length < KEPT_ROWS
        ? [...ring.rows]
        : [...ring.rows.slice(ring.next), ...ring.rows.slice(0, ring.next)];
    },
    forgetOthers(isKnown) {
      for (const endpoint of rings.keys()) if (!isKnown(endpoint)) rings.delete(endpoint);
    },
  };
}

function keep(ring: Ring, plan: FeaturePlan, request: PredictionRequest): boolean {
  // One row of a request, another each time: a batch often holds rows of every kind.
  const index = ring.next % request.rows.length;
  const received = request.rows[index] as ReceivedRow;
  const sent = request.instances?.[index];
  const instance = sent !== undefined && isSmall(sent) ? sent : isSmall(received) ? byName(plan, received) : undefined;
  if (instance === undefined) return false;
  const { segment, context } = request;
  const unit = request.units === undefined ? request.unit : (request.units[index] as string);
  ring.rows[ring.next] = { instance, unit, segment, context };
  ring.next = (ring.next + 1) % KEPT_ROWS;
  return true;
}

/** Without the values that are missing: they may not have been sent at all. */
function byName({ features }: FeaturePlan, row: ReceivedRow): Record<string, unknown> {
  const named: Record<string, unknown> = Object.create(null);
  row.forEach((value, position) => {
    if (value !== null) named[features[position]?.name as string] = value;
  });
  return named;
}

/** Few characters, and nothing in it that holds more: unknown features, where they are ignored, may be anything. */
function isSmall(instance: unknown): boolean {
  let characters = 0;
  for (const name in instance as Record<string, unknown>) {
    const value = (instance as Record<string, unknown>)[name];
    if (typeof value === 'object' && value !== null) return false;
    characters += name.length + (typeof value === 'string' ? value.length : 8);
    if (characters > MAXIMUM_CHARACTERS) return false;
  }
  return true;
}
