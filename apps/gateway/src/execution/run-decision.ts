import { type Answer, type DecisionStep, type Member, SwitchyardError } from '@switchyard/contracts';
import type { BranchDecision, CompiledFallback, CompiledNode, Decision } from '@switchyard/routing';
import type { PredictResult } from '@switchyard/runtimes';
import type { EndpointPlan, LeafPlan, ServedPlan } from '../predict/endpoint-plan.ts';
import type { ReceivedRow } from '../predict/feature-plan.ts';
import type { FallbackState } from '../predict/plan-fallback.ts';
import { confidenceOf } from './confidence.ts';
import type { CallTarget, ModelCalls } from './model-calls.ts';

/** What became of one row on one way through the policy. */
export interface Outcome {
  /** Undefined when it failed. */
  readonly answer: Answer | undefined;
  readonly error: unknown;
  readonly served: ServedPlan;
  readonly path: string;
  readonly steps: readonly DecisionStep[];
  readonly propensity: number;
  /** What else was asked for this answer. */
  readonly members: readonly Member[];
  readonly modelMicros: number;
  readonly queueMicros: number;
  readonly batchRows: number;
  /** No model was asked for it: those that would have been had answered the same row before. */
  readonly cached: boolean;
  /** It was late for a hurried caller, and might not have been for another. */
  readonly isHurried: boolean;
}

/** When a branch is to have answered. */
export interface Limit {
  /** On the clock of `performance.now()`; at most when the caller is told that it took too long. */
  readonly atMs: number;
  /** It comes from a caller that waits for less than the endpoint allows, and from no `timeoutMs` of the policy. */
  readonly isHurried: boolean;
}

/** Everything that running a decision needs, for one row. */
export interface RowRun {
  readonly plan: EndpointPlan;
  readonly received: ReceivedRow;
  readonly calls: ModelCalls;
  /** When the caller is told that it took too long, on the clock of `performance.now()`. */
  readonly deadlineAtMs: number;
  /** Shadows met on the way: they are run after the answer. */
  readonly shadows: ShadowRun[];
  /** Kept up while the branches of the row's own node are asked one after the other. */
  progress?: Progress | undefined;
}

/** How far a row has come that is not answered yet. */
interface Progress {
  /** The nodes on the way that ask one branch after the other, from the top, with what each has asked without success. */
  readonly nodes: readonly { readonly decision: Decision; readonly attempts: readonly Member[] }[];
  /** Asked now. */
  readonly branch: Decision;
}

export interface ShadowRun {
  readonly name: string;
  readonly timeoutMs: number;
  readonly decision: Decision;
}

type Done = (outcome: Outcome) => void;

/** Runs a decision to its end, then calls `done`, once. Never throws. */
export function runDecision(run: RowRun, decision: Decision, limit: Limit, done: Done): void {
  const { node } = decision;
  switch (node.kind) {
    case 'model':
      runModel(run, decision, limit, done);
      break;
    case 'shadow': {
      const [primary, ...shadows] = decision.branches as [BranchDecision, ...BranchDecision[]];
      for (const { name, index, decision: own } of shadows) {
        const { timeoutMs } = node.shadows[index] as { timeoutMs: number };
        run.shadows.push({ name, timeoutMs, decision: own });
      }
      if (run.progress?.branch === decision) run.progress = { ...run.progress, branch: primary.decision };
      runDecision(run, primary.decision, limit, (outcome) => done(below(decision, outcome)));
      break;
    }
    case 'ensemble':
      runEnsemble(run, decision, limit, done);
      break;
    case 'cascade':
      runCascade(run, decision, limit, done);
      break;
    case 'fallback':
      runFallback(run, decision, node, limit, done);
      break;
  }
}

function runModel(run: RowRun, decision: Decision, limit: Limit, done: Done): void {
  const leaf = run.plan.leaves.get(decision.node) as LeafPlan;
  const finish = (
    answer: Answer | undefined,
    error: unknown,
    result: PredictResult | undefined,
    cached = false,
  ): void =>
    done({
      answer,
      error,
      served: leaf,
      path: leaf.path,
      steps: decision.steps,
      propensity: decision.propensity,
      members: NO_MEMBERS,
      modelMicros: result?.modelMicros ?? 0,
      queueMicros: result?.queueMicros ?? 0,
      batchRows: result?.batchRows ?? 0,
      cached,
      isHurried: wasHurried(limit, error),
    });
  if (leaf.loaded === undefined) {
    finish(undefined, new SwitchyardError('model_unavailable', `model '${leaf.model}' is not loaded`), undefined);
    return;
  }
  const row = leaf.gather(run.received);
  if (row === undefined) {
    finish(undefined, new SwitchyardError('invalid_features', `the row is not what '${leaf.model}' takes`), undefined);
    return;
  }
  const target: CallTarget = {
    answered: (answer, result, isCached) => finish(answer, undefined, result, isCached),
    failed: (error) => finish(undefined, error, undefined),
  };
  run.calls.call(leaf.loaded, leaf.modelMetrics, row, watchedMs(run, limit), target, leaf.cache);
}

