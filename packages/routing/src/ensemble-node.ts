import type { Branch, EnsembleMember, EnsembleNode, ModelNode, Policy } from '@switchyard/contracts';
import { checkBranchNames } from './branches.ts';
import { childPath, fieldAt, type ReportProblem } from './policy-problem.ts';
import { own, type RegistryVersion, type RegistryView, resolveVersion } from './registry-view.ts';

export interface CompiledEnsemble<Node> {
  readonly kind: 'ensemble';
  readonly path: string;
  readonly node: EnsembleNode;
  readonly minimumMembers: number;
  readonly members: readonly {
    readonly name: string;
    readonly weight: number;
    readonly timeoutMs: number | undefined;
    readonly child: Node;
  }[];
}

export function compileEnsemble<Node>(
  node: EnsembleNode,
  path: string,
  compileChild: (branch: Branch, path: string) => Node,
): CompiledEnsemble<Node> {
  return {
    kind: 'ensemble',
    path,
    node,
    minimumMembers: node.minimumMembers ?? node.members.length,
    members: node.members.map((member) => ({
      name: member.name,
      weight: member.weight ?? 1,
      timeoutMs: member.timeoutMs,
      child: compileChild(member, childPath(path, member.name)),
    })),
  };
}

/** @param leavesOf the models of a branch */
export function checkEnsemble(
  node: EnsembleNode,
  place: string,
  view: RegistryView,
  leavesOf: (policy: Policy) => readonly ModelNode[],
  report: ReportProblem,
): void {
  const { members, method } = node;
  checkBranchNames(members, place, 'members', 'member', report);
  if ((node.minimumMembers ?? 1) > members.length) {
    report(fieldAt(place, 'minimumMembers'), `there are only ${members.length} members`);
  }
  if (!members.some(({ weight }) => (weight ?? 1) > 0)) report(fieldAt(place, 'members'), 'every weight is 0');
  if (node.bestMember !== undefined && !members.some(({ name }) => name === node.bestMember)) {
    report(fieldAt(place, 'bestMember'), `there is no member '${node.bestMember}'`);
  }
  if (node.tie === 'best_member' && node.bestMember === undefined) {
    report(fieldAt(place, 'bestMember'), 'the tie rule best_member needs to know which member that is');
  }
  const tasks = new Set(leavesOf(node).flatMap(({ model }) => own(view.models, model)?.task ?? []));
  const versions: MemberVersions[] = members.map((member) => ({
    member,
    versions: leavesOf(member.policy).flatMap((leaf) => {
      const version = resolveVersion(view, leaf);
      return version === undefined ? [] : (own(view.models, leaf.model)?.versions[version] ?? []);
    }),
  }));
  const isClassification = tasks.has('binary') || tasks.has('multiclass');
  if (
    !isClassification &&
    tasks.size > 0 &&
    (method === 'majority_vote' || method === 'soft_vote' || method === 'confidence')
  ) {
    report(fieldAt(place, 'method'), `${method} is for classification; use weighted_average or stacking`);
  }
  if (isClassification) checkLabels(node, versions, place, report);
  checkMeta(node, versions, place, view, isClassification, report);
}

interface MemberVersions {
  readonly member: EnsembleMember;
  readonly versions: readonly RegistryVersion[];
}

/** Probabilities can only be combined when all members mean the same classes. */
function checkLabels(
  node: EnsembleNode,
  members: readonly MemberVersions[],
  place: string,
  report: ReportProblem,
): void {
  let first: { labels: string; name: string } | undefined;
  members.forEach(({ member, versions }, index) => {
    for (const { signature } of versions) {
      const field = fieldAt(place, `members.${index}.policy`);
      if (
        signature.roles !== undefined &&
        signature.roles.probabilities === undefined &&
        node.method !== 'majority_vote'
      ) {
        report(field, `a model of member '${member.name}' gives no probabilities, which ${node.method} needs`);
      }
      if (signature.labels === undefined) continue;
      const labels = signature.labels.map(String).sort().join(', ');
      first ??= { labels, name: member.name };
      if (labels !== first.labels) {
        report(field, `member '${member.name}' answers ${labels}, but '${first.name}' answers ${first.labels}`);
      }
    }
  });
}

function checkMeta(
  node: EnsembleNode,
  members: readonly MemberVersions[],
  place: string,
  view: RegistryView,
  isClassification: boolean,
  report: ReportProblem,
): void {
  if (node.method !== 'stacking') {
    if (node.meta !== undefined) report(fieldAt(place, 'meta'), `${node.method} uses no meta-model`);
    return;
  }
  if (node.meta === undefined) {
    report(fieldAt(place, 'meta'), 'stacking needs a meta-model');
    return;
  }
  const version = resolveVersion(view, node.meta);
  const meta = version === undefined ? undefined : own(view.models, node.meta.model)?.versions[version];
  if (meta === undefined) {
    report(fieldAt(place, 'meta.model'), `there is no such version of a model '${node.meta.model}'`);
    return;
  }
  const labelled = members.flatMap(({ versions }) => versions).find(({ signature }) => signature.labels !== undefined);
  const classes = isClassification ? labelled?.signature.labels?.length : 1;
  if (classes === undefined) return;
  const wanted = node.members.length * stackingColumns(classes);
  const has = meta.signature.features.length;
  if (has !== wanted) {
    report(fieldAt(place, 'meta.model'), `it takes ${has} features, but ${node.members.length} members give ${wanted}`);
  }
}

/** Columns a member gives a meta-model: one value, one probability of two, or all of more (as scikit-learn's stacking). */
export const stackingColumns = (classes: number): number => (classes <= 2 ? 1 : classes);

export function describeEnsemble(node: EnsembleNode): string {
  const least = node.minimumMembers ?? node.members.length;
  const meta = node.meta === undefined ? '' : ` by ${node.meta.model}`;
  const tie = node.tie === undefined ? '' : `, ties by ${node.tie}`;
  return `ensemble ${node.method}${meta}, at least ${least} of ${node.members.length}${tie}`;
}

export function describeMember(member: EnsembleMember): string {
  const timeout = member.timeoutMs === undefined ? '' : `, within ${member.timeoutMs} ms`;
  return `weight ${member.weight ?? 1}${timeout}`;
}
