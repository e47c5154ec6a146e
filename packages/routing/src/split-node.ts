import type { DecisionStep, SplitArm, SplitNode } from '@switchyard/contracts';
import { assignmentSalt, BUCKET_COUNT, bucketOf } from './assignment.ts';
import { childPath, fieldAt, type ReportProblem } from './policy-problem.ts';
import { allocateRanges, armOfBucket, type HashRange, sharesOf } from './ranges.ts';

export interface CompiledSplit<Node> {
  readonly kind: 'split';
  readonly path: string;
  readonly salt: string;
  readonly ranges: readonly HashRange[];
  readonly arms: readonly { readonly name: string; readonly probability: number; readonly child: Node }[];
  /** By arm name; one frozen object, shared by all decisions. */
  readonly probabilities: Readonly<Record<string, number>>;
}

/** @param salt used unless the node names one */
export function compileSplit<Node>(
  node: SplitNode,
  path: string,
  salt: string,
  compileChild: (arm: SplitArm, path: string) => Node,
): CompiledSplit<Node> {
  const ranges = allocateRanges(node.arms.map((arm) => arm.weight));
  const shares = sharesOf(ranges, node.arms.length);
  const probabilities: Record<string, number> = {};
  const arms = node.arms.map((arm, index) => {
    const probability = shares[index] ?? 0;
    probabilities[arm.name] = probability;
    return { name: arm.name, probability, child: compileChild(arm, childPath(path, arm.name)) };
  });
  return {
    kind: 'split',
    path,
    salt: assignmentSalt(node.salt ?? salt),
    ranges,
    arms,
    probabilities: Object.freeze(probabilities),
  };
}

/** Draws the arm of a unit: the same one for as long as salt and weights stay the same. */
export function chooseArm<Node>(
  split: CompiledSplit<Node>,
  unit: string,
  steps: DecisionStep[],
): CompiledSplit<Node>['arms'][number] {
  const bucket = bucketOf(split.salt, unit);
  const arm = split.arms[armOfBucket(split.ranges, bucket)] as CompiledSplit<Node>['arms'][number];
  steps.push({ node: split.path, kind: 'split', chosen: arm.name, probabilities: split.probabilities, bucket });
  return arm;
}

export function checkSplit(node: SplitNode, place: string, report: ReportProblem): void {
  const seen = new Set<string>();
  let sum = 0;
  node.arms.forEach((arm, index) => {
    const weightField = fieldAt(place, `arms.${index}.weight`);
    if (seen.has(arm.name)) report(fieldAt(place, `arms.${index}.name`), `the arm name '${arm.name}' is used twice`);
    seen.add(arm.name);
    sum += arm.weight;
    if (arm.weight > 0 && arm.weight < 1 / BUCKET_COUNT) {
      report(weightField, 'a weight above 0 must be at least 0.000001, the smallest share that can be assigned');
    }
  });
  if (Math.abs(sum - 1) > 1e-9)
    report(fieldAt(place, 'arms'), `the weights sum to ${Number(sum.toPrecision(12))}, not to 1`);
}

export function describeSplit(node: SplitNode): string {
  const salt = node.salt === undefined ? '' : `, salt '${node.salt}'`;
  const experiment = node.experiment === undefined ? '' : `, experiment '${node.experiment}'`;
  return `split${salt}${experiment}`;
}

export function describeArm(arm: SplitArm): string {
  return `${Number((arm.weight * 100).toPrecision(8))} %`;
}