/** Infinity where whoever tells the caller watches the time. */
const watchedMs = (run: RowRun, { atMs }: Limit): number => (atMs < run.deadlineAtMs ? atMs : Number.POSITIVE_INFINITY);

/** How much earlier than asked for a timer may end what it watches. */
const TIMER_TOLERANCE_MS = 2;

/** What is late before its limit was late by one of its own, as that of another server. */
const wasHurried = ({ atMs, isHurried }: Limit, error: unknown): boolean =>
  isHurried && isLate(error) && performance.now() >= atMs - TIMER_TOLERANCE_MS;

const isLate = (error: unknown): boolean => codeOf(error) === 'deadline_exceeded';

/** All members at once. One that fails, or is late, is left out; the plan says how many may be. */
function runEnsemble(run: RowRun, decision: Decision, limit: Limit, done: Done): void {
  const { node, branches } = decision;
  if (node.kind !== 'ensemble') return;
  const { plan, served, meta } = run.plan.ensembles.get(node) as NonNullable<
    ReturnType<EndpointPlan['ensembles']['get']>
  >;
  const outcomes: Outcome[] = new Array(branches.length);
  const now = run.calls.nowMs();
  // Where a member may be missing, the others should not fail because it took all the time there is.
  const mayMiss = node.minimumMembers < node.members.length;
  const own = mayMiss ? { ...limit, atMs: limit.atMs - Math.max(5, (limit.atMs - now) * 0.1) } : limit;
  let waiting = branches.length;

  const combined = (): void => {
    const members: Member[] = [];
    const steps: DecisionStep[] = [];
    let modelMicros = 0;
    let queueMicros = 0;
    const answers = node.members.map(({ name, weight }, index) => {
      const outcome = outcomes[index] as Outcome;
      const problem = outcome.answer === undefined ? undefined : plan.findProblem(outcome.answer);
      const error = outcome.answer === undefined ? codeOf(outcome.error) : problem === undefined ? '' : 'model_failed';
      members.push(memberOf(name, 'member', outcome, error), ...nestedMembers(name, outcome));
      steps.push(...outcome.steps);
      modelMicros = Math.max(modelMicros, outcome.modelMicros);
      queueMicros = Math.max(queueMicros, outcome.queueMicros);
      return { name, weight, error, answer: error === '' ? outcome.answer : undefined };
    });
    const isCached = outcomes.every(({ cached }) => cached);
    const finish = (
      answer: Answer | undefined,
      error: unknown,
      note: string,
      metaMicros = 0,
      cached = isCached,
    ): void => {
      const step: DecisionStep = { node: node.path, kind: 'ensemble', chosen: node.node.method };
      done({
        answer,
        error,
        served,
        path: node.path,
        steps: [...decision.steps, note === '' ? step : { ...step, reason: note }, ...steps],
        propensity: decision.propensity,
        members,
        modelMicros: modelMicros + metaMicros,
        queueMicros,
        batchRows: Math.max(...outcomes.map((outcome) => outcome.batchRows)),
        cached: cached && answer !== undefined,
        isHurried: wasHurried(limit, error) || (isLate(error) && outcomes.some(({ isHurried }) => isHurried)),
      });
    };
    try {
      if (meta === undefined) {
        const { answer, note } = plan.combine(answers);
        finish(answer, undefined, note);
        return;
      }
      if (meta.loaded === undefined) throw new SwitchyardError('model_unavailable', `'${meta.model}' is not loaded`);
      const target: CallTarget = {
        answered: (answer, result, isMetaCached) =>
          finish(answer, undefined, '', result.modelMicros, isCached && isMetaCached),
        failed: (error) => finish(undefined, error, ''),
      };
      run.calls.call(meta.loaded, meta.modelMetrics, plan.metaRow(answers), watchedMs(run, limit), target, meta.cache);
    } catch (error) {
      finish(undefined, error, '');
    }
  };

  branches.forEach(({ index, decision: branch }) => {
    runDecision(run, branch, sooner(own, now, node.members[index]?.timeoutMs), (outcome) => {
      outcomes[index] = outcome;
      waiting -= 1;
      if (waiting === 0) combined();
    });
  });
}

