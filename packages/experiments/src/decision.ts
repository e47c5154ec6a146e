import { checkPoint, type SequencePoint } from './asymptotic-sequence.ts';
import { checkCount, checkNonNegative, checkOneOf, checkOpenUnit } from './internal/check.ts';
import { type Failure, failure, type Result } from './result.ts';

export type Verdict = 'promote' | 'hold' | 'roll-back' | 'keep-collecting' | 'insufficient-data';

/**
 * `goal`: what the experiment is for; it can promote and roll back. `guardrail`: must not get worse; a proved harm rolls
 * back, and every guardrail must be proved harmless before promotion. `signal`: a proved harm only holds promotion.
 */
export type MetricRole = 'goal' | 'guardrail' | 'signal';

export interface DecisionMetric {
  readonly name: string;
  readonly role: MetricRole;
  /** Whether larger values of the effect are good (accuracy) or bad (latency, errors). */
  readonly betterWhen: 'higher' | 'lower';
  /**
   * Size of a change that does not matter, ≥ 0, in the effect's unit. A goal promotes when the improvement is proved to
   * exceed `promoteAbove` (default 0; negative for non-inferiority) and rolls back when a loss above `margin` is proved.
   * A guardrail or signal is harmed when a loss above `margin` is proved, harmless when a larger loss is excluded.
   */
  readonly margin: number;
  readonly promoteAbove?: number;
  /** Alpha of this metric's sequence. Every point must carry it. */
  readonly alpha: number;
  /**
   * Goal only: to win, the metric's e-process (`createModelXProcess`) must also have reached 1/alpha. Under a bandit this
   * makes the false-promotion rate exact where the interval is only asymptotic.
   */
  readonly requiresEvidence?: boolean;
}

/** What was drawn at one look: a point for each metric that had one, and the split check. */
export interface DecisionLook {
  readonly points: Readonly<Record<string, SequencePoint | undefined>>;
  /** ln E of the metrics that require evidence, as drawn. */
  readonly logEValues?: Readonly<Record<string, number | undefined>>;
  /** From `sampleRatioEvidence` or a process, at its alpha. */
  readonly isSampleRatioMismatch?: boolean;
}

export interface DecisionRule {
  readonly metrics: readonly DecisionMetric[];
  /** `any`: one goal suffices, and the goals' alphas must sum to at most `alpha`. `all` (default): every goal must win. */
  readonly goals?: 'any' | 'all';
  /** Chance of any false promotion by goals together. Default 0.05. */
  readonly alpha?: number;
  /** Count below which a point does not exist for the rule, even if drawn. Default 0. */
  readonly minimumCount?: number;
  /** Count at which an undecided experiment stops with `hold`. Default: never. */
  readonly maximumCount?: number;
}

export interface MetricFinding {
  readonly metric: string;
  readonly role: MetricRole;
  readonly status: 'better' | 'worse' | 'harmless' | 'undecided' | 'no-data';
  /** The drawn point that was read; null without one. */
  readonly point: SequencePoint | null;
}

export interface Decision {
  readonly verdict: Verdict;
  /** One sentence that names the metric and the bound that decided. */
  readonly because: string;
  /** Index of the look that decided: the first that crossed, or the last. */
  readonly look: number;
  readonly findings: readonly MetricFinding[];
  /** Sum of the goals' alphas under `any`, the largest under `all`. */
  readonly alphaSpent: number;
}

