import type { Endpoint, EndpointRevision, EndpointSettings } from '@switchyard/contracts';
import { endpointSettingsSchema, type putEndpointSchema, SwitchyardError } from '@switchyard/contracts';
import { describePolicyChanges, endpointFeatures, type PolicyChange } from '@switchyard/routing';
import type { MetadataStore, MetadataTransaction } from '@switchyard/storage/metadata';
import type { z } from 'zod';
import { endpointNotFound, invalidPolicy } from '../registry/not-found.ts';
import { decodeNumberCursor, toPage } from '../registry/paging.ts';
import { type Database, loadRegistry, type RegistryEndpoint, type RegistryView } from '../registry/registry-view.ts';
import { type ControlHandlers, noContent } from '../server/handler.ts';
import type { SnapshotPublisher } from '../snapshot/snapshot-publisher.ts';
import { findPolicyProblems, loadPolicyRegistry } from './check-policy.ts';
import { checkClients, type RecentRequests, type RecentRequestsSource } from './client-check.ts';
import { revisionFromRow } from './revision-rows.ts';
import type { TryEndpoint } from './try-endpoint.ts';

export interface EndpointDependencies {
  readonly metadata: MetadataStore;
  readonly snapshots: SnapshotPublisher;
  readonly onChanged: (endpoint: string) => void;
  readonly tryEndpoint: TryEndpoint;
  readonly recentRequests: RecentRequestsSource;
}

type EndpointRoutes =
  | 'listEndpoints'
  | 'getEndpoint'
  | 'putEndpoint'
  | 'deleteEndpoint'
  | 'checkPolicy'
  | 'listRevisions'
  | 'rollbackEndpoint'
  | 'tryEndpoint';

