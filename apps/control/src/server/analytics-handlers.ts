import { SwitchyardError } from '@switchyard/contracts';
import type { MetadataStore } from '@switchyard/storage/metadata';
import { loadRegistry, loadVersions } from '../registry/registry-view.ts';
import type { ControlHandlers } from './handler.ts';
import type { PositiveLabels, ReadModels } from './read-models.ts';

type AnalyticsRoutes = 'listModelQuality' | 'listPredictions' | 'getPrediction' | 'getOverview' | 'getTimeSeries';

export function createAnalyticsHandlers({
  metadata,
  readModels,
}: {
  readonly metadata: MetadataStore;
  readonly readModels: ReadModels;
}): Pick<ControlHandlers, AnalyticsRoutes> {
  return {
    listPredictions: async ({ query }) => {
      assertInOrder(query.from, query.to);
      const { items, nextCursor } = await readModels.listPredictions(query);
      return { items, ...(nextCursor === undefined ? {} : { nextCursor }) };
    },
    getPrediction: async ({ params }) => {
      const prediction = await readModels.getPrediction(params.id);
      if (prediction) return prediction;
      throw new SwitchyardError(
        'prediction_not_found',
        `There is no prediction ${params.id}, or it is not queryable yet.`,
      );
    },
    getOverview: async ({ query }) => {
      assertInOrder(query.from, query.to);
      return readModels.getOverview(query, await loadPositiveLabels(metadata));
    },
    getTimeSeries: async ({ query }) => {
      assertInOrder(query.from, query.to);
      return readModels.getTimeSeries(query, await loadPositiveLabels(metadata));
    },
    listModelQuality: async ({ query }) => {
      assertInOrder(query.from, query.to);
      return { items: await readModels.listModelQuality(query, await loadPositiveLabels(metadata)) };
    },
  };
}

function assertInOrder(from: string | undefined, to: string | undefined): void {
  if (from === undefined || to === undefined || Date.parse(from) < Date.parse(to)) return;
  const detail = "must be before 'to'";
  throw new SwitchyardError('invalid_request', `query: from: ${detail}`, { problems: [{ field: 'from', detail }] });
}

/** Of binary models, from their newest version: its positive label, else its last one. */
async function loadPositiveLabels(metadata: MetadataStore): Promise<PositiveLabels> {
  const view = await loadRegistry(metadata.db);
  const newest = [...view.models.values()].flatMap(({ name, task, versions }) => {
    const version = versions.at(-1);
    return task === 'binary' && version !== undefined ? [{ model: name, version: String(version) }] : [];
  });
  const rows = await loadVersions(metadata.db, newest);
  return Object.fromEntries(
    [...rows.values()].flatMap(({ model, signature }) => {
      const label = signature.positiveLabel ?? signature.labels?.at(-1);
      return label === undefined ? [] : [[model, String(label)]];
    }),
  );
}
