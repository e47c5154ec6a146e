import { type AucEstimate, type AucOptions, aucFromSteps } from './area-under-roc.ts';
import { type BinaryLabel, checkRows, isMissing, oneClass } from './internal/check.ts';
import type { ScoreSteps } from './internal/score-steps.ts';
import { failure, type Result } from './result.ts';

export interface AucTallyState {
  readonly kind: 'auc-tally';
  readonly unlabelled: number;
  readonly rejected: number;
  /** [score, positives, negatives], by rising score. */
  readonly scores: readonly (readonly [score: number, positives: number, negatives: number])[];
}

interface Node {
  readonly score: number;
  readonly priority: number;
  positives: number;
  negatives: number;
  /** Counts of the whole subtree. */
  allPositives: number;
  allNegatives: number;
  left: Node | undefined;
  right: Node | undefined;
}

/**
 * How well does a live model rank, exactly, while labels still come, change or are withdrawn?
 *
 * Formula: AUC = (pairs in the right order + ½ tied pairs)/(positives · negatives). A label costs O(log n): the number
 * of ordered pairs is kept up to date by looking up how many of the other class lie below and above. Memory is one node
 * for each distinct score. The search tree is a treap whose priorities are a hash of the score, so its shape, and with
 * it everything here, depends only on what was added, not on the order.
 * Assumes each row is added once. Domain: finite scores; a row without one, or with a label that is neither class, is
 * counted as rejected. `value` and `summary` fail on no row (`empty`), no label yet (`all-missing`), one labelled row
 * and a missing class (`one-class`); `summary` also as `rocAuc` does, whose interval and assumptions it has.
 * Source: Mann and Whitney 1947 for the count of pairs; Seidel and Aragon, Algorithmica 16 (1996) for the treap; DeLong
 * et al. 1988 for the interval.
 */
export class AucTally {
  #root: Node | undefined;
  /** Twice the number of (positive, negative) pairs in the right order, ties counting one: always a whole number. */
  #doubledPairs = 0;
  #unlabelled = 0;
  #rejected = 0;

  /** Counts a row; one without a finite score or with a label that is neither class counts as rejected. */
  add(label: BinaryLabel, score: number): void {
    this.#count(label, score, 1);
  }

  /** A label came for a row that was added without one. */
  learn(label: BinaryLabel, score: number): void {
    if (isMissing(label)) return;
    if (this.#unlabelled > 0) this.#unlabelled -= 1;
    this.#count(label, score, 1);
  }

  /** Takes one row back, as when its label was corrected. Answers whether there was such a row. */
  remove(label: BinaryLabel, score: number): boolean {
    const node = this.#find(score);
    const held = node && (label === 1 || label === true ? node.positives : node.negatives);
    if (isMissing(label) || !held) return false;
    this.#count(label, score, -1);
    return true;
  }

  #count(label: BinaryLabel, score: number, by: number): void {
    if (isMissing(label)) {
      this.#unlabelled += by;
      return;
    }
    const positive = label === 1 || label === true;
    if ((!positive && label !== 0 && label !== false) || !Number.isFinite(score)) {
      this.#rejected += 1;
      return;
    }
    this.#addPairs(positive, score, by);
    this.#root = change(this.#root, score === 0 ? 0 : score, positive ? by : 0, positive ? 0 : by);
  }