export function createEndpointHandlers(dependencies: EndpointDependencies): Pick<ControlHandlers, EndpointRoutes> {
  const { metadata, snapshots, onChanged, tryEndpoint, recentRequests } = dependencies;
  const { db } = metadata;

  /** As this process knows it at this moment, without waiting for anything; 0: none. */
  const liveEndpoint = (endpoint: string) => {
    const { endpoints } = snapshots.current();
    // 'constructor' is a possible name, and every object has one.
    return Object.hasOwn(endpoints, endpoint) ? endpoints[endpoint] : undefined;
  };
  const liveRevision = (endpoint: string) => liveEndpoint(endpoint)?.revision ?? 0;

  const publish = async (draft: RevisionDraft): Promise<EndpointRevision> => {
    // Asked before anything is locked: a slow store may delay who publishes, not everybody else.
    const requests = draft.baseRevision === 0 ? NOBODY_ASKED : await recentRequests.load(draft.endpoint);
    const revision = await snapshots.change((transaction) => insertRevision(transaction, draft, requests));
    onChanged(draft.endpoint);
    return revision;
  };

  return {
    listEndpoints: async ({ query }) => {
      const view = await loadRegistry(db);
      // Few enough to page in memory.
      const after = decodeNumberCursor(query.cursor) ?? 0;
      const rows = [...view.endpoints.values()].filter(({ id }) => id > after);
      const page = toPage(
        rows,
        query.limit,
        ({ id }) => id,
        (endpoint) => endpoint,
      );
      const items = await Promise.all(page.items.map((endpoint) => toEndpoint(db, view, endpoint)));
      return { ...page, items };
    },

    getEndpoint: async ({ params }) => {
      const view = await loadRegistry(db);
      return toEndpoint(db, view, getEndpoint(view, params.endpoint));
    },

    putEndpoint: async ({ params, body, raw }) => {
      // Who does not say what the change was made from means what is live when the request arrives.
      const baseRevision = body.baseRevision ?? liveRevision(params.endpoint);
      return publish({
        endpoint: params.endpoint,
        baseRevision,
        note: body.note ?? '',
        author: body.author ?? '',
        isForced: body.force === true,
        content: async () => ({
          policy: body.policy,
          settings: onlyGiven(body.settings, raw.body),
          rollbackOf: null,
        }),
      });
    },

    deleteEndpoint: async ({ params }) => {
      await snapshots.change(async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable('endpoints')
          .set({ deleted: true })
          .where('name', '=', params.endpoint)
          .where('deleted', '=', false)
          .executeTakeFirstOrThrow();
        if (numUpdatedRows === 0n) throw endpointNotFound(params.endpoint);
      });
      onChanged(params.endpoint);
      return noContent;
    },

    checkPolicy: async ({ params, body, raw }) => {
      const view = await loadRegistry(db);
      const problems = await findPolicyProblems(db, view, body.policy);
      const live = view.endpoints.get(params.endpoint)?.live;
      const settings = mergeSettings(live?.settings, onlyGiven(body.settings, raw.body));
      return {
        valid: problems.length === 0,
        problems: problems.map((problem) => ({ field: problem.field ?? '', detail: problem.detail })),
        changes: [
          ...describePolicyChanges(live?.policy ?? null, body.policy),
          ...describeSettingsChanges(live?.settings, settings),
        ],
      };
    },

    listRevisions: async ({ params, query }) => {
      getEndpoint(await loadRegistry(db), params.endpoint);
      const before = decodeNumberCursor(query.cursor);
      const rows = await db
        .selectFrom('endpoint_revisions')
        .selectAll()
        .where('endpoint', '=', params.endpoint)
        .$if(before !== undefined, (builder) => builder.where('revision', '<', before ?? 0))
        .orderBy('revision', 'desc')
        .limit(query.limit + 1)
        .execute();
      return toPage(rows, query.limit, (row) => row.revision, revisionFromRow);
    },

    tryEndpoint: async ({ params, body, raw }) => {
      // What gateways serve, without waiting for a store: a trial has to work while one is away, as predictions do.
      const endpoint = liveEndpoint(params.endpoint);
      if (!endpoint) throw endpointNotFound(params.endpoint);
      return tryEndpoint(params.endpoint, body, { requestId: raw.id, timeoutMs: endpoint.settings.timeoutMs });
    },

    rollbackEndpoint: async ({ params, body }) => {
      const baseRevision = liveRevision(params.endpoint);
      if (baseRevision === 0) throw endpointNotFound(params.endpoint);
      const target = body.revision ?? baseRevision - 1;
      if (target === baseRevision) {
        const detail = `revision ${target} is the live one already`;
        throw new SwitchyardError('invalid_request', `body: revision: ${detail}`, {
          problems: [{ field: 'revision', detail }],
        });
      }
      return publish({
        endpoint: params.endpoint,
        baseRevision,
        note: body.note ?? '',
        author: body.author ?? '',
        isForced: body.force === true,
        content: async (transaction) => {
          // The database has no numbers beyond 2^31 to compare with.
          const row =
            target > baseRevision
              ? undefined
              : await transaction
                  .selectFrom('endpoint_revisions')
                  .selectAll()
                  .where('endpoint', '=', params.endpoint)
                  .where('revision', '=', target)
                  .executeTakeFirst();
          if (!row) {
            const detail =
              body.revision === undefined
                ? `Endpoint '${params.endpoint}' has no revision before the live one.`
                : `Endpoint '${params.endpoint}' has no revision ${target}.`;
            throw new SwitchyardError('revision_not_found', detail);
          }
          return { policy: row.policy, settings: { cache: null, ...row.settings }, rollbackOf: target };
        },
      });
    },
  };
}

interface RevisionDraft {
  readonly endpoint: string;
  /** 0: none yet. */
  readonly baseRevision: number;
  readonly note: string;
  readonly author: string;
  readonly isForced: boolean;
  readonly content: (transaction: MetadataTransaction) => Promise<{
    policy: EndpointRevision['policy'];
    settings: Partial<EndpointSettings>;
    rollbackOf: number | null;
  }>;
}

const NOBODY_ASKED: RecentRequests = { rows: null, reason: 'the endpoint is new' };