/**
 * Promote, hold, roll back, keep collecting, or insufficient data? Reads nothing but the points that are drawn: the
 * verdict is that of the first look whose drawn interval crosses a limit, so a chart shows why, and a promotion or
 * rollback is never taken back by a later look (the sequences are valid at every time, so the first crossing is as good
 * as any).
 *
 * Order at each look: (1) a guardrail proved worse than its margin → roll back, even with a broken split, because
 * safety must not wait for diagnosis; (2) sample-ratio mismatch → hold, nothing else can be trusted; (3) goal without a
 * point → insufficient data; (4) a goal proved worse than its margin → roll back; (5) goals win, every guardrail
 * harmless, no signal harmed → promote; (6) otherwise keep collecting. Only (1), (4) and (5) end the experiment. If no
 * look ends it, the last look's verdict stands, and is `hold` at `maximumCount` or when every goal's interval lies
 * within ± margin.
 * No data is never a failure and never a success.
 * Assumes every metric's points are of a confidence sequence at its alpha, with margins and alphas fixed before the
 * start. Then a false promotion by a goal has probability at most `alpha`: under `any` by the sum of the alphas, under
 * `all` by the largest.
 * Domain: margins ≥ 0, finite `promoteAbove`, alphas in (0, 1), ends that may be infinite.
 * Fails on no looks or no goal (`empty`), repeated names, negative margins, points of another alpha than stated and
 * goals that overspend alpha (`invalid-argument`), and on ends that are NaN (`not-finite`).
 * Source: a rule of this package; its guarantee is that of the sequences it reads (Howard et al. 2021; Waudby-Smith et
 * al. 2024) with Bonferroni's bound.
 */
export function decideExperiment(looks: readonly DecisionLook[], rule: DecisionRule): Result<Decision> {
  const problem = checkRule(rule) ?? checkLooks(looks, rule);
  if (problem) return problem;
  let decision: Decision | undefined;
  for (let index = 0; index < looks.length; index += 1) {
    decision = judge(looks[index] as DecisionLook, index, rule);
    if (decision.verdict === 'promote' || decision.verdict === 'roll-back') break;
  }
  return { ok: true, ...(decision as Decision) };
}

function judge(look: DecisionLook, index: number, rule: DecisionRule): Decision {
  const findings = rule.metrics.map((metric) => find(metric, look, rule));
  const goals = findings.filter((finding) => finding.role === 'goal');
  const decide = (verdict: Verdict, because: string): Decision => ({
    verdict,
    because,
    look: index,
    findings,
    alphaSpent: spentAlpha(rule),
  });
  const harmedGuardrail = findings.find((finding) => finding.role === 'guardrail' && finding.status === 'worse');
  if (harmedGuardrail) return decide('roll-back', describe(harmedGuardrail, 'is worse by more than its margin'));
  if (look.isSampleRatioMismatch) {
    return decide('hold', 'the arms do not hold the intended shares of units, so no comparison can be trusted');
  }
  const missing = goals.find((finding) => finding.status === 'no-data');
  if (missing) return decide('insufficient-data', `${missing.metric} has no point yet`);
  const lost = goals.find((finding) => finding.status === 'worse');
  if (lost) return decide('roll-back', describe(lost, 'is worse by more than its margin'));
  const won = goals.filter((finding) => finding.status === 'better');
  const hasWon = rule.goals === 'any' ? won.length > 0 : won.length === goals.length;
  const harmedSignal = findings.find((finding) => finding.role === 'signal' && finding.status === 'worse');
  const openGuardrail = findings.find((finding) => finding.role === 'guardrail' && finding.status !== 'harmless');
  if (hasWon && harmedSignal) return decide('hold', describe(harmedSignal, 'got worse; look before promoting'));
  if (hasWon && !openGuardrail) return decide('promote', describe(won[0] as MetricFinding, 'is better'));
  if (reachedMaximum(goals, rule)) return decide('hold', 'the planned size is reached without a decision');
  if (hasWon && openGuardrail) {
    return decide('keep-collecting', `${openGuardrail.metric} is not yet proved harmless`);
  }
  if (goals.every((finding) => isEquivalent(finding, rule))) {
    return decide('hold', 'every goal is proved to differ by less than its margin');
  }
  return decide('keep-collecting', 'no drawn interval has crossed a limit yet');
}

function find(metric: DecisionMetric, look: DecisionLook, rule: DecisionRule): MetricFinding {
  const point = look.points[metric.name];
  const base = { metric: metric.name, role: metric.role };
  if (!point || point.count < (rule.minimumCount ?? 0)) return { ...base, status: 'no-data', point: point ?? null };
  const [low, high] = improvement(metric, point);
  const isGoal = metric.role === 'goal';
  if (high < -metric.margin) return { ...base, status: 'worse', point };
  const evidence = metric.requiresEvidence ? (look.logEValues?.[metric.name] ?? 0) : Number.POSITIVE_INFINITY;
  if (isGoal && low > (metric.promoteAbove ?? 0) && evidence >= -Math.log(metric.alpha))
    return { ...base, status: 'better', point };
  if (!isGoal && low >= -metric.margin) return { ...base, status: 'harmless', point };
  return { ...base, status: 'undecided', point };
}

