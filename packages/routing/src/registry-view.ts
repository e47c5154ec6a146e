import type { Signature, Task } from '@switchyard/contracts';

/** What validation needs to know about one version. */
export interface RegistryVersion {
  readonly signature: Pick<Signature, 'features'> & Partial<Pick<Signature, 'labels' | 'roles'>>;
}

export interface RegistryModel {
  readonly task: Task;
  /** alias → version, already resolved */
  readonly aliases: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, RegistryVersion>>;
}

/** The models a policy may name. A serving snapshot has this shape. */
export interface RegistryView {
  readonly models: Readonly<Record<string, RegistryModel>>;
}

/** Own properties only: a model called 'constructor' must not find what every object has. */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** The version that a leaf means, or undefined when the registry does not have it. */
export function resolveVersion(
  view: RegistryView,
  leaf: { readonly model: string; readonly version?: string | undefined; readonly alias?: string | undefined },
): string | undefined {
  const model = own(view.models, leaf.model);
  if (model === undefined) return undefined;
  const version = leaf.version ?? (leaf.alias === undefined ? undefined : own(model.aliases, leaf.alias));
  return version !== undefined && Object.hasOwn(model.versions, version) ? version : undefined;
}
