import type { Branch, FallbackNode, FallbackTarget } from '@switchyard/contracts';
import { checkBranchNames } from './branches.ts';
import { childPath, type ReportProblem } from './policy-problem.ts';

export const FALLBACK_DEFAULTS = {
  retryBudget: 0.2,
  retryDelayMs: 25,
  breaker: { failureShare: 0.5, minimumRequests: 20, windowSeconds: 10, openSeconds: 10 },
} as const;

export interface CompiledFallback<Node> {
  readonly kind: 'fallback';
  readonly path: string;
  readonly retryBudget: number;
  readonly retryDelayMs: number;
  readonly breaker: {
    readonly failureShare: number;
    readonly minimumRequests: number;
    readonly windowSeconds: number;
    readonly openSeconds: number;
  };
  readonly targets: readonly {
    readonly name: string;
    readonly timeoutMs: number | undefined;
    readonly retries: number;
    readonly child: Node;
  }[];
}

export function compileFallback<Node>(
  node: FallbackNode,
  path: string,
  compileChild: (branch: Branch, path: string) => Node,
): CompiledFallback<Node> {
  const { breaker } = FALLBACK_DEFAULTS;
  return {
    kind: 'fallback',
    path,
    retryBudget: node.retryBudget ?? FALLBACK_DEFAULTS.retryBudget,
    retryDelayMs: node.retryDelayMs ?? FALLBACK_DEFAULTS.retryDelayMs,
    breaker: {
      failureShare: node.breaker?.failureShare ?? breaker.failureShare,
      minimumRequests: node.breaker?.minimumRequests ?? breaker.minimumRequests,
      windowSeconds: node.breaker?.windowSeconds ?? breaker.windowSeconds,
      openSeconds: node.breaker?.openSeconds ?? breaker.openSeconds,
    },
    targets: node.targets.map((target) => ({
      name: target.name,
      timeoutMs: target.timeoutMs,
      retries: target.retries ?? 0,
      child: compileChild(target, childPath(path, target.name)),
    })),
  };
}

export function checkFallback(node: FallbackNode, place: string, report: ReportProblem): void {
  checkBranchNames(node.targets, place, 'targets', 'target', report);
}

export function describeTarget(target: FallbackTarget, index: number): string {
  const timeout = target.timeoutMs === undefined ? '' : `, within ${target.timeoutMs} ms`;
  const count = target.retries ?? 0;
  const retries = count === 0 ? '' : `, ${count} ${count === 1 ? 'retry' : 'retries'}`;
  return `${index === 0 ? 'first' : 'when that fails'}${timeout}${retries}`;
}