/** The drawn interval turned so that larger is better. */
function improvement(metric: DecisionMetric, point: SequencePoint): readonly [number, number] {
  return metric.betterWhen === 'higher' ? [point.lower, point.upper] : [-point.upper, -point.lower];
}

function isEquivalent(finding: MetricFinding, rule: DecisionRule): boolean {
  const metric = rule.metrics.find(({ name }) => name === finding.metric);
  if (!metric || !finding.point || metric.margin === 0) return false;
  return finding.point.lower >= -metric.margin && finding.point.upper <= metric.margin;
}

function reachedMaximum(goals: readonly MetricFinding[], rule: DecisionRule): boolean {
  const { maximumCount } = rule;
  return maximumCount !== undefined && goals.every((finding) => (finding.point?.count ?? 0) >= maximumCount);
}

function describe(finding: MetricFinding, claim: string): string {
  const { point } = finding;
  const interval = point ? ` (drawn interval ${point.lower.toPrecision(4)} to ${point.upper.toPrecision(4)})` : '';
  return `${finding.metric} ${claim}${interval}`;
}

function spentAlpha(rule: DecisionRule): number {
  const alphas = rule.metrics.filter(({ role }) => role === 'goal').map(({ alpha }) => alpha);
  return rule.goals === 'any' ? alphas.reduce((sum, alpha) => sum + alpha, 0) : Math.max(...alphas);
}

function checkRule(rule: DecisionRule): Failure | undefined {
  const { alpha = 0.05, metrics } = rule;
  if (!metrics.some(({ role }) => role === 'goal')) return failure('empty', 'at least one goal metric');
  if (new Set(metrics.map(({ name }) => name)).size < metrics.length) {
    return failure('invalid-argument', 'metrics of different names');
  }
  for (const metric of metrics) {
    const problem =
      checkOneOf(`role of ${metric.name}`, metric.role, ['goal', 'guardrail', 'signal']) ??
      checkOneOf(`betterWhen of ${metric.name}`, metric.betterWhen, ['higher', 'lower']) ??
      checkNonNegative(`margin of ${metric.name}`, metric.margin) ??
      checkOpenUnit(`alpha of ${metric.name}`, metric.alpha) ??
      (Number.isFinite(metric.promoteAbove ?? 0)
        ? undefined
        : failure('not-finite', `promoteAbove of ${metric.name} must be a finite number`));
    if (problem) return problem;
  }
  const problem =
    checkOpenUnit('alpha', alpha) ??
    checkOneOf('goals', rule.goals ?? 'all', ['any', 'all']) ??
    checkNonNegative('minimumCount', rule.minimumCount ?? 0) ??
    (rule.maximumCount === undefined ? undefined : checkCount('maximumCount', rule.maximumCount, 1));
  if (problem) return problem;
  const spent = spentAlpha(rule);
  return spent <= alpha * (1 + 1e-9)
    ? undefined
    : failure('invalid-argument', `goal sequences whose alphas fit into ${alpha}; they spend ${spent}`);
}

function checkLooks(looks: readonly DecisionLook[], rule: DecisionRule): Failure | undefined {
  if (looks.length === 0) return failure('empty', 'at least one look');
  for (const look of looks) {
    for (const metric of rule.metrics) {
      const point = look.points[metric.name];
      if (!point) continue;
      const problem = checkPoint(`a point of ${metric.name}`, point);
      if (problem) return problem;
      if (Number.isNaN(look.logEValues?.[metric.name] ?? 0)) {
        return failure('not-finite', `a logEValue of ${metric.name} that is not NaN`);
      }
      if (Math.abs(point.alpha - metric.alpha) > 1e-12) {
        return failure(
          'invalid-argument',
          `points of ${metric.name} drawn at its alpha ${metric.alpha}; one is at ${point.alpha}`,
        );
      }
    }
  }
  return undefined;
}