/** The limit of a branch that has a `timeoutMs` of its own, which a caller in no hurry would not have changed. */
function sooner(limit: Limit, nowMs: number, timeoutMs: number | undefined): Limit {
  return timeoutMs === undefined || nowMs + timeoutMs > limit.atMs
    ? limit
    : { atMs: nowMs + timeoutMs, isHurried: false };
}

/** One step after the other, until one is sure enough. A step that fails, or takes its share of the time, is not. */
function runCascade(run: RowRun, decision: Decision, limit: Limit, done: Done): void {
  const { node, branches } = decision;
  if (node.kind !== 'cascade') return;
  const attempts: Member[] = [];
  let spent = NOTHING_SPENT;
  const ask = (position: number): void => {
    const { name, decision: branch } = branches[position] as BranchDecision;
    const isLast = position === branches.length - 1;
    noteProgress(run, decision, attempts, branch);
    runDecision(run, branch, shareOf(run, limit, branches.length - position), (outcome) => {
      const confidence = outcome.answer === undefined ? 0 : confidenceOf(outcome.answer);
      const wanted = node.steps[position]?.minimumConfidence ?? 0;
      if (isLast || (outcome.answer !== undefined && confidence >= wanted)) {
        const reason = outcome.answer === undefined ? codeOf(outcome.error) : `confidence ${confidence.toFixed(4)}`;
        const step: DecisionStep = { node: node.path, kind: 'cascade', chosen: name, reason };
        done(after(decision, step, attempts, spent, outcome));
        return;
      }
      attempts.push(memberOf(name, 'attempt', outcome, codeOf(outcome.error)), ...nestedMembers(name, outcome));
      spent = sumOf(spent, outcome);
      ask(position + 1);
    });
  };
  ask(0);
}

/** The first target that answers. A target whose breaker is open is not asked. */
function runFallback(
  run: RowRun,
  decision: Decision,
  node: CompiledFallback<CompiledNode>,
  limit: Limit,
  done: Done,
): void {
  const { branches } = decision;
  const state = run.plan.fallbacks.get(node) as FallbackState;
  const attempts: Member[] = [];
  const failures: string[] = [];
  let spent = NOTHING_SPENT;
  state.budget.earn();

  const finish = (name: string, outcome: Outcome): void => {
    const step: DecisionStep = { node: node.path, kind: 'fallback', chosen: name };
    done(
      after(
        decision,
        failures.length === 0 ? step : { ...step, reason: failures.join(', ') },
        attempts,
        spent,
        outcome,
      ),
    );
  };

  const ask = (position: number, attempt: number): void => {
    const { name, decision: branch } = branches[position] as BranchDecision;
    const target = node.targets[position] as (typeof node.targets)[number];
    const own = state.targets[position] as FallbackState['targets'][number];
    const isLast = position === branches.length - 1;
    const pass = own.breaker.allows(performance.now());
    if (pass === undefined) {
      own.metrics.skipped += 1;
      const error = new SwitchyardError(
        'model_unavailable',
        `target '${name}' keeps failing and is not asked for now`,
        {
          retryAfterSeconds: node.breaker.openSeconds,
        },
      );
      const skipped = skippedOutcome(run, branch, error);
      if (isLast) finish(name, skipped);
      else {
        failures.push(`${name}: not asked, it keeps failing`);
        ask(position + 1, 0);
      }
      return;
    }
    noteProgress(run, decision, attempts, branch);
    const share = shareOf(run, limit, branches.length - position);
    const ownLimit = sooner(share, run.calls.nowMs(), target.timeoutMs);
    runDecision(run, branch, ownLimit, (outcome) => {
      const now = performance.now();
      const succeeded = outcome.answer !== undefined;
      const isUsed = succeeded && now <= limit.atMs;
      const isHurried = succeeded ? !isUsed && ownLimit.isHurried : outcome.isHurried;
      const code = codeOf(outcome.error);
      const isOddRow = code === 'invalid_features';
      // What came from the cache says nothing about the target, nor does a caller's impatience, nor what it sends.
      if (outcome.cached || isHurried || isOddRow) own.breaker.withdraw(pass);
      else own.breaker.record(isUsed, now, pass);
      own.metrics[isUsed ? 'ok' : 'failed'] += 1;
      if (succeeded) {
        finish(name, outcome);
        return;
      }
      const delayMs = node.retryDelayMs * 2 ** attempt * (0.5 + state.random());
      const mayRetry = attempt < target.retries && !isOddRow && now + delayMs < limit.atMs;
      if (mayRetry && state.budget.spend()) {
        own.metrics.retries += 1;
        attempts.push(memberOf(name, 'attempt', outcome, code), ...nestedMembers(name, outcome));
        spent = sumOf(spent, outcome);
        setTimeout(() => ask(position, attempt + 1), delayMs);
        return;
      }
      if (isLast || now >= limit.atMs) {
        finish(name, outcome);
        return;
      }
      failures.push(`${name}: ${code}`);
      attempts.push(memberOf(name, 'attempt', outcome, code), ...nestedMembers(name, outcome));
      spent = sumOf(spent, outcome);
      ask(position + 1, 0);
    });
  };
  ask(0, 0);
}

