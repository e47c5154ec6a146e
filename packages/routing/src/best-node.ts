import type { BestMetric, BestNode, BestState, Branch, DecisionStep } from '@switchyard/contracts';
import { checkBranchNames } from './branches.ts';
import type { DecideInput } from './compiled-policy.ts';
import { armOfFraction, byName, drawFraction, normalised } from './draw.ts';
import { childPath, fieldAt, type ReportProblem } from './policy-problem.ts';
import { own } from './registry-view.ts';

export const BEST_DEFAULTS = {
  windowMinutes: 1_440,
  minimumLabels: 100,
  staleAfterMinutes: 60,
  explorationShare: 0.1,
} as const;

const LOWER_IS_BETTER: ReadonlySet<BestMetric> = new Set(['log_loss', 'brier', 'mae', 'rmse']);

export interface CompiledBest<Node> {
  readonly kind: 'best';
  readonly path: string;
  readonly salt: string;
  readonly segment: string | undefined;
  readonly staleAfterMs: number;
  readonly computedAtMs: number | undefined;
  readonly candidates: readonly { readonly name: string; readonly child: Node }[];
  readonly fallback: Choice;
  /** What was compared, by segment value; '' when there are no segments. */
  readonly choices: Readonly<Record<string, Choice>>;
}

interface Choice {
  readonly probabilities: readonly number[];
  /** The same by name; one frozen object, shared by all decisions. */
  readonly byName: Readonly<Record<string, number>>;
  readonly reason: string;
}

/** @param state what is known of the candidates; none before the first comparison */
export function compileBest<Node>(
  node: BestNode,
  path: string,
  salt: string,
  state: BestState | undefined,
  compileChild: (branch: Branch, path: string) => Node,
): CompiledBest<Node> {
  const { candidates, metric } = node;
  const exploration = node.explorationShare ?? BEST_DEFAULTS.explorationShare;
  const minimumLabels = node.minimumLabels ?? BEST_DEFAULTS.minimumLabels;
  const fallbackIndex = Math.max(
    0,
    candidates.findIndex(({ name }) => name === node.fallback),
  );
  const choiceOf = (favourite: number, reason: string): Choice => {
    const probabilities = normalised(
      candidates.map((_, index) => exploration / candidates.length + (index === favourite ? 1 - exploration : 0)),
    );
    return { probabilities, byName: byName(candidates, probabilities), reason };
  };
  const choices: Record<string, Choice> = Object.create(null);
  for (const [segment, values] of Object.entries(state?.segments ?? {})) {
    let favourite = -1;
    let best = 0;
    candidates.forEach(({ name }, index) => {
      const known = own(values, name);
      if (known === undefined || known.labels < minimumLabels || !Number.isFinite(known.value)) return;
      const value = LOWER_IS_BETTER.has(metric) ? -known.value : known.value;
      if (favourite >= 0 && value <= best) return;
      favourite = index;
      best = value;
    });
    if (favourite < 0) continue;
    const { value, labels } = values[(candidates[favourite] as Branch).name] as { value: number; labels: number };
    const basis = `${labels} ${labels === 1 ? 'label' : 'labels'}`;
    choices[segment] = choiceOf(favourite, `${metric} ${Number(value.toPrecision(6))} over ${basis}`);
  }
  return {
    kind: 'best',
    path,
    salt: `${node.salt ?? salt}:best`,
    segment: node.segment,
    staleAfterMs: (node.staleAfterMinutes ?? BEST_DEFAULTS.staleAfterMinutes) * 60_000,
    computedAtMs: state?.computedAtMs,
    candidates: candidates.map((branch) => ({
      name: branch.name,
      child: compileChild(branch, childPath(path, branch.name)),
    })),
    fallback: choiceOf(fallbackIndex, ''),
    choices,
  };
}

/** The candidate with the best value in the caller's segment, or, with the exploration share, any of them. */
export function chooseCandidate<Node>(
  best: CompiledBest<Node>,
  input: DecideInput,
  steps: DecisionStep[],
): Chosen<Node> {
  const { choice, reason } = choiceFor(best, input);
  const index = armOfFraction(choice.probabilities, drawFraction(best.salt, input.requestId));
  const { name, child } = best.candidates[index] as { name: string; child: Node };
  steps.push({ node: best.path, kind: 'best', chosen: name, probabilities: choice.byName, reason });
  return { child, probability: choice.probabilities[index] as number };
}

export interface Chosen<Node> {
  readonly child: Node;
  readonly probability: number;
}

function choiceFor<Node>(best: CompiledBest<Node>, input: DecideInput): { choice: Choice; reason: string } {
  const { fallback, segment } = best;
  if (best.computedAtMs === undefined) return { choice: fallback, reason: 'fallback: nothing was compared yet' };
  if (input.atMs - best.computedAtMs > best.staleAfterMs) {
    return { choice: fallback, reason: 'fallback: what was compared is stale' };
  }
  const value = segment === undefined ? '' : (own(input.segment, segment) ?? '');
  const choice = best.choices[value];
  return choice === undefined
    ? { choice: fallback, reason: 'fallback: too few labels' }
    : { choice, reason: choice.reason };
}

export function checkBest(node: BestNode, place: string, report: ReportProblem): void {
  checkBranchNames(node.candidates, place, 'candidates', 'candidate', report);
  if (node.fallback !== undefined && !node.candidates.some(({ name }) => name === node.fallback)) {
    report(fieldAt(place, 'fallback'), `there is no candidate '${node.fallback}'`);
  }
}

export function describeBest(node: BestNode): string {
  const segment = node.segment === undefined ? '' : ` per ${node.segment}`;
  return `best by ${node.metric}${segment}, exploring ${Number(((node.explorationShare ?? BEST_DEFAULTS.explorationShare) * 100).toPrecision(8))} %`;
}
