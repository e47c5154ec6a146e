import { SwitchyardError } from '@switchyard/contracts';
import { listModels } from '@switchyard/routing';
import type { MetadataStore } from '@switchyard/storage/metadata';
import type { QualityContext } from '../overview/aggregate-sql.ts';
import { cacheUseOf, loadRevisionsWithCache } from '../overview/cache-use.ts';
import { endpointNotFound } from '../registry/not-found.ts';
import { loadRegistry, loadVersions } from '../registry/registry-view.ts';
import type { ControlHandlers } from './handler.ts';
import type { ReadModels } from './read-models.ts';

type AnalyticsRoutes =
  | 'listModelQuality'
  | 'listPredictions'
  | 'getPrediction'
  | 'getOverview'
  | 'getTimeSeries'
  | 'getEndpointTraffic'
  | 'listCacheUse';

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
      return readModels.listPredictions(query);
    },
    getPrediction: ({ params }) => readModels.getPrediction(params.id),
    getOverview: async ({ query }) => {
      assertInOrder(query.from, query.to);
      return readModels.getOverview(query, await loadQualityContext(metadata));
    },
    getTimeSeries: async ({ query }) => {
      assertInOrder(query.from, query.to);
      return readModels.getTimeSeries(query);
    },
    getEndpointTraffic: async ({ params, query }) => {
      assertInOrder(query.from, query.to);
      const view = await loadRegistry(metadata.db);
      if (!view.endpoints.has(params.endpoint)) throw endpointNotFound(params.endpoint);
      return readModels.getEndpointTraffic({ endpoint: params.endpoint, ...query }, await loadQualityContext(metadata));
    },
    listCacheUse: async ({ query }) => {
      assertInOrder(query.from, query.to);
      const revisions = await loadRevisionsWithCache(metadata.db);
      if (revisions.size === 0) return { items: [] };
      return { items: cacheUseOf(revisions, await readModels.listAnswered([...revisions.keys()], query)) };
    },
    listModelQuality: async ({ query }) => {
      assertInOrder(query.from, query.to);
      return { items: await readModels.listModelQuality(query, await loadQualityContext(metadata)) };
    },
  };
}

function assertInOrder(from: string | undefined, to: string | undefined): void {
  if (from === undefined || to === undefined || Date.parse(from) < Date.parse(to)) return;
  const detail = "must be before 'to'";
  throw new SwitchyardError('invalid_request', `query: from: ${detail}`, { problems: [{ field: 'from', detail }] });
}

/**
 * The positive class of each binary model is that of its newest version: the one it names, else its last label.
 * That of an endpoint's ensembles is that of the models it can reach, which answer the same question.
 */
async function loadQualityContext(metadata: MetadataStore): Promise<QualityContext> {
  const view = await loadRegistry(metadata.db);
  const newest = [...view.models.values()].flatMap(({ name, task, versions }) => {
    const version = versions.at(-1);
    return task === 'binary' && version !== undefined ? [{ model: name, version: String(version) }] : [];
  });
  const rows = await loadVersions(metadata.db, newest);
  const positiveLabels = [...rows.values()].flatMap(({ model, signature }) => {
    const label = signature.positiveLabel ?? signature.labels?.at(-1);
    return label === undefined ? [] : [[model, String(label)] as const];
  });
  const byModel = new Map(positiveLabels);
  const ofEnsembles = [...view.endpoints.values()].flatMap(({ name, live }) => {
    const label = listModels(live.policy).flatMap(({ node }) => byModel.get(node.model) ?? [])[0];
    return label === undefined ? [] : [[name, label] as const];
  });
  return { positiveLabels: Object.fromEntries(byModel), positiveLabelsOfEnsembles: Object.fromEntries(ofEnsembles) };
}
