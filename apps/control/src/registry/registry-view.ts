import type { EndpointRevision, ModelNode, Task } from '@switchyard/contracts';
import type { MetadataTransaction, Tables } from '@switchyard/storage/metadata';
import { type Kysely, type Selectable, sql } from 'kysely';
import { resolveAliases } from '../aliases/resolve-aliases.ts';
import { revisionFromRow } from '../endpoints/revision-rows.ts';

export type Database = Kysely<Tables> | MetadataTransaction;

export interface RegistryModel {
  /** Ascends in the order of creation; what lists are paged by. */
  readonly id: number;
  readonly name: string;
  readonly task: Task;
  readonly description: string;
  readonly createdAt: Date;
  /** Ascending, as numbers. */
  readonly versions: readonly number[];
  /** Which rows hold the versions, by version. */
  readonly versionRows: ReadonlyMap<string, VersionIdentity>;
  /** What each alias was pointed at: a version, or '@' and another alias. */
  readonly aliasTargets: ReadonlyMap<string, string>;
  /** When each alias was pointed there, and whether whatever became of clients. */
  readonly aliasMoves: ReadonlyMap<string, { readonly at: Date; readonly isForced: boolean }>;
  /** Alias → version, at the end of every chain. */
  readonly aliases: ReadonlyMap<string, string>;
}

export interface RegistryEndpoint {
  /** Ascends in the order of creation; what lists are paged by. */
  readonly id: number;
  readonly name: string;
  readonly createdAt: Date;
  readonly live: EndpointRevision;
  readonly previous: EndpointRevision | null;
}

/** Everything that is registered, as it was at one moment; signatures apart, because they can be large. */
export interface RegistryView {
  readonly models: ReadonlyMap<string, RegistryModel>;
  readonly endpoints: ReadonlyMap<string, RegistryEndpoint>;
}

export type VersionRow = Selectable<Tables['model_versions']>;
export type VersionIdentity = Pick<VersionRow, 'id' | 'artifact_sha256' | 'created_at'>;

/** Five statements, whatever the number of models; maps are in the order things were created. */
export async function loadRegistry(db: Database): Promise<RegistryView> {
  const models = await db.selectFrom('models').selectAll().where('deleted', '=', false).orderBy('id').execute();
  const versions = await db
    .selectFrom('model_versions')
    .select(['id', 'model', 'version', 'artifact_sha256', 'created_at'])
    .orderBy('version')
    .execute();
  const aliases = await db.selectFrom('aliases').selectAll().orderBy('id').execute();
  const endpoints = await db.selectFrom('endpoints').selectAll().where('deleted', '=', false).orderBy('id').execute();
  const revisions = await db
    .selectFrom('endpoint_revisions as revision')
    .innerJoin('endpoints as endpoint', 'endpoint.name', 'revision.endpoint')
    .selectAll('revision')
    .where('endpoint.deleted', '=', false)
    .whereRef('revision.revision', '>=', (expression) => expression('endpoint.last_revision', '-', 1))
    .orderBy('revision.revision', 'desc')
    .execute();

  const versionsOf = Map.groupBy(versions, (row) => row.model);
  const aliasesOf = Map.groupBy(aliases, (row) => row.model);
  const revisionsOf = Map.groupBy(revisions, (row) => row.endpoint);
  return {
    models: new Map(
      models.map((row) => {
        const aliasTargets = new Map(
          (aliasesOf.get(row.name) ?? []).map((alias) => [
            alias.alias,
            alias.target_alias === null ? String(alias.target_version) : `@${alias.target_alias}`,
          ]),
        );
        const model: RegistryModel = {
          id: row.id,
          name: row.name,
          task: row.task,
          description: row.description,
          createdAt: row.created_at,
          versions: (versionsOf.get(row.name) ?? []).map(({ version }) => version),
          versionRows: new Map((versionsOf.get(row.name) ?? []).map((row) => [String(row.version), row])),
          aliasTargets,
          aliasMoves: new Map(
            (aliasesOf.get(row.name) ?? []).map((alias) => [
              alias.alias,
              { at: alias.updated_at, isForced: alias.forced },
            ]),
          ),
          aliases: resolveAliases(aliasTargets).versions,
        };
        return [row.name, model];
      }),
    ),
    endpoints: new Map(
      endpoints.flatMap((row) => {
        const [live, previous] = revisionsOf.get(row.name) ?? [];
        if (!live) return [];
        const endpoint: RegistryEndpoint = {
          id: row.id,
          name: row.name,
          createdAt: row.created_at,
          live: revisionFromRow(live),
          previous: previous ? revisionFromRow(previous) : null,
        };
        return [[row.name, endpoint] as const];
      }),
    ),
  };
}

export interface VersionName {
  readonly model: string;
  readonly version: string;
}

export const versionKey = (name: VersionName): string => `${name.model}@${name.version}`;

/** The rows of the named versions, by `versionKey`. Names that do not exist are not in the answer. */
export async function loadVersions(db: Database, names: readonly VersionName[]): Promise<Map<string, VersionRow>> {
  if (names.length === 0) return new Map();
  const wanted = [...new Map(names.map((name) => [versionKey(name), name])).values()];
  const models = wanted.map(({ model }) => model);
  const versions = wanted.map(({ version }) => Number(version));
  // One condition for each would take the database longer to plan than to look up.
  const rows = await db
    .selectFrom('model_versions')
    .innerJoin(
      sql<{ model: string; version: number }>`unnest(${models}::text[], ${versions}::integer[])`.as<'wanted'>(
        sql`wanted(model, version)`,
      ),
      (join) =>
        join.onRef('wanted.model', '=', 'model_versions.model').onRef('wanted.version', '=', 'model_versions.version'),
    )
    .selectAll('model_versions')
    .execute();
  return new Map(rows.map((row) => [versionKey({ model: row.model, version: String(row.version) }), row]));
}

/** Version a leaf stands for now; undefined when its model, version or alias does not exist. */
export function resolveLeaf(
  view: RegistryView,
  leaf: Pick<ModelNode, 'model' | 'version' | 'alias'>,
): VersionName | undefined {
  const model = view.models.get(leaf.model);
  const version = leaf.version ?? model?.aliases.get(leaf.alias ?? '');
  if (!model || version === undefined || !model.versions.includes(Number(version))) return undefined;
  return { model: leaf.model, version };
}