async function insertRevision(
  transaction: MetadataTransaction,
  draft: RevisionDraft,
  requests: RecentRequests,
): Promise<EndpointRevision> {
  const view = await loadRegistry(transaction);
  const live = view.endpoints.get(draft.endpoint)?.live;
  const liveRevision = live?.revision ?? 0;
  if (liveRevision !== draft.baseRevision) {
    throw new SwitchyardError(
      'revision_conflict',
      `Endpoint '${draft.endpoint}' is at revision ${liveRevision}; the change was made from revision ${draft.baseRevision}.`,
    );
  }
  const { policy, settings, rollbackOf } = await draft.content(transaction);
  const problems = await findPolicyProblems(transaction, view, policy);
  if (problems.length > 0) throw invalidPolicy(problems);
  const merged = mergeSettings(live?.settings, settings);
  const takerOf = async (policy: EndpointRevision['policy'], { unknownFeatures }: EndpointSettings) => ({
    policy,
    unknownFeatures,
    ...(await loadPolicyRegistry(transaction, view, policy)),
  });
  const clientCheck =
    live === undefined
      ? null
      : checkClients(
          draft.endpoint,
          requests,
          await takerOf(live.policy, live.settings),
          await takerOf(policy, merged),
          draft.isForced,
        );

  const { last_revision: revision } = await transaction
    .insertInto('endpoints')
    .values({ name: draft.endpoint, last_revision: 1 })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet((expression) => ({
        last_revision: expression('endpoints.last_revision', '+', 1),
        deleted: false,
      })),
    )
    .returning('last_revision')
    .executeTakeFirstOrThrow();
  const row = await transaction
    .insertInto('endpoint_revisions')
    .values({
      endpoint: draft.endpoint,
      revision,
      policy: JSON.stringify(policy),
      settings: JSON.stringify(merged),
      note: draft.note,
      author: draft.author,
      rollback_of: rollbackOf,
      client_check: clientCheck === null ? null : JSON.stringify(clientCheck),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return revisionFromRow(row);
}

/** Settings that are not given stay as they are; those of a new endpoint have their defaults. */
function mergeSettings(live: EndpointSettings | undefined, given: Partial<EndpointSettings>): EndpointSettings {
  const { cache, ...others } = endpointSettingsSchema.parse({ ...live, ...given });
  // Only who changes settings says that there is to be no cache: kept settings just have none.
  return cache ? { ...others, cache } : others;
}

/** Parsing fills defaults in; which settings the caller named is seen in what was sent. */
function onlyGiven(parsed: z.output<typeof putEndpointSchema>['settings'], sent: unknown): Partial<EndpointSettings> {
  const given = (sent as { settings?: Record<string, unknown> } | null)?.settings ?? {};
  return Object.fromEntries(Object.entries(parsed ?? {}).filter(([key]) => given[key] !== undefined));
}

function getEndpoint(view: RegistryView, name: string): RegistryEndpoint {
  const endpoint = view.endpoints.get(name);
  if (!endpoint) throw endpointNotFound(name);
  return endpoint;
}

async function toEndpoint(db: Database, view: RegistryView, endpoint: RegistryEndpoint): Promise<Endpoint> {
  const { policy } = endpoint.live;
  const registry = await loadPolicyRegistry(db, view, policy);
  return {
    name: endpoint.name,
    createdAt: endpoint.createdAt.toISOString(),
    live: endpoint.live,
    previousRevision: endpoint.previous?.revision ?? null,
    models: registry.leaves.map(({ path, row }) => ({ model: row.model, version: String(row.version), path })),
    features: [...endpointFeatures(policy, registry.view).features],
  };
}

/** Settings that differ; those of a new endpoint only where they are not the defaults. */
function describeSettingsChanges(live: EndpointSettings | undefined, next: EndpointSettings): PolicyChange[] {
  const before = live ?? endpointSettingsSchema.parse({});
  return (Object.keys({ ...before, ...next }) as (keyof EndpointSettings)[])
    .map((key) => ({ path: `settings.${key}`, before: settingText(key, before), after: settingText(key, next) }))
    .filter(({ before, after }) => before !== after);
}

/** For people: a number with its unit. */
function settingText(key: keyof EndpointSettings, settings: EndpointSettings): string {
  switch (key) {
    case 'timeoutMs':
      return `${settings.timeoutMs} ms`;
    case 'maximumQueuedRows':
      return `${settings.maximumQueuedRows} ${settings.maximumQueuedRows === 1 ? 'row' : 'rows'}`;
    case 'cache':
      return settings.cache ? `for ${settings.cache.ttlSeconds} s` : 'off';
    default:
      return settings[key];
  }
}
