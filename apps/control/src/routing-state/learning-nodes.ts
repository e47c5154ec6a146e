import { type BanditNode, type BestNode, ENSEMBLE_PREFIX, type ModelNode, type Policy } from '@switchyard/contracts';
import { walkPolicy } from '@switchyard/routing';
import type { RoutingStateBasis } from '@switchyard/storage/metadata';
import { sha256Hex } from '../snapshot/canonical-json.ts';

type Reference = Pick<ModelNode, 'model' | 'version' | 'alias'>;

/** The version a leaf stands for now. */
export type ResolveReference = (leaf: Reference) => { readonly model: string; readonly version: string } | undefined;

/** Who answers at a path, as predictions name it, and the model whose labels its answers have. */
export interface AnswerPlace {
  readonly path: string;
  readonly model: string;
  /** '' for an ensemble. */
  readonly version: string;
  readonly labelled: { readonly model: string; readonly version: string };
}

export interface LearningBranch {
  readonly name: string;
  readonly places: readonly AnswerPlace[];
}

/** A node whose choices follow from feedback. */
export interface LearningNode {
  readonly path: string;
  readonly node: BestNode | BanditNode;
  readonly branches: readonly LearningBranch[];
  readonly basis: RoutingStateBasis;
}

const isBelow = (path: string, above: string): boolean =>
  above === '' || path === above || path.startsWith(`${above}/`);
const childPath = (path: string, name: string): string => (path === '' ? name : `${path}/${name}`);

/**
 * The nodes of a policy that learn. Not those that never decide who answers: below a shadow nobody is answered,
 * and below an ensemble the answer is that of the ensemble, so outcomes say nothing about one way through a member.
 *
 * A branch is credited with what its places answered in the version they have now. So a branch that is given another
 * model, or whose alias moves, starts anew, while one that merely moves into another branch's place does not inherit.
 */
export function findLearningNodes(policy: Policy, resolve: ResolveReference): LearningNode[] {
  const places: AnswerPlace[] = [];
  const found: { path: string; node: BestNode | BanditNode }[] = [];
  const ensembles: { path: string; depth: number }[] = [];
  walkPolicy(policy, (node, { path, depth, isShadow }) => {
    if (isShadow || ensembles.some((above) => above.depth < depth && isBelow(path, above.path))) return;
    if (node.kind === 'best' || node.kind === 'bandit') found.push({ path, node });
    if (node.kind === 'model') {
      const name = resolve(node);
      if (name !== undefined) places.push({ path, ...name, labelled: name });
    }
    if (node.kind === 'ensemble') {
      ensembles.push({ path, depth });
      const first = firstLeafOf(node);
      const labelled = first === undefined ? undefined : resolve(first);
      if (labelled !== undefined)
        places.push({ path, model: `${ENSEMBLE_PREFIX}${node.method}`, version: '', labelled });
    }
  });
  return found.map(({ path, node }) => {
    const names = (node.kind === 'best' ? node.candidates : node.arms).map((branch) => branch.name);
    const branches = names.map((name) => ({
      name,
      places: places.filter((place) => isBelow(place.path, childPath(path, name))),
    }));
    return {
      path,
      node,
      branches,
      basis: {
        node: digestOf(node.kind === 'best' ? [node.metric, node.segment] : [node.reward, node.contextFeatures]),
        branches: Object.fromEntries(branches.map((branch) => [branch.name, digestOf(branch.places)])),
      },
    };
  });
}

function firstLeafOf(policy: Policy): ModelNode | undefined {
  let first: ModelNode | undefined;
  walkPolicy(policy, (node) => {
    if (node.kind === 'model') first ??= node;
  });
  return first;
}

const digestOf = (value: unknown): string => sha256Hex(JSON.stringify(value)).slice(0, 16);
