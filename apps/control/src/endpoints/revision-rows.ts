import type { EndpointRevision } from '@switchyard/contracts';
import type { Tables } from '@switchyard/storage/metadata';
import type { Selectable } from 'kysely';

export function revisionFromRow(row: Selectable<Tables['endpoint_revisions']>): EndpointRevision {
  return {
    endpoint: row.endpoint,
    revision: row.revision,
    policy: row.policy,
    settings: row.settings,
    note: row.note,
    author: row.author,
    rollbackOf: row.rollback_of,
    clients: row.client_check,
    createdAt: row.created_at.toISOString(),
  };
}
