import { SwitchyardError } from '@switchyard/contracts';

/** How much of an endpoint is under way now, and how fast it goes; outlives revisions. */
export interface EndpointLoad {
  queuedRows: number;
  /** Rows answered lately, each counting less the longer ago it was. */
  answeredRows: number;
  answeredAtMs: number;
  /** Since when rows were counted without a long pause. */
  countedSinceMs: number;
}

export const newEndpointLoad = (): EndpointLoad => ({
  queuedRows: 0,
  answeredRows: 0,
  answeredAtMs: 0,
  countedSinceMs: 0,
});

export interface AdmissionRequest {
  readonly rows: number;
  /** Of the endpoint's own queue. */
  readonly maximumQueuedRows: number;
  /** How long whoever asks will wait. */
  readonly timeoutMs: number;
  readonly nowMs: number;
}

export interface Admission {
  /**
   * Lets rows in, or throws `overloaded` (with the time after which it is worth trying again) or `batch_too_large`.
   * Rows let in must be given back by `leave`.
   */
  enter(load: EndpointLoad, request: AdmissionRequest): void;
  /** @param answered rows that were answered, which tells how fast the endpoint goes; 0 for a request that failed */
  leave(load: EndpointLoad, rows: number, answered: number, nowMs: number): void;
}

/** Rows under way in one gateway beyond which endpoints are held to their fair share. */
const SHARED_ROWS = 20_000;
/** How long ago rows count half. */
const HALF_LIFE_MS = 2_000;
/** A rate is never measured over less than this. */
const SHORTEST_MS = 100;
/** With fewer rows waiting or answered lately, nothing can be said about how long the wait will be. */
const MINIMUM_ROWS = 100;

/**
 * Keeps queues short enough to be worth waiting in. Three limits, the strictest counts:
 * the endpoint's own; the deadline of whoever asks, against the wait to be expected (Little's law: rows waiting divided
 * by rows answered per second); and, when many rows are under way in all, an equal share for each busy endpoint,
 * so that a flooded one does not keep the others out: within its share an endpoint is always let in.
 */
export function createAdmission(sharedRows = SHARED_ROWS): Admission {
  let totalRows = 0;
  const busy = new Set<EndpointLoad>();

  return {
    enter(load, { rows, maximumQueuedRows, timeoutMs, nowMs }) {
      const after = load.queuedRows + rows;
      if (after > maximumQueuedRows) {
        if (rows > maximumQueuedRows) {
          throw new SwitchyardError(
            'batch_too_large',
            `${rows} rows are more than the queue of ${maximumQueuedRows} can ever hold`,
          );
        }
        throw overloaded(`${load.queuedRows} rows of this endpoint wait already`, waitMsOf(load, nowMs));
      }
      const waitMs = waitMsOf(load, nowMs);
      if (load.queuedRows >= MINIMUM_ROWS && waitMs > timeoutMs) {
        throw overloaded(
          `the wait is about ${Math.round(waitMs)} ms, longer than the ${Math.round(timeoutMs)} ms that are left`,
          waitMs,
        );
      }
      if (totalRows + rows > sharedRows && load.queuedRows > 0) {
        const share = Math.floor(sharedRows / (busy.size + (busy.has(load) ? 0 : 1)));
        if (after > share) {
          throw overloaded(`the gateway is full, and ${share} rows are this endpoint's fair share`, waitMs);
        }
      }
      load.queuedRows = after;
      totalRows += rows;
      busy.add(load);
    },

    leave(load, rows, answered, nowMs) {
      load.queuedRows -= rows;
      totalRows -= rows;
      if (load.queuedRows === 0) busy.delete(load);
      const before = decayed(load, nowMs);
      if (before < 1) load.countedSinceMs = nowMs - SHORTEST_MS;
      load.answeredRows = before + answered;
      load.answeredAtMs = nowMs;
    },
  };
}

function decayed(load: EndpointLoad, nowMs: number): number {
  return load.answeredRows * 2 ** (-(nowMs - load.answeredAtMs) / HALF_LIFE_MS);
}

/** Milliseconds until the rows that wait now are answered; 0 when too few were answered lately to tell. */
function waitMsOf(load: EndpointLoad, nowMs: number): number {
  const recent = decayed(load, nowMs);
  if (recent < MINIMUM_ROWS) return 0;
  // A steady rate r keeps the decaying sum at r · halfLife / ln 2 once it has gone on for long, at less before.
  const age = Math.max(SHORTEST_MS, nowMs - load.countedSinceMs);
  const span = (HALF_LIFE_MS / Math.LN2) * (1 - 2 ** (-age / HALF_LIFE_MS));
  return (load.queuedRows * span) / recent;
}

function overloaded(detail: string, waitMs: number): SwitchyardError {
  return new SwitchyardError('overloaded', detail, { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)) });
}
