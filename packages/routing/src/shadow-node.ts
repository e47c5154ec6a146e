import type { Branch, Shadow, ShadowNode } from '@switchyard/contracts';
import { checkBranchNames, percentOf } from './branches.ts';
import { childPath, fieldAt, type ReportProblem } from './policy-problem.ts';

/** The name under which the answering branch is described; no shadow may have it. */
export const PRIMARY = 'primary';
export const SHADOW_TIMEOUT_MS = 10_000;

export interface CompiledShadow<Node> {
  readonly kind: 'shadow';
  readonly path: string;
  readonly salt: string;
  /** Its path is that of the node: putting a shadow beside a branch moves no unit and renames no path. */
  readonly primary: Node;
  readonly shadows: readonly {
    readonly name: string;
    readonly share: number;
    readonly timeoutMs: number;
    readonly child: Node;
  }[];
}

export function compileShadow<Node>(
  node: ShadowNode,
  path: string,
  salt: string,
  compileChild: (branch: Branch, path: string) => Node,
): CompiledShadow<Node> {
  return {
    kind: 'shadow',
    path,
    salt: `${node.salt ?? salt}:shadow`,
    primary: compileChild({ name: PRIMARY, policy: node.primary }, path),
    shadows: node.shadows.map((shadow) => ({
      name: shadow.name,
      share: shadow.share ?? 1,
      timeoutMs: shadow.timeoutMs ?? SHADOW_TIMEOUT_MS,
      child: compileChild(shadow, childPath(path, shadow.name)),
    })),
  };
}

/** @param primaryNames names of the branches right below the primary, whose paths begin where those of shadows do */
export function checkShadow(
  node: ShadowNode,
  place: string,
  primaryNames: readonly string[],
  report: ReportProblem,
): void {
  checkBranchNames(node.shadows, place, 'shadows', 'shadow', report);
  node.shadows.forEach(({ name }, index) => {
    const field = fieldAt(place, `shadows.${index}.name`);
    if (name === PRIMARY) report(field, `'${PRIMARY}' is the branch that answers`);
    if (primaryNames.includes(name)) report(field, `the primary has a branch '${name}' too, at the same path`);
  });
}

export function describeShadow(shadow: Shadow): string {
  return `shadow of ${percentOf(shadow.share ?? 1)}`;
}
