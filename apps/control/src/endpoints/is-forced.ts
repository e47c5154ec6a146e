import type { EndpointRevision } from '@switchyard/contracts';
import { listModelReferences } from '@switchyard/routing';
import type { RegistryView } from '../registry/registry-view.ts';

/**
 * Whether what an endpoint answers with now is wanted whatever becomes of its clients: what changed it last, its
 * revision or the move of an alias that it follows, was forced.
 */
export function isForced(view: RegistryView, live: EndpointRevision): boolean {
  let last = { at: new Date(live.createdAt), isForced: live.clients?.forced === true };
  for (const { node } of listModelReferences(live.policy)) {
    const model = view.models.get(node.model);
    const seen = new Set<string>();
    for (let alias = node.alias; alias !== undefined && !seen.has(alias); ) {
      seen.add(alias);
      const move = model?.aliasMoves.get(alias);
      if (move !== undefined && move.at > last.at) last = move;
      const target = model?.aliasTargets.get(alias);
      alias = target?.startsWith('@') ? target.slice(1) : undefined;
    }
  }
  return last.isForced;
}
