export interface PolicyProblem {
  /** Dotted path into the policy, such as `arms.0.weight`; '' for the policy itself. */
  readonly field: string;
  readonly detail: string;
}

export type ReportProblem = (field: string, detail: string) => void;

/** The field `name` of the node at `place`. */
export function fieldAt(place: string, name: string): string {
  return place === '' ? name : `${place}.${name}`;
}

/** The path of a child in the tree: names of arms and rules joined by '/'. */
export function childPath(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}
