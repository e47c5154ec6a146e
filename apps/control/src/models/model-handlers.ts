import type { Model } from '@switchyard/contracts';
import { SwitchyardError } from '@switchyard/contracts';
import { listModelReferences } from '@switchyard/routing';
import type { MetadataStore } from '@switchyard/storage/metadata';
import { modelNotFound } from '../registry/not-found.ts';
import { decodeNumberCursor, toPage } from '../registry/paging.ts';
import { loadRegistry, type RegistryModel, type RegistryView } from '../registry/registry-view.ts';
import { type ControlHandlers, noContent } from '../server/handler.ts';
import type { SnapshotPublisher } from '../snapshot/snapshot-publisher.ts';
import type { ArtifactStore } from './artifact-store.ts';

export interface ModelDependencies {
  readonly metadata: MetadataStore;
  readonly snapshots: SnapshotPublisher;
  readonly artifacts: ArtifactStore;
  readonly onChanged: (model: string) => void;
}

type ModelRoutes = 'listModels' | 'createModel' | 'getModel' | 'deleteModel';

export function createModelHandlers({
  metadata,
  snapshots,
  artifacts,
  onChanged,
}: ModelDependencies): Pick<ControlHandlers, ModelRoutes> {
  const getModel = async (name: string): Promise<Model> => {
    const view = await loadRegistry(metadata.db);
    const model = view.models.get(name);
    if (!model) throw modelNotFound(name);
    return toModel(view, model);
  };
  return {
    listModels: async ({ query }) => {
      const view = await loadRegistry(metadata.db);
      const after = decodeNumberCursor(query.cursor) ?? 0;
      const rows = [...view.models.values()].filter(({ id }) => id > after);
      return toPage(
        rows,
        query.limit,
        ({ id }) => id,
        (model) => toModel(view, model),
      );
    },

    createModel: async ({ body }) => {
      // A deleted model's row comes back to life with its counter: version numbers are never given out twice.
      const row = await metadata.db
        .insertInto('models')
        .values({ name: body.name, task: body.task, description: body.description ?? '' })
        .onConflict((conflict) =>
          conflict
            .column('name')
            .doUpdateSet({
              task: body.task,
              description: body.description ?? '',
              deleted: false,
              created_at: new Date(),
            })
            .where('models.deleted', '=', true),
        )
        .returning('id')
        .executeTakeFirst();
      if (!row) throw new SwitchyardError('already_exists', `There is a model '${body.name}' already.`);
      onChanged(body.name);
      return getModel(body.name);
    },

    getModel: ({ params }) => getModel(params.model),

    deleteModel: async ({ params }) => {
      const digests = await snapshots.change(async (transaction) => {
        const view = await loadRegistry(transaction);
        if (!view.models.has(params.model)) throw modelNotFound(params.model);
        const [user] = endpointsUsing(view, params.model);
        if (user !== undefined) {
          throw new SwitchyardError('in_use', `The live policy of endpoint '${user}' uses model '${params.model}'.`);
        }
        await transaction.deleteFrom('aliases').where('model', '=', params.model).execute();
        const versions = await transaction
          .deleteFrom('model_versions')
          .where('model', '=', params.model)
          .returning('artifact_sha256')
          .execute();
        await transaction.updateTable('models').set({ deleted: true }).where('name', '=', params.model).execute();
        return versions.map((version) => version.artifact_sha256);
      });
      onChanged(params.model);
      await artifacts.deleteUnused(digests);
      return noContent;
    },
  };
}

function toModel(view: RegistryView, model: RegistryModel): Model {
  const newest = model.versions.at(-1);
  return {
    name: model.name,
    task: model.task,
    description: model.description,
    createdAt: model.createdAt.toISOString(),
    latestVersion: newest === undefined ? null : String(newest),
    versionCount: model.versions.length,
    aliases: Object.fromEntries(model.aliases),
    endpoints: endpointsUsing(view, model.name),
  };
}

function endpointsUsing(view: RegistryView, model: string): string[] {
  return [...view.endpoints.values()]
    .filter(({ live }) => listModelReferences(live.policy).some(({ node }) => node.model === model))
    .map(({ name }) => name);
}
