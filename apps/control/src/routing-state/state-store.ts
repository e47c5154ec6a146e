import type { RoutingState, RoutingStates } from '@switchyard/contracts';
import type { MetadataTransaction } from '@switchyard/storage/metadata';
import { sql } from 'kysely';
import { type Database, type RegistryView, resolveLeaf } from '../registry/registry-view.ts';
import { canonicalJson } from '../snapshot/canonical-json.ts';
import { findLearningNodes, type LearningNode } from './learning-nodes.ts';
import { type StoredState, usableState } from './usable-state.ts';

/** The stored states of one endpoint, by path of the node. */
export async function loadStates(db: Database, endpoint: string): Promise<ReadonlyMap<string, StoredState>> {
  const rows = await db
    .selectFrom('routing_states')
    .select(['path', 'basis', 'state'])
    .where('endpoint', '=', endpoint)
    .execute();
  return new Map(rows.map(({ path, basis, state }) => [path, { basis, state }]));
}

export async function saveState(
  transaction: MetadataTransaction,
  endpoint: string,
  node: LearningNode,
  state: RoutingState,
): Promise<void> {
  const row = { basis: JSON.stringify(node.basis), state: JSON.stringify(state), updated_at: new Date() };
  await transaction
    .insertInto('routing_states')
    .values({ endpoint, path: node.path, ...row })
    .onConflict((conflict) => conflict.columns(['endpoint', 'path']).doUpdateSet(row))
    .execute();
}

/** What the nodes of live policies know: of stored states, what still holds. */
export async function loadServableStates(db: Database, view: RegistryView): Promise<RoutingStates> {
  const rows = await db.selectFrom('routing_states').select(['endpoint', 'path', 'basis', 'state']).execute();
  const states: RoutingStates = {};
  for (const [endpoint, stored] of Map.groupBy(rows, (row) => row.endpoint)) {
    const policy = view.endpoints.get(endpoint)?.live.policy;
    if (policy === undefined) continue;
    const nodes = findLearningNodes(policy, (leaf) => resolveLeaf(view, leaf));
    const usable = nodes.flatMap((node) => {
      const state = usableState(
        node,
        stored.find(({ path }) => path === node.path),
      );
      return state === undefined ? [] : [[node.path, state] as const];
    });
    if (usable.length > 0) states[endpoint] = Object.fromEntries(usable);
  }
  return states;
}

/** Notes which snapshot was published and what its states are, where they differ from the snapshot before. */
export async function recordPublication(
  transaction: MetadataTransaction,
  snapshot: {
    readonly version: number;
    readonly hash: string;
    readonly createdAt: Date;
    readonly routingStates: RoutingStates;
  },
): Promise<void> {
  const { version, hash, createdAt, routingStates } = snapshot;
  await transaction.insertInto('published_snapshots').values({ version, hash, created_at: createdAt }).execute();
  const rows = await transaction.selectFrom('routing_states').select(['endpoint', 'path', 'served']).execute();
  for (const { endpoint, path, served } of rows) {
    const state = routingStates[endpoint]?.[path] ?? null;
    if (canonicalJson(state) === canonicalJson(served)) continue;
    const text = state === null ? null : JSON.stringify(state);
    await transaction
      .insertInto('routing_state_history')
      .values({ endpoint, path, snapshot_version: version, state: text })
      .execute();
    await transaction
      .updateTable('routing_states')
      .set({ served: text })
      .where('endpoint', '=', endpoint)
      .where('path', '=', path)
      .execute();
  }
}

/** The snapshot of that hash, and what nodes of an endpoint knew in it; undefined when it is not on record (any more). */
export async function findPublishedStates(
  db: Database,
  endpoint: string,
  hash: string,
): Promise<
  | { readonly version: number; readonly createdAt: Date; readonly states: Readonly<Record<string, RoutingState>> }
  | undefined
> {
  const snapshot = await db
    .selectFrom('published_snapshots')
    .select(['version', 'created_at'])
    .where('hash', '=', hash)
    .orderBy('version', 'desc')
    .executeTakeFirst();
  if (snapshot === undefined) return undefined;
  const rows = await db
    .selectFrom('routing_state_history')
    .select(['path', 'state'])
    .distinctOn(['path'])
    .where('endpoint', '=', endpoint)
    .where('snapshot_version', '<=', snapshot.version)
    .orderBy('path')
    .orderBy('snapshot_version', 'desc')
    .execute();
  return {
    version: snapshot.version,
    createdAt: snapshot.created_at,
    states: Object.fromEntries(rows.flatMap(({ path, state }) => (state === null ? [] : [[path, state]]))),
  };
}

/** Forgets snapshots published more than `days` ago, but for the newest, and the states that no other one needs. */
export async function forgetOldStates(db: Database, days: number): Promise<void> {
  await db
    .deleteFrom('published_snapshots')
    .where('created_at', '<', sql<Date>`clock_timestamp() - make_interval(days => ${days})`)
    .where('version', '<', sql<number>`(select max(version) from published_snapshots)`)
    .execute();
  await db
    .deleteFrom('routing_state_history as old')
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('routing_state_history as newer')
          .select('newer.path')
          .whereRef('newer.endpoint', '=', 'old.endpoint')
          .whereRef('newer.path', '=', 'old.path')
          .whereRef('newer.snapshot_version', '>', 'old.snapshot_version')
          .where('newer.snapshot_version', '<=', sql<number>`(select min(version) from published_snapshots)`),
      ),
    )
    .execute();
}
