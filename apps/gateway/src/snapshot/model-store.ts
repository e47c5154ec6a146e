import type { GatewayStatus, ServedVersion, ServingSnapshot } from '@switchyard/contracts';
import { listModelReferences, resolveVersion } from '@switchyard/routing';
import type { LoadedModel } from '@switchyard/runtimes';
import type { RemoteModel } from '../metrics/upstream-metrics.ts';

export type ModelState = GatewayStatus['models'][number];

export interface ModelStore {
  /**
   * Loads and warms what the snapshot names and is not loaded yet, beside what is.
   * Rejects when a version that an endpoint answers with cannot be loaded; others are only marked as failed.
   */
  load(snapshot: ServingSnapshot, loadVersion: (version: ServedVersion) => Promise<LoadedModel>): Promise<void>;
  find(model: string, version: string, snapshot: ServingSnapshot): LoadedModel | undefined;
  /** Closes what neither this snapshot nor the one being loaded names. */
  retain(snapshot: ServingSnapshot): Promise<void>;
  states(): ModelState[];
  /** Those that other servers run. */
  remotes(): RemoteModel[];
  loadedCount(): number;
  closeAll(): Promise<void>;
}

interface Entry {
  readonly model: string;
  readonly version: string;
  loaded: LoadedModel | undefined;
  state: ModelState['state'];
  error: string | null;
}

/** Enough to keep the loading threads busy without holding many new models at once. */
const CONCURRENT_LOADS = 4;

export function createModelStore(): ModelStore {
  const entries = new Map<string, Entry>();
  let newest: ServingSnapshot | undefined;

  return {
    async load(snapshot, loadVersion) {
      newest = snapshot;
      const needed = versionsOfEndpoints(snapshot);
      const missing = versionsOf(snapshot).filter(({ key }) => entries.get(key)?.loaded === undefined);
      const failures: Error[] = [];
      const next = async (): Promise<void> => {
        for (let item = missing.shift(); item !== undefined; item = missing.shift()) {
          const { key, model, served } = item;
          const entry: Entry = { model, version: served.version, loaded: undefined, state: 'loading', error: null };
          entries.set(key, entry);
          try {
            entry.loaded = await loadVersion(served);
            entry.state = 'ready';
          } catch (error) {
            entry.state = 'failed';
            entry.error = error instanceof Error ? error.message : String(error);
            if (needed.has(key)) {
              failures.push(
                new Error(`version ${served.version} of model '${model}': ${entry.error}`, { cause: error }),
              );
            }
          }
        }
      };
      await Promise.all(Array.from({ length: CONCURRENT_LOADS }, next));
      if (failures[0] !== undefined) throw failures[0];
    },

    find(model, version, snapshot) {
      const served = snapshot.models[model]?.versions[version];
      return served === undefined ? undefined : entries.get(keyOf(model, served))?.loaded;
    },

    async retain(snapshot) {
      const kept = new Set([snapshot, newest ?? snapshot].flatMap(versionsOf).map(({ key }) => key));
      const dropped = [...entries].filter(([key]) => !kept.has(key));
      for (const [key] of dropped) entries.delete(key);
      await Promise.all(dropped.map(([, entry]) => entry.loaded?.close()));
    },

    states() {
      return [...entries.values()].map(({ model, version, loaded, state, error }) => ({
        model,
        version,
        state,
        error,
        execution: loaded?.execution ?? null,
        runMicros: loaded?.runMicros ?? null,
        ...(loaded?.remote === undefined ? {} : { upstream: loaded.remote.health() }),
      }));
    },

    remotes() {
      return [...entries.values()].flatMap(({ model, version, loaded }) =>
        loaded?.remote === undefined ? [] : [{ model, version, remote: loaded.remote }],
      );
    },

    loadedCount: () => [...entries.values()].filter(({ loaded }) => loaded !== undefined).length,

    async closeAll() {
      const all = [...entries.values()];
      entries.clear();
      await Promise.all(all.map(({ loaded }) => loaded?.close()));
    },
  };
}

/** A version never changes, so name, number and digest say that a loaded one is still right. */
function keyOf(model: string, served: ServedVersion): string {
  return `${model}/${served.version}/${served.artifact.sha256}`;
}

function versionsOf(snapshot: ServingSnapshot): { key: string; model: string; served: ServedVersion }[] {
  return Object.values(snapshot.models).flatMap((model) =>
    Object.values(model.versions).map((served) => ({ key: keyOf(model.name, served), model: model.name, served })),
  );
}

function versionsOfEndpoints(snapshot: ServingSnapshot): Set<string> {
  const keys = new Set<string>();
  for (const endpoint of Object.values(snapshot.endpoints)) {
    for (const { node, isShadow } of listModelReferences(endpoint.policy)) {
      // A shadow may not keep anything from being served.
      if (isShadow) continue;
      const version = resolveVersion(snapshot, node);
      const served = version === undefined ? undefined : snapshot.models[node.model]?.versions[version];
      if (served !== undefined) keys.add(keyOf(node.model, served));
    }
  }
  return keys;
}
