import type { Branch, CascadeNode, CascadeStep, Task } from '@switchyard/contracts';
import { checkBranchNames } from './branches.ts';
import { childPath, fieldAt, type ReportProblem } from './policy-problem.ts';

export interface CompiledCascade<Node> {
  readonly kind: 'cascade';
  readonly path: string;
  /** The last one takes any answer: its confidence is 0. */
  readonly steps: readonly { readonly name: string; readonly minimumConfidence: number; readonly child: Node }[];
}

export function compileCascade<Node>(
  node: CascadeNode,
  path: string,
  compileChild: (branch: Branch, path: string) => Node,
): CompiledCascade<Node> {
  return {
    kind: 'cascade',
    path,
    steps: node.steps.map((step) => ({
      name: step.name,
      minimumConfidence: step.minimumConfidence ?? 0,
      child: compileChild(step, childPath(path, step.name)),
    })),
  };
}

export function checkCascade(node: CascadeNode, place: string, tasks: ReadonlySet<Task>, report: ReportProblem): void {
  checkBranchNames(node.steps, place, 'steps', 'step', report);
  node.steps.forEach((step, index) => {
    const isLast = index === node.steps.length - 1;
    const field = fieldAt(place, `steps.${index}.minimumConfidence`);
    if (!isLast && step.minimumConfidence === undefined) report(field, 'only the last step may go without');
    if (isLast && step.minimumConfidence !== undefined) report(field, 'the last step answers in any case');
  });
  if (tasks.has('regression') || tasks.has('ranking')) {
    report(fieldAt(place, 'kind'), 'a cascade needs probabilities, which only classification has');
  }
}

export function describeCascadeStep(step: CascadeStep): string {
  return step.minimumConfidence === undefined ? 'otherwise' : `when at least ${step.minimumConfidence} sure`;
}
