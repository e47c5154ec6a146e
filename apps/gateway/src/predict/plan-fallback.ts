import type { CombiningNode, CompiledFallback, CompiledNode } from '@switchyard/routing';
import { CircuitBreaker, RetryBudget } from '../execution/circuit-breaker.ts';
import type { TargetMetrics } from '../metrics/gateway-metrics.ts';

export interface TargetState {
  readonly path: string;
  readonly breaker: CircuitBreaker;
  readonly metrics: TargetMetrics;
}

/** What a fallback node remembers from one request to the next. */
export interface FallbackState {
  readonly budget: RetryBudget;
  readonly targets: readonly TargetState[];
  readonly random: () => number;
}

/**
 * What is known of a target outlives the revision, unless its rules changed.
 * @param before of the fallback at the same path in the plan that answered until now
 */
export function planFallback(
  node: CompiledFallback<CompiledNode>,
  before: FallbackState | undefined,
  metricsOf: (path: string) => TargetMetrics,
): FallbackState {
  const rules = JSON.stringify(node.breaker);
  return {
    budget: before?.budget.perRequest === node.retryBudget ? before.budget : new RetryBudget(node.retryBudget),
    targets: node.targets.map(({ name }) => {
      const path = node.path === '' ? name : `${node.path}/${name}`;
      const known = before?.targets.find((target) => target.path === path)?.breaker;
      const isSame = known !== undefined && JSON.stringify(known.settings) === rules;
      return { path, breaker: isSame ? known : new CircuitBreaker(node.breaker), metrics: metricsOf(path) };
    }),
    random: Math.random,
  };
}

/** The states of a plan's fallbacks, by the paths of their nodes. */
export function fallbacksByPath(
  fallbacks: ReadonlyMap<CombiningNode, FallbackState> | undefined,
): ReadonlyMap<string, FallbackState> {
  return new Map([...(fallbacks ?? [])].map(([node, state]) => [node.path, state]));
}
