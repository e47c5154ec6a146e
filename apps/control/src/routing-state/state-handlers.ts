import { SwitchyardError } from '@switchyard/contracts';
import type { MetadataStore } from '@switchyard/storage/metadata';
import { endpointNotFound } from '../registry/not-found.ts';
import type { ControlHandlers } from '../server/handler.ts';
import type { SnapshotPublisher } from '../snapshot/snapshot-publisher.ts';
import { findPublishedStates } from './state-store.ts';

export function createRoutingStateHandlers({
  metadata,
  snapshots,
}: {
  readonly metadata: MetadataStore;
  readonly snapshots: SnapshotPublisher;
}): Pick<ControlHandlers, 'getRoutingStates'> {
  return {
    getRoutingStates: async ({ params: { endpoint }, query }) => {
      const { version, hash, createdAt, endpoints, routingStates } = snapshots.current();
      if (query.snapshot === undefined || query.snapshot === hash) {
        if (!Object.hasOwn(endpoints, endpoint)) throw endpointNotFound(endpoint);
        return { snapshot: { version, hash, createdAt }, states: routingStates?.[endpoint] ?? {} };
      }
      // Of an endpoint that is gone the record stays, as its predictions do.
      const found = await findPublishedStates(metadata.db, endpoint, query.snapshot);
      if (found === undefined) {
        throw new SwitchyardError(
          'snapshot_not_found',
          `Snapshot ${query.snapshot} is not on record, or not any more.`,
        );
      }
      return {
        snapshot: { version: found.version, hash: query.snapshot, createdAt: found.createdAt.toISOString() },
        states: found.states,
      };
    },
  };
}