/** Only for the row's own node: what happens within a member of an ensemble is not what the row waits for alone. */
function noteProgress(run: RowRun, decision: Decision, attempts: readonly Member[], branch: Decision): void {
  if (run.progress === undefined) return;
  const { nodes, branch: before } = run.progress;
  const known = nodes.findIndex((node) => node.decision === decision);
  if (known < 0 && before !== decision) return;
  const above = known < 0 ? nodes : nodes.slice(0, known);
  run.progress = { nodes: [...above, { decision, attempts }], branch };
}

/** A share of the time that is left, so that one that hangs leaves time for those after it. */
function shareOf({ calls }: RowRun, limit: Limit, parts: number): Limit {
  if (parts === 1 || limit.atMs === Number.POSITIVE_INFINITY) return limit;
  const now = calls.nowMs();
  return { ...limit, atMs: now + (limit.atMs - now) / parts };
}

interface Spent {
  readonly modelMicros: number;
  readonly queueMicros: number;
  readonly cached: boolean;
}

const NOTHING_SPENT: Spent = { modelMicros: 0, queueMicros: 0, cached: true };

const sumOf = (spent: Spent, outcome: Spent): Spent => ({
  modelMicros: spent.modelMicros + outcome.modelMicros,
  queueMicros: spent.queueMicros + outcome.queueMicros,
  cached: spent.cached && outcome.cached,
});

const NO_MEMBERS: readonly Member[] = Object.freeze([]);

/** What a branch gave, seen from a node above that only passed it on. */
function below(decision: Decision, outcome: Outcome): Outcome {
  return {
    ...outcome,
    steps: decision.steps.length === 0 ? outcome.steps : [...decision.steps, ...outcome.steps],
    propensity: decision.propensity * outcome.propensity,
  };
}

/** The same for a node that asked several, one after the other. */
function after(
  decision: Decision,
  step: DecisionStep,
  attempts: readonly Member[],
  spent: Spent,
  outcome: Outcome,
): Outcome {
  return {
    ...outcome,
    ...sumOf(spent, outcome),
    steps: [...decision.steps, step, ...outcome.steps],
    propensity: decision.propensity * outcome.propensity,
    members: [...attempts, ...outcome.members],
  };
}

export function memberOf(name: string, role: Member['role'], outcome: Outcome, error: string): Member {
  const { model, version } = outcome.served;
  return {
    name,
    role,
    model,
    version,
    ...(outcome.answer === undefined ? {} : { answer: outcome.answer }),
    ...(error === '' ? {} : { error }),
    modelMicros: outcome.modelMicros,
  };
}

/** What a member asked in turn, under its name. */
export function nestedMembers(name: string, outcome: Outcome): Member[] {
  return outcome.members.map((member) => ({ ...member, name: `${name}/${member.name}` }));
}

/** For a branch that was never asked: what it would have been served by. */
function skippedOutcome(run: RowRun, decision: Decision, error: unknown): Outcome {
  let at = decision;
  while (at.node.kind !== 'model' && at.node.kind !== 'ensemble') at = (at.branches[0] as BranchDecision).decision;
  const served =
    at.node.kind === 'model'
      ? (run.plan.leaves.get(at.node) as LeafPlan)
      : (run.plan.ensembles.get(at.node) as { served: ServedPlan }).served;
  return {
    answer: undefined,
    error,
    served,
    path: at.path,
    steps: decision.steps,
    propensity: decision.propensity,
    members: NO_MEMBERS,
    modelMicros: 0,
    queueMicros: 0,
    batchRows: 0,
    cached: false,
    isHurried: false,
  };
}

export function codeOf(failure: unknown): string {
  if (failure === undefined) return '';
  return SwitchyardError.is(failure) ? failure.code : 'internal_error';
}
