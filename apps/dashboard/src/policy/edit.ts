import type { ModelNode, Policy, PolicyKind } from '@switchyard/contracts';
import { BRANCH_LISTS, type BranchKind, branchesOf, OTHERWISE, PRIMARY, policyLeaves } from './branches.ts';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/** What stands at a dotted field; undefined where there is nothing. */
export function valueAt(root: unknown, field: string): unknown {
  if (field === '') return root;
  return field.split('.').reduce<unknown>((at, key) => (isObject(at) ? (at as Json)[key] : undefined), root);
}

/**
 * The same document with another value at a dotted field. `undefined` takes the field away, and with it what would be
 * left empty by that.
 */
export function withValueAt<T>(root: T, field: string, value: unknown): T {
  return (field === '' ? value : put(root, field.split('.'), value)) as T;
}

function put(at: unknown, [key = '', ...rest]: string[], value: unknown): unknown {
  const before = isObject(at) ? at : {};
  const next = rest.length === 0 ? value : put(before[key], rest, value);
  if (Array.isArray(before)) {
    const copy = [...before];
    if (next === undefined) copy.splice(Number(key), 1);
    else copy[Number(key)] = next;
    return copy;
  }
  const { [key]: _replaced, ...others } = before;
  if (next === undefined || (rest.length > 0 && isObject(next) && Object.keys(next).length === 0)) return others;
  // A field that was there keeps its place: documents that differ by one value differ by one line.
  return key in before
    ? Object.fromEntries(Object.entries(before).map(([k, v]) => [k, k === key ? next : v]))
    : { ...before, [key]: next };
}

const NAMES: Record<BranchKind, string> = {
  split: 'arm',
  rules: 'rule',
  best: 'candidate',
  bandit: 'arm',
  ensemble: 'member',
  cascade: 'step',
  fallback: 'target',
  shadow: 'shadow',
};

/** What one branch of a kind is called. */
export const branchNoun = (kind: BranchKind): string => NAMES[kind];

function freeName(noun: string, taken: readonly string[]): string {
  for (let number = taken.length + 1; ; number += 1) {
    const name = `${noun}-${number}`;
    if (!taken.includes(name)) return name;
  }
}

interface NamedPolicy {
  readonly name: string;
  readonly policy: Policy;
}

/** A node of a kind over branches; what the kind needs besides has a value that can be published, or asks to be filled in. */
function makeNode(kind: PolicyKind, given: readonly NamedPolicy[], fallback: ModelNode): Policy {
  const first = given[0]?.policy ?? fallback;
  if (kind === 'model') return policyLeaves(first)[0]?.node ?? fallback;
  const noun = NAMES[kind];
  const least = kind === 'cascade' || kind === 'bandit' ? 2 : 1;
  const branches = given.map(({ name, policy }) => ({ name, policy }));
  while (branches.length < least) {
    branches.push({
      name: freeName(
        noun,
        branches.map(({ name }) => name),
      ),
      policy: fallback,
    });
  }
  switch (kind) {
    case 'split':
      return { kind, arms: evenWeights(branches) };
    case 'rules': {
      const rules = branches.length > 1 ? branches.slice(0, -1) : [];
      return {
        kind,
        rules: (rules.length > 0 ? rules : [{ name: 'rule-1', policy: fallback }]).map((rule) => ({
          ...rule,
          when: '',
        })),
        otherwise: branches.at(-1)?.policy ?? fallback,
      };
    }
    case 'best':
      return { kind, candidates: branches, metric: 'accuracy' };
    case 'bandit':
      return { kind, algorithm: 'thompson', arms: branches, reward: { from: 'correct' } };
    case 'ensemble':
      return { kind, method: 'soft_vote', members: branches };
    case 'cascade':
      return {
        kind,
        steps: branches.map((step, index) =>
          index < branches.length - 1 ? { ...step, minimumConfidence: 0.9 } : step,
        ),
      };
    case 'fallback':
      return { kind, targets: branches };
    case 'shadow': {
      const [primary, ...shadows] = branches;
      return {
        kind,
        primary: primary?.policy ?? fallback,
        shadows: shadows.length > 0 ? shadows : [{ name: 'shadow-1', policy: fallback }],
      };
    }
  }
}

const leafOf = (policy: Policy): ModelNode =>
  policyLeaves(policy)[0]?.node ?? { kind: 'model', model: '', version: '1' };

/** The node turned into another kind, with the branches it had. A model becomes the first branch. */
export function changeKind(policy: Policy, kind: PolicyKind): Policy {
  if (policy.kind === kind) return policy;
  const branches = branchesOf(policy).map(({ name, policy: child }) => ({ name, policy: child }));
  return policy.kind === 'model' ? wrapIn(policy, kind) : makeNode(kind, branches, leafOf(policy));
}

/** A new node of a kind whose first branch is the policy; of rules it is what no rule takes. */
export function wrapIn(policy: Policy, kind: PolicyKind): Policy {
  if (kind === 'model') return leafOf(policy);
  return makeNode(kind, [{ name: `${NAMES[kind]}-1`, policy }], leafOf(policy));
}

