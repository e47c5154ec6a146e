import type { AnswerPlace, LearningBranch } from './learning-nodes.ts';

interface AnsweredRow {
  readonly path: string;
  readonly model: string;
  readonly version: string;
}

/** Adds up rows by group and branch; rows of places that no branch has any more count for nobody. */
export function sumByBranch<Row extends AnsweredRow, Sums extends Readonly<Record<string, number>>>(
  branches: readonly LearningBranch[],
  rows: readonly Row[],
  groupsOf: (row: Row) => readonly string[],
  sumsOf: (row: Row, place: AnswerPlace) => Sums,
): Map<string, Map<string, Sums>> {
  const owners = new Map(
    branches.flatMap(({ name, places }) => places.map((place) => [keyOf(place), { name, place }] as const)),
  );
  const groups = new Map<string, Map<string, Sums>>();
  for (const row of rows) {
    const owner = owners.get(keyOf(row));
    if (owner === undefined) continue;
    const sums = sumsOf(row, owner.place);
    for (const group of groupsOf(row)) {
      const byBranch = groups.get(group) ?? new Map<string, Sums>();
      groups.set(group, byBranch);
      const before = byBranch.get(owner.name);
      byBranch.set(owner.name, before === undefined ? sums : addUp(before, sums));
    }
  }
  return groups;
}

function addUp<Sums extends Readonly<Record<string, number>>>(left: Sums, right: Sums): Sums {
  return Object.fromEntries(
    Object.entries(left).map(([name, value]) => [name, value + (right[name] as number)]),
  ) as unknown as Sums;
}

const keyOf = ({ path, model, version }: AnsweredRow): string => `${path}\n${model}\n${version}`;
