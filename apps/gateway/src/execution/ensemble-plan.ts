import {
  type Answer,
  type ClassLabel,
  type EnsembleNode,
  type ServedVersion,
  SwitchyardError,
  type Task,
} from '@switchyard/contracts';
import {
  type CombineSettings,
  combine,
  findAnswerProblem,
  type MemberAnswer,
  stackingFeatures,
} from '@switchyard/ensembles';
import type { FeatureRow } from '@switchyard/runtimes';

/** How the answers of an ensemble's members become one. */
export interface EnsemblePlan {
  /** One answer, and what to write down about how it came about. Throws model_failed when too few members answered. */
  combine(members: readonly EnsembleMemberOutcome[]): { readonly answer: Answer; readonly note: string };
  /** The row that a stacking meta-model is asked. Throws model_failed when a member is missing. */
  metaRow(members: readonly EnsembleMemberOutcome[]): FeatureRow;
  /** Why an answer cannot be a member's; undefined when it can. */
  findProblem(answer: Answer): string | undefined;
}

export interface EnsembleMemberOutcome {
  readonly name: string;
  readonly weight: number;
  /** Undefined: it failed. */
  readonly answer: Answer | undefined;
  /** Error code of one that failed. */
  readonly error: string;
}

/** @param first a version that one of the members reaches: all of them answer the same classes */
export function planEnsemble(node: EnsembleNode, task: Task, first: ServedVersion): EnsemblePlan {
  const labels = first.signature.labels ?? [];
  const keys = labels.map(String);
  const positive =
    first.signature.positiveLabel === undefined
      ? labels.length - 1
      : keys.indexOf(String(first.signature.positiveLabel));
  const isClassification = task === 'binary' || task === 'multiclass';
  const ensembleTask = isClassification
    ? ({ kind: 'classification', classes: labels.length } as const)
    : ({ kind: 'regression' } as const);
  const method = node.method === 'stacking' ? 'weighted_average' : node.method;
  const minimumMembers = node.minimumMembers ?? node.members.length;
  const settings: CombineSettings = {
    method,
    task: ensembleTask,
    ties: node.tie ?? 'label_order',
    bestMember: node.members.findIndex(({ name }) => name === node.bestMember),
    confidence: node.confidence === 'maximum' ? 'largest_probability' : 'entropy',
  };

  const toMember = ({ weight, answer }: Pick<EnsembleMemberOutcome, 'weight' | 'answer'>): MemberAnswer => {
    if (answer === undefined) return { weight, missing: true };
    if (!isClassification) return { weight, value: answer.value };
    const { probabilities } = answer;
    return {
      weight,
      // A voter votes for what it answers, which need not be its most probable class.
      labelIndex: answer.label === undefined ? undefined : keys.indexOf(String(answer.label)),
      probabilities: probabilities === undefined ? undefined : keys.map((key) => probabilities[key] ?? Number.NaN),
    };
  };

  const enough = (members: readonly EnsembleMemberOutcome[]): void => {
    const missing = members.filter(({ answer }) => answer === undefined);
    const answered = members.length - missing.length;
    if (answered >= minimumMembers && answered > 0) return;
    const reasons = missing.map(({ name, error }) => `${name}: ${error}`).join(', ');
    throw new SwitchyardError(
      missing.every(({ error }) => error === 'deadline_exceeded') ? 'deadline_exceeded' : 'model_failed',
      `${answered} of ${members.length} members answered, at least ${minimumMembers} must (${reasons})`,
    );
  };

  return {
    combine(members) {
      enough(members);
      const combined = combine(settings, members.map(toMember));
      if (!combined.ok) throw new SwitchyardError('model_failed', `the ensemble needs ${combined.needed}`);
      const absent = members
        .filter(({ answer }) => answer === undefined)
        .map(({ name, error }) => `${name} (${error})`);
      const note = [combined.tie ? 'tie' : '', absent.length > 0 ? `without ${absent.join(', ')}` : '']
        .filter((text) => text !== '')
        .join('; ');
      if ('value' in combined) return { answer: { value: combined.value }, note };
      const probabilities: Record<string, number> = {};
      keys.forEach((key, index) => {
        probabilities[key] = combined.probabilities[index] as number;
      });
      return {
        answer: {
          label: labels[combined.labelIndex as number] as ClassLabel,
          score: combined.probabilities[positive] as number,
          probabilities,
        },
        note,
      };
    },
    metaRow(members) {
      enough(members);
      const row = stackingFeatures(ensembleTask, members.map(toMember));
      if (!row.ok) throw new SwitchyardError('model_failed', `the meta-model needs ${row.needed}`);
      return [...row.features];
    },
    findProblem(answer) {
      const problem = findAnswerProblem(ensembleTask, node.method, toMember({ weight: 1, answer }));
      return problem === undefined ? undefined : problem.needed;
    },
  };
}
