import { type EndpointRehearsal, type FieldProblem, type Rehearsal, SwitchyardError } from '@switchyard/contracts';
import { decide } from '@switchyard/routing';
import { createModelCalls } from '../execution/model-calls.ts';
import { codeOf, type Outcome, runDecision } from '../execution/run-decision.ts';
import type { EndpointPlan } from '../predict/endpoint-plan.ts';
import { type ReceivedRow, readRow } from '../predict/feature-plan.ts';
import { conditionFeatures } from '../predict/prediction-runner.ts';
import type { ServingState } from '../snapshot/serving-state.ts';
import { summariseRehearsal, type TriedRow } from './compare-answers.ts';
import type { RecentRow, RecentRows } from './recent-rows.ts';
import { unobserved } from './unobserved.ts';

export interface RehearsalOptions {
  readonly recent: RecentRows;
  readonly newId: () => string;
  readonly signal: AbortSignal;
  /** No further row of an endpoint is tried after this time. */
  readonly limitMs?: number;
}

const LIMIT_MS = 5_000;
/** What a row that was begun may take beyond that, where its endpoint allows it: enough to see that a model hangs. */
const LAST_ROW_MS = 10_000;
/** Endpoints tried at once: enough that one whose models are slow does not hold up the others. */
const AT_ONCE = 4;
/** Timers may be this much early. */
const TIMER_MS = 2;

/**
 * Tries a new state on what clients of each endpoint sent lately, before it serves anybody, and compares it with what
 * is served. Only endpoints whose policy or versions changed are tried, so a state that only knows more about
 * its branches costs nothing. Nothing is logged or counted, breakers and shadows stay out of it.
 * Undefined when there was nothing to try.
 */
export async function rehearse(
  current: ServingState,
  next: ServingState,
  options: RehearsalOptions,
): Promise<Rehearsal | undefined> {
  options.recent.forgetOthers((endpoint) => current.endpoints.has(endpoint) || next.endpoints.has(endpoint));
  const changed = [...next.endpoints.values()].flatMap((after) => {
    const before = current.endpoints.get(after.name);
    if (before === undefined || !after.isRehearsed || before.contentKey === after.contentKey) return [];
    const rows = options.recent.of(after.name);
    return rows.length === 0 ? [] : [{ before, after, rows }];
  });
  if (changed.length === 0) return undefined;
  const at = new Date().toISOString();
  const endpoints: EndpointRehearsal[] = [];
  const work = async (): Promise<void> => {
    for (let one = changed.shift(); one !== undefined; one = changed.shift()) {
      endpoints.push(await rehearseEndpoint(one.before, one.after, one.rows, options));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { snapshot: next.hash, at, endpoints };
}

/** Why a state may not take over; undefined: it may. */
export function refusalOf({ endpoints }: Rehearsal): string | undefined {
  const refusals = endpoints
    .filter(({ refused }) => refused > 0)
    .map(
      ({ endpoint, revision, refused, rows, reasons }) =>
        `endpoint '${endpoint}' revision ${revision} cannot answer ${refused} of ${rows} recent requests: ${reasons.join('; ')}`,
    );
  return refusals.length === 0 ? undefined : refusals.join('. ');
}

async function rehearseEndpoint(
  before: EndpointPlan,
  after: EndpointPlan,
  rows: readonly RecentRow[],
  options: RehearsalOptions,
): Promise<EndpointRehearsal> {
  const { signal, newId, limitMs = LIMIT_MS } = options;
  const startsUntilMs = performance.now() + limitMs;
  const endsAtMs = startsUntilMs + LAST_ROW_MS;
  const [oldPlan, newPlan] = [unobserved(before), unobserved(after)];
  const tried: TriedRow[] = [];
  for (const row of rows) {
    // Between two rows the requests of clients have their turn.
    await new Promise((resolve) => setImmediate(resolve));
    if (signal.aborted || performance.now() >= startsUntilMs) break;
    const id = newId();
    const oldReceived = readRow(oldPlan.features, row.instance, 0, []);
    // Accepted by a revision before this one: nobody is answered for it now either.
    if (oldReceived === undefined) continue;
    const problems: FieldProblem[] = [];
    const newReceived = readRow(newPlan.features, row.instance, 0, problems);
    const now = newReceived === undefined ? problems : await answer(newPlan, newReceived, row, id, endsAtMs, signal);
    const then = await answer(oldPlan, oldReceived, row, id, endsAtMs, signal);
    if (now === 'cut off' || then === 'cut off') break;
    tried.push({ now, then });
  }
  return { endpoint: after.name, revision: after.revision, ...summariseRehearsal(tried) };
}

/** What a plan answers, or the failure; `cut off` when the time for rehearsing ended before that of the endpoint. */
async function answer(
  plan: EndpointPlan,
  received: ReceivedRow,
  { unit, segment, context }: RecentRow,
  id: string,
  endsAtMs: number,
  signal: AbortSignal,
): Promise<Pick<Outcome, 'answer' | 'error'> | 'cut off'> {
  const ownEndMs = performance.now() + plan.settings.timeoutMs;
  const deadlineAtMs = Math.min(ownEndMs, endsAtMs);
  const calls = createModelCalls(() => {});
  const { promise, resolve } = Promise.withResolvers<Pick<Outcome, 'answer' | 'error'> | 'cut off'>();
  const late = (): void =>
    resolve(
      ownEndMs < endsAtMs && !signal.aborted
        ? {
            answer: undefined,
            error: new SwitchyardError('deadline_exceeded', `no answer within ${plan.settings.timeoutMs} ms`),
          }
        : 'cut off',
    );
  const timer = setTimeout(late, Math.max(1, deadlineAtMs - performance.now()));
  signal.addEventListener('abort', late, { once: true });
  try {
    const decision = decide(plan.policy, {
      features: conditionFeatures(plan, received),
      segment,
      unit,
      context,
      requestId: id,
      atMs: Date.now(),
    });
    // Nobody watches this row, so every call is given its own end.
    const run = { plan, received, calls, deadlineAtMs: Number.POSITIVE_INFINITY, shadows: [] };
    runDecision(run, decision, { atMs: deadlineAtMs, isHurried: false }, (outcome) => {
      const isLate = codeOf(outcome.error) === 'deadline_exceeded' && performance.now() >= deadlineAtMs - TIMER_MS;
      if (isLate) late();
      else resolve(outcome);
    });
    calls.flush();
    return await promise;
  } catch (error) {
    return { answer: undefined, error };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', late);
  }
}
