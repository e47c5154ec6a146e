export interface ResolvedAliases {
  /** Alias → version at the end of its chain. */
  readonly versions: ReadonlyMap<string, string>;
  /** Aliases that lead round in a circle, in its order; undefined when there is none. */
  readonly cycle: readonly string[] | undefined;
  /** Aliases that lead to an alias that does not exist. */
  readonly dangling: readonly string[];
}

/**
 * Follows every alias of one model to its version.
 * @param targets alias → a version, or '@' and another alias
 */
export function resolveAliases(targets: ReadonlyMap<string, string>): ResolvedAliases {
  const versions = new Map<string, string>();
  const dangling: string[] = [];
  let cycle: readonly string[] | undefined;
  for (const start of targets.keys()) {
    const chain = [start];
    let target = targets.get(start);
    while (target?.startsWith('@')) {
      const next = target.slice(1);
      const seenAt = chain.indexOf(next);
      if (seenAt >= 0) {
        cycle ??= chain.slice(seenAt);
        break;
      }
      chain.push(next);
      target = targets.get(next);
    }
    if (target === undefined) dangling.push(start);
    else if (!target.startsWith('@')) versions.set(start, target);
  }
  return { versions, cycle, dangling };
}
