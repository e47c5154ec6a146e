import {
  type Analytics,
  countStatement,
  type OutcomeQuestion,
  type OutcomeScope,
  outcomeStatement,
  type Stretch,
} from './outcome-rows.ts';

/** Outcomes read by one query, so that none needs more time or memory than it may have; a slice is never cut. */
const ROWS_A_QUERY = 500_000;
/** Rows of one answer: more of them means that a segment is something like a user. */
const MAXIMUM_GROUPS = 100_000;
/** Rows kept of all slices of a window, for the same reason. */
const MAXIMUM_HELD = 500_000;

interface Sums {
  readonly slice: number;
}

/** What was summed earlier, slice by slice. One for each node, for as long as it asks the same. */
export interface WindowSums {
  question: string;
  readonly slices: Map<number, { readonly rows: number; readonly sums: readonly Sums[] }>;
}

export const createWindowSums = (): WindowSums => ({ question: '', slices: new Map() });

/**
 * The answer to a question over the whole window. Only slices in which outcomes have come or changed are summed again,
 * and the oldest, from which the window moves on: with many outcomes that is the difference between reading all of them
 * every few seconds and reading the new ones.
 */
export async function sumOverWindow<Row extends Sums>(
  analytics: Analytics,
  scope: OutcomeScope,
  question: OutcomeQuestion,
  known: WindowSums,
): Promise<Row[]> {
  const asked = JSON.stringify([question, scope.endpoint, scope.paths, scope.sliceMs]);
  if (known.question !== asked) {
    known.question = asked;
    known.slices.clear();
  }
  const counting = countStatement(scope);
  const counts = await analytics.query<{ slice: number; rows: number }>(counting.sql, counting.parameters);
  const present = new Set(counts.map(({ slice }) => slice));
  for (const slice of known.slices.keys()) if (!present.has(slice)) known.slices.delete(slice);
  const oldest = Math.floor(scope.fromMs / scope.sliceMs);
  const changed = counts.filter(({ slice, rows }) => slice === oldest || known.slices.get(slice)?.rows !== rows);
  for (const batch of batchesOf(changed)) {
    const statement = outcomeStatement(scope, stretchesOf(batch, scope), question);
    const sums = await analytics.query<Row>(statement.sql, statement.parameters);
    if (sums.length > MAXIMUM_GROUPS) {
      throw new Error(`the outcomes fall into more than ${MAXIMUM_GROUPS} groups: the segment has too many values`);
    }
    const bySlice = Map.groupBy(sums, (row) => row.slice);
    for (const { slice, rows } of batch) known.slices.set(slice, { rows, sums: bySlice.get(slice) ?? [] });
    const held = known.slices.values().reduce((sum, { sums }) => sum + sums.length, 0);
    if (held > MAXIMUM_HELD) {
      known.slices.clear();
      throw new Error(`the window has more than ${MAXIMUM_HELD} sums: the segment has too many values`);
    }
  }
  // Always in the order of time, so that equal sums are added up to equal totals.
  return [...known.slices].sort(([left], [right]) => left - right).flatMap(([, { sums }]) => sums as readonly Row[]);
}

interface Counted {
  readonly slice: number;
  readonly rows: number;
}

function batchesOf(slices: readonly Counted[]): Counted[][] {
  const batches: Counted[][] = [];
  let rows = Number.POSITIVE_INFINITY;
  for (const slice of slices) {
    if (rows + slice.rows > ROWS_A_QUERY) {
      batches.push([]);
      rows = 0;
    }
    batches.at(-1)?.push(slice);
    rows += slice.rows;
  }
  return batches;
}

/** Slices side by side become one stretch; the oldest begins where the window does. */
function stretchesOf(slices: readonly Counted[], { fromMs, sliceMs }: OutcomeScope): Stretch[] {
  const stretches: { fromMs: number; toMs: number }[] = [];
  for (const { slice } of slices) {
    const [start, end] = [Math.max(fromMs, slice * sliceMs), (slice + 1) * sliceMs];
    const last = stretches.at(-1);
    if (last?.toMs === start) last.toMs = end;
    else stretches.push({ fromMs: start, toMs: end });
  }
  return stretches;
}
