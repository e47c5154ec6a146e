import { fieldAt, type ReportProblem } from './policy-problem.ts';

/** Every branch of a node must have a name of its own: paths in the log are made of them. */
export function checkBranchNames(
  branches: readonly { readonly name: string }[],
  place: string,
  list: string,
  what: string,
  report: ReportProblem,
): void {
  const seen = new Set<string>();
  branches.forEach(({ name }, index) => {
    if (seen.has(name)) report(fieldAt(place, `${list}.${index}.name`), `the ${what} name '${name}' is used twice`);
    seen.add(name);
  });
}

/** A percentage for people, without digits that mean nothing. */
export function percentOf(share: number): string {
  return `${Number((share * 100).toPrecision(8))} %`;
}
