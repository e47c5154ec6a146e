import type { Member } from '@switchyard/contracts';
import { createModelCalls } from '../execution/model-calls.ts';
import { codeOf, memberOf, nestedMembers, runDecision, type ShadowRun } from '../execution/run-decision.ts';
import type { Outbox } from '../log/outbox.ts';
import type { Lease } from '../snapshot/lease.ts';
import type { EndpointPlan } from './endpoint-plan.ts';
import type { ReceivedRow } from './feature-plan.ts';
import { shadowLine } from './record-lines.ts';

/** A row that was answered and whose shadows are still to be asked. */
export interface ShadowedRow {
  readonly plan: EndpointPlan;
  readonly lease: Lease;
  readonly id: string;
  readonly atMs: number;
  readonly received: ReceivedRow;
  readonly shadows: readonly ShadowRun[];
}

export interface ShadowRunner {
  /** Takes rows over after their answers are on their way. Never throws, never waits. */
  enqueue(rows: readonly ShadowedRow[]): void;
  inFlight(): number;
}

/** Rows under way or waiting, for one gateway. A shadow that hangs holds no more than these, until its time is up. */
const MAXIMUM_ROWS = 2_000;
/** Rows started in one turn, so that a burst of shadows does not hold up the next requests. */
const ROWS_A_TURN = 64;

/**
 * Asks shadows after the primary's answer went out, a few rows a turn, and writes down what they answered.
 * Too many at once are dropped and counted: a shadow may not cost what answers.
 */
export function createShadowRunner(outbox: Outbox): ShadowRunner {
  const waiting: ShadowedRow[] = [];
  let isScheduled = false;
  let underWay = 0;

  const schedule = (): void => {
    if (isScheduled || waiting.length === 0) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      const calls = createModelCalls(() => {});
      for (const row of waiting.splice(0, ROWS_A_TURN)) start(row, calls);
      calls.flush();
      schedule();
    });
  };

  const start = (row: ShadowedRow, calls: ReturnType<typeof createModelCalls>): void => {
    const { plan, received } = row;
    const members: Member[] = [];
    let running = 0;
    // Shadows met within a shadow come after it, under its name.
    const askAll = (shadows: readonly ShadowRun[], above: string): void => {
      running += shadows.length;
      const now = calls.nowMs();
      for (const { name: own, timeoutMs, decision } of shadows) {
        const name = `${above}${own}`;
        const nested: ShadowRun[] = [];
        // Nobody watches this row, so every call is given its own end.
        const run = { plan, received, calls, deadlineAtMs: Number.POSITIVE_INFINITY, shadows: nested };
        runDecision(run, decision, { atMs: now + timeoutMs, isHurried: false }, (outcome) => {
          members.push(memberOf(name, 'shadow', outcome, codeOf(outcome.error)));
          members.push(...nestedMembers(name, outcome).map((member) => ({ ...member, role: 'shadow' as const })));
          askAll(nested, `${name}/`);
          running -= 1;
          if (running === 0) finish(row, members);
        });
      }
    };
    askAll(row.shadows, '');
  };

  const finish = (row: ShadowedRow, members: readonly Member[]): void => {
    outbox.add([shadowLine(row.plan.name, row.id, row.atMs, members)], () => {
      // A line that cannot be written is lost: the prediction itself was answered and logged.
      underWay -= 1;
      row.lease.release();
    });
  };

  return {
    enqueue(rows) {
      for (const row of rows) {
        const { metrics } = row.plan;
        if (underWay >= MAXIMUM_ROWS) {
          metrics.shadowsDropped += 1;
          continue;
        }
        metrics.shadowed += 1;
        underWay += 1;
        row.lease.acquire();
        waiting.push(row);
      }
      schedule();
    },
    inFlight: () => underWay,
  };
}
