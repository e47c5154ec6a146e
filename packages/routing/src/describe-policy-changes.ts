import type { Policy } from '@switchyard/contracts';
import { describeNode, walkPolicy } from './policy-tree.ts';

export interface PolicyChange {
  /** Names of the arms and rules that lead there, joined by '/'; '' for the root. */
  readonly path: string;
  /** null where there was nothing. */
  readonly before: string | null;
  /** null where there is nothing any more. */
  readonly after: string | null;
}

/** What differs between two policies, node by node, in words. Without `before` everything is new. */
export function describePolicyChanges(before: Policy | null, after: Policy): PolicyChange[] {
  const old = before === null ? new Map<string, string>() : describeByPath(before);
  const current = describeByPath(after);
  const paths = [...current.keys(), ...[...old.keys()].filter((path) => !current.has(path))];
  return paths
    .map((path) => ({ path, before: old.get(path) ?? null, after: current.get(path) ?? null }))
    .filter((change) => change.before !== change.after);
}

function describeByPath(policy: Policy): Map<string, string> {
  const texts = new Map<string, string>();
  walkPolicy(policy, (node, { path, reachedBy }) => {
    const text = reachedBy === '' ? describeNode(node) : `${reachedBy}: ${describeNode(node)}`;
    // The primary of a shadow node has the path of that node.
    const above = texts.get(path);
    texts.set(path, above === undefined ? text : `${above}, ${text}`);
  });
  return texts;
}