  #addPairs(positive: boolean, score: number, by: number): void {
    let [positivesBelow, negativesBelow] = [0, 0];
    let node = this.#root;
    while (node && node.score !== score) {
      if (score < node.score) node = node.left;
      else {
        positivesBelow += node.positives + (node.left?.allPositives ?? 0);
        negativesBelow += node.negatives + (node.left?.allNegatives ?? 0);
        node = node.right;
      }
    }
    positivesBelow += node?.left?.allPositives ?? 0;
    negativesBelow += node?.left?.allNegatives ?? 0;
    if (positive) this.#doubledPairs += by * (2 * negativesBelow + (node?.negatives ?? 0));
    else {
      const tied = node?.positives ?? 0;
      this.#doubledPairs += by * (2 * ((this.#root?.allPositives ?? 0) - positivesBelow) - tied);
    }
  }

  #find(score: number): Node | undefined {
    let node = this.#root;
    while (node && node.score !== score) node = score < node.score ? node.left : node.right;
    return node;
  }

  /** Takes over everything the other tally has counted. */
  merge(other: AucTally): void {
    walk(other.#root, (node) => {
      this.#addMany(node.score, node.positives, node.negatives);
    });
    this.#unlabelled += other.#unlabelled;
    this.#rejected += other.#rejected;
  }

  #addMany(score: number, positives: number, negatives: number): void {
    if (positives > 0) {
      this.#addPairs(true, score, positives);
      this.#root = change(this.#root, score, positives, 0);
    }
    if (negatives > 0) {
      this.#addPairs(false, score, negatives);
      this.#root = change(this.#root, score, 0, negatives);
    }
  }

  /** The AUC alone, in O(1); a reason while a class is missing. */
  value(): Result<{ readonly value: number; readonly labelled: number }> {
    const [positives, negatives] = [this.#root?.allPositives ?? 0, this.#root?.allNegatives ?? 0];
    const labelled = positives + negatives;
    if (labelled === 0 && this.#unlabelled + this.#rejected > 0) {
      return failure('all-missing', 'rows with a label and a finite score');
    }
    const few = checkRows(labelled);
    if (few) return few;
    if (positives === 0 || negatives === 0) return oneClass(positives === 0);
    return { ok: true, value: this.#doubledPairs / 2 / (positives * negatives), labelled };
  }

  /** The AUC with DeLong's interval, as `rocAuc` answers for the same rows; O(distinct scores). */
  summary(
    options: AucOptions = {},
  ): Result<AucEstimate & { readonly labelCoverage: number; readonly rejected: number }> {
    const now = this.value();
    if (!now.ok) return now;
    const estimate = aucFromSteps(this.#steps(), options);
    if (!estimate.ok) return estimate;
    return {
      ...estimate,
      value: now.value,
      labelCoverage: now.labelled / (now.labelled + this.#unlabelled),
      rejected: this.#rejected,
    };
  }

  #steps(): ScoreSteps {
    const rising = this.toJSON().scores;
    const [thresholds, truePositives, falsePositives] = [1, 2, 3].map(() => new Float64Array(rising.length)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    let [truths, alarms] = [0, 0];
    for (let at = 0; at < rising.length; at += 1) {
      const [score, positives, negatives] = rising[rising.length - 1 - at] as readonly [number, number, number];
      truths += positives;
      alarms += negatives;
      thresholds[at] = score;
      truePositives[at] = truths;
      falsePositives[at] = alarms;
    }
    return { thresholds, truePositives, falsePositives, positives: truths, negatives: alarms };
  }

  toJSON(): AucTallyState {
    const scores: [number, number, number][] = [];
    walk(this.#root, ({ score, positives, negatives }) => {
      if (positives + negatives > 0) scores.push([score, positives, negatives]);
    });
    return { kind: 'auc-tally', unlabelled: this.#unlabelled, rejected: this.#rejected, scores };
  }

  static fromJSON(state: AucTallyState): AucTally {
    const tally = new AucTally();
    for (const [score, positives, negatives] of state.scores) tally.#addMany(score, positives, negatives);
    tally.#unlabelled = state.unlabelled;
    tally.#rejected = state.rejected;
    return tally;
  }
}

/** In rising order of score. */
function walk(root: Node | undefined, visit: (node: Node) => void): void {
  const path: Node[] = [];
  let node = root;
  while (node || path.length > 0) {
    while (node) {
      path.push(node);
      node = node.left;
    }
    const next = path.pop() as Node;
    visit(next);
    node = next.right;
  }
}

function change(node: Node | undefined, score: number, positives: number, negatives: number): Node {
  if (node === undefined) {
    const priority = hashScore(score);
    const counts = { positives, negatives, allPositives: positives, allNegatives: negatives };
    return { score, priority, ...counts, left: undefined, right: undefined };
  }
  if (score === node.score) {
    node.positives += positives;
    node.negatives += negatives;
    node.allPositives += positives;
    node.allNegatives += negatives;
    return node;
  }
  if (score < node.score) {
    node.left = change(node.left, score, positives, negatives);
    const child = node.left;
    if (child.priority > node.priority) {
      node.left = child.right;
      child.right = recount(node);
      return recount(child);
    }
  } else {
    node.right = change(node.right, score, positives, negatives);
    const child = node.right;
    if (child.priority > node.priority) {
      node.right = child.left;
      child.left = recount(node);
      return recount(child);
    }
  }
  return recount(node);
}

function recount(node: Node): Node {
  node.allPositives = node.positives + (node.left?.allPositives ?? 0) + (node.right?.allPositives ?? 0);
  node.allNegatives = node.negatives + (node.left?.allNegatives ?? 0) + (node.right?.allNegatives ?? 0);
  return node;
}

const bits = new Float64Array(1);
const halves = new Uint32Array(bits.buffer);

/** murmur3's final mix over the 64 bits of the score: as good as a random priority, but the same every time. */
function hashScore(score: number): number {
  bits[0] = score;
  let hash = Math.imul(halves[0] as number, 0xcc9e2d51) ^ (halves[1] as number);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