/** The node with one more branch at the end. A new arm of a split has no traffic until it is given some. */
export function addBranch(policy: Policy): Policy {
  if (policy.kind === 'model') return policy;
  const list = BRANCH_LISTS[policy.kind];
  const branches = valueAt(policy, list) as Json[];
  const taken = branchesOf(policy).map(({ name }) => name);
  const made: Json = {
    name: freeName(NAMES[policy.kind], taken),
    ...(policy.kind === 'split' ? { weight: 0 } : policy.kind === 'rules' ? { when: '' } : {}),
    policy: leafOf(policy),
  };
  if (policy.kind !== 'cascade') return { ...policy, [list]: [...branches, made] } as Policy;
  // What was the last step answered in any case; now it needs to know how sure is sure enough.
  const before = branches.map((step) =>
    step.minimumConfidence === undefined ? { ...step, minimumConfidence: 0.9 } : step,
  );
  return { ...policy, [list]: [...before, made] } as unknown as Policy;
}

/** The node without one of its named branches. */
export function removeBranch(policy: Policy, index: number): Policy {
  if (policy.kind === 'model') return policy;
  return withValueAt(policy, `${BRANCH_LISTS[policy.kind]}.${index}`, undefined);
}

/** The node with a branch moved by one place. */
export function moveBranch(policy: Policy, index: number, by: 1 | -1): Policy {
  if (policy.kind === 'model') return policy;
  const list = BRANCH_LISTS[policy.kind];
  const branches = [...(valueAt(policy, list) as Json[])];
  const [moved] = branches.splice(index, 1);
  if (moved !== undefined) branches.splice(index + by, 0, moved);
  return { ...policy, [list]: branches } as Policy;
}

/** Weights of equal size that sum to 1 exactly enough to be published. */
function evenWeights<B extends NamedPolicy>(branches: readonly B[]): (B & { weight: number })[] {
  return normalise(branches.map((branch) => ({ ...branch, weight: 1 })));
}

const DIGITS = 6;

/**
 * The same proportions with a sum of 1, rounded to what can be read; the largest takes what rounding leaves over.
 * Weights that are no numbers count as 0; when all are 0 they become equal.
 */
export function normalise<B extends { weight: unknown }>(arms: readonly B[]): (B & { weight: number })[] {
  const weights = arms.map(({ weight }) => (typeof weight === 'number' && weight > 0 ? weight : 0));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const rounded = weights.map((weight) => Number((sum === 0 ? 1 / arms.length : weight / sum).toFixed(DIGITS)));
  const largest = rounded.indexOf(Math.max(...rounded));
  const rest = 1 - rounded.reduce((total, weight) => total + weight, 0);
  return arms.map((arm, index) => ({
    ...arm,
    weight: index === largest ? Number(((rounded[index] ?? 0) + rest).toFixed(DIGITS)) : (rounded[index] ?? 0),
  }));
}

/** True when a form can show the document: every node has a kind and the branches of that kind. What they hold may still be wrong. */
export function isShaped(policy: unknown, depth = 0): policy is Policy {
  if (!isObject(policy) || typeof policy.kind !== 'string' || depth > 40) return false;
  if (policy.kind === 'model') return true;
  if (!(policy.kind in BRANCH_LISTS)) return false;
  const branches = policy[BRANCH_LISTS[policy.kind as BranchKind]];
  if (!Array.isArray(branches)) return false;
  const named = branches.every(
    (branch) => isObject(branch) && typeof branch.name === 'string' && isShaped(branch.policy, depth + 1),
  );
  if (policy.kind === 'bandit' && !isObject(policy.reward)) return false;
  if (policy.kind === 'rules') return named && isShaped(policy[OTHERWISE], depth + 1);
  if (policy.kind === 'shadow') return named && isShaped(policy[PRIMARY], depth + 1);
  return named;
}

/** Where a dotted field is, in names: "middle › forest: weight". */
export function placeOf(policy: unknown, field: string): string {
  const names: string[] = [];
  let at: unknown = policy;
  let rest = field === '' ? [] : field.split('.');
  for (;;) {
    const node = at;
    if (!isShaped(node)) break;
    const child = branchesOf(node).find((branch) => {
      const keys = branch.field.split('.');
      return keys.every((key, index) => rest[index] === key);
    });
    if (child !== undefined) {
      names.push(child.name);
      rest = rest.slice(child.field.split('.').length);
      at = child.policy;
      continue;
    }
    const named = node.kind === 'model' ? undefined : valueAt(node, `${BRANCH_LISTS[node.kind]}.${rest[1] ?? ''}.name`);
    if (node.kind !== 'model' && rest[0] === BRANCH_LISTS[node.kind] && typeof named === 'string') {
      names.push(named === '' ? `${branchNoun(node.kind)} ${Number(rest[1]) + 1}` : named);
      rest = rest.slice(2);
    }
    break;
  }
  const where = names.join(' › ');
  const what = rest.join('.');
  return where === '' ? (what === '' ? 'the policy' : what) : what === '' ? where : `${where}: ${what}`;
}
