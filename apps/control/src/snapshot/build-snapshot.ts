import type { Policy, ServedModel, ServingSnapshot } from '@switchyard/contracts';
import { listModelReferences } from '@switchyard/routing';
import { isForced } from '../endpoints/is-forced.ts';
import {
  type Database,
  type RegistryView,
  resolveLeaf,
  type VersionName,
  versionKey,
} from '../registry/registry-view.ts';
import { loadServableStates } from '../routing-state/state-store.ts';
import { canonicalJson, sha256Hex } from './canonical-json.ts';
import type { VersionCache } from './version-cache.ts';

/** The part of a snapshot that the hash covers. */
export type SnapshotContent = Omit<ServingSnapshot, 'hash' | 'version' | 'createdAt'>;

/** @param texts canonical JSON of parts of it that are known already */
export const hashOfContent = (content: SnapshotContent, texts?: WeakMap<object, string>): string =>
  sha256Hex(canonicalJson(content, texts));

/**
 * What gateways need, from what is registered. Of each model it names the versions that can be asked for:
 * used by a live policy, target of an alias, the newest; and those that a rollback of an endpoint would use.
 * A model without a version is not in it. Leaves that name what is gone are skipped: only previous revisions have them.
 */
export async function buildSnapshotContent(
  db: Database,
  view: RegistryView,
  cache: VersionCache,
): Promise<SnapshotContent> {
  const used = new Map<string, VersionName>();
  const warm = new Map<string, VersionName>();
  for (const endpoint of view.endpoints.values()) {
    for (const name of versionsOfPolicy(view, endpoint.live.policy)) used.set(versionKey(name), name);
    if (!endpoint.previous) continue;
    for (const name of versionsOfPolicy(view, endpoint.previous.policy)) warm.set(versionKey(name), name);
  }
  const wanted = new Map([...used, ...warm]);
  for (const model of view.models.values()) {
    const newest = model.versions.at(-1);
    const named = [...model.aliases.values(), ...(newest === undefined ? [] : [String(newest)])];
    for (const version of named) wanted.set(versionKey({ model: model.name, version }), { model: model.name, version });
  }
  const versions = await cache.load(db, view, [...wanted.values()]);
  const routingStates = await loadServableStates(db, view);

  const models: Record<string, ServedModel> = {};
  for (const model of view.models.values()) {
    const newest = model.versions.at(-1);
    if (newest === undefined) continue;
    models[model.name] = {
      name: model.name,
      task: model.task,
      defaultVersion: model.aliases.get('champion') ?? String(newest),
      aliases: Object.fromEntries(model.aliases),
      versions: {},
    };
  }
  for (const [key, name] of wanted) {
    const served = versions.get(key);
    const model = models[name.model];
    if (served && model) model.versions[name.version] = served;
  }
  return {
    formatVersion: 1,
    models,
    endpoints: Object.fromEntries(
      [...view.endpoints.values()].map(({ name, live }) => [
        name,
        {
          name,
          revision: live.revision,
          policy: live.policy,
          settings: live.settings,
          ...(isForced(view, live) ? { rehearse: false } : {}),
        },
      ]),
    ),
    keepWarm: [...warm.entries()]
      .filter(([key]) => !used.has(key))
      .map(([, { model, version }]) => ({ model, version }))
      .sort((a, b) => (versionKey(a) < versionKey(b) ? -1 : 1)),
    ...(Object.keys(routingStates).length === 0 ? {} : { routingStates }),
  };
}

function versionsOfPolicy(view: RegistryView, policy: Policy): VersionName[] {
  return listModelReferences(policy).flatMap((leaf) => resolveLeaf(view, leaf.node) ?? []);
}
