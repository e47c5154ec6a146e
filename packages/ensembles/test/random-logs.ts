// Random logs of every kind: skilled members, copies, constants, near-certain ones, gaps, ties, in any unit.
import type { MemberLog } from '../src/index.ts';

const KINDS = ['skill', 'copies', 'constant', 'nearly certain', 'gaps', 'ties'] as const;
const SCALES = [1, 1e-6, 1e6];

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface RandomLog {
  readonly log: MemberLog;
  readonly label: string;
  /** Per member and complete row: its answers; per complete row: the truth. */
  readonly answers: readonly (readonly (readonly number[])[])[];
  readonly truths: readonly number[];
}

export function classificationCase(index: number): RandomLog {
  const random = mulberry32(40_000 + index);
  const kind = KINDS[index % KINDS.length]!;
  const classes = 2 + (index % 3);
  const count = 12 + Math.floor(random() * 40);
  const size = 1 + Math.floor(random() * 5);
  const outcomes = Array.from({ length: count }, (_, row) => (row < classes ? row : Math.floor(random() * classes)));
  const members = Array.from({ length: size }, (_, member) => {
    const sharpness = kind === 'nearly certain' ? 40 : 1 + 2 * random();
    return outcomes.map((truth, row) => {
      if (kind === 'gaps' && random() < 0.1 && row > classes + 12) return new Array<number>(classes).fill(Number.NaN);
      if (kind === 'constant' && member === 0) return new Array<number>(classes).fill(1 / classes);
      const raw = Array.from({ length: classes }, (_, label) => {
        const drawn = kind === 'ties' ? Math.floor(random() * 3) / 2 : random();
        return Math.exp(sharpness * (drawn + (label === truth ? 0.4 : 0)));
      });
      const sum = raw.reduce((total, value) => total + value, 0);
      return raw.map((value) => value / sum);
    });
  });
  if (kind === 'copies') for (let member = 1; member < size; member += 2) members[member] = members[member - 1]!;
  return complete(
    { kind: 'classification', classes },
    members,
    outcomes,
    `case ${index} (${kind}, ${classes} classes)`,
  );
}

export function regressionCase(index: number): RandomLog {
  const random = mulberry32(80_000 + index);
  const kind = KINDS[index % KINDS.length]!;
  const scale = SCALES[index % SCALES.length]!;
  const count = 12 + Math.floor(random() * 40);
  const size = 1 + Math.floor(random() * 5);
  const outcomes = Array.from({ length: count }, () => (kind === 'ties' ? Math.floor(random() * 3) : random()) * scale);
  const members = Array.from({ length: size }, (_, member) => {
    const noise = kind === 'nearly certain' ? 1e-6 : random();
    return outcomes.map((truth, row) => {
      if (kind === 'gaps' && random() < 0.1 && row > 12) return [Number.NaN];
      return [kind === 'constant' && member === 0 ? 0.5 * scale : truth + (random() - 0.3) * noise * scale];
    });
  });
  if (kind === 'copies') for (let member = 1; member < size; member += 2) members[member] = members[member - 1]!;
  return complete({ kind: 'regression' }, members, outcomes, `case ${index} (${kind}, scale ${scale})`);
}

function complete(
  task: MemberLog['task'],
  members: readonly (readonly (readonly number[])[])[],
  outcomes: readonly number[],
  label: string,
): RandomLog {
  const isWhole = outcomes.map((_, row) => members.every((rows) => !rows[row]!.some(Number.isNaN)));
  return {
    log: { task, members: members.map((rows) => Float64Array.from(rows.flat())), outcomes },
    label,
    answers: members.map((rows) => rows.filter((_, row) => isWhole[row])),
    truths: outcomes.filter((_, row) => isWhole[row]),
  };
}
