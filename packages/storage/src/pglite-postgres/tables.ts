import type {
  ClientCheck,
  EndpointSettings,
  Lineage,
  ModelFormat,
  Policy,
  RoutingState,
  Signature,
  Task,
  Upstream,
} from '@switchyard/contracts';
import type { ColumnType, Generated } from 'kysely';

/** A column of type `json`: read as a value, written as text, so that both drivers encode it the same way. */
type Json<T> = ColumnType<T, string, string>;
/** Written by the database unless given. */
type CreatedAt = ColumnType<Date, Date | undefined, Date>;

/**
 * `id` columns come from sequences and are what lists are ordered by: a clock can stand still or go back.
 * Deleted models and endpoints keep their row, because their counters must never hand out a number twice:
 * predictions already recorded name versions and revisions by number.
 */
export interface ModelsTable {
  id: Generated<number>;
  name: string;
  task: Task;
  description: string;
  last_version: Generated<number>;
  deleted: Generated<boolean>;
  created_at: CreatedAt;
}

export interface ModelVersionsTable {
  id: Generated<number>;
  model: string;
  version: number;
  format: ModelFormat;
  artifact_sha256: string;
  artifact_size_bytes: number;
  signature: Json<Signature>;
  lineage: Json<Lineage>;
  /** Where another server runs the model; null for files. */
  upstream: ColumnType<Upstream | null, string | null | undefined, string | null>;
  created_at: CreatedAt;
}

/** Exactly one of the two targets is set. */
export interface AliasesTable {
  id: Generated<number>;
  model: string;
  alias: string;
  target_version: number | null;
  target_alias: string | null;
  /** Moved whatever became of recent requests. */
  forced: ColumnType<boolean, boolean | undefined, boolean>;
  updated_at: ColumnType<Date, Date | undefined, Date>;
}

export interface EndpointsTable {
  id: Generated<number>;
  name: string;
  last_revision: Generated<number>;
  deleted: Generated<boolean>;
  created_at: CreatedAt;
}

export interface EndpointRevisionsTable {
  id: Generated<number>;
  endpoint: string;
  revision: number;
  policy: Json<Policy>;
  settings: Json<EndpointSettings>;
  note: string;
  author: string;
  rollback_of: number | null;
  /** What came of trying recent requests on it; null where there was nothing live before. */
  client_check: ColumnType<ClientCheck | null, string | null | undefined, string | null>;
  created_at: CreatedAt;
}

/** One row: the serving snapshot published last. */
export interface SnapshotStateTable {
  singleton: Generated<boolean>;
  version: number;
  hash: string;
  created_at: ColumnType<Date, Date, Date>;
}

/** Who does a job that only one process may do at a time, until when. */
export interface JobLeasesTable {
  job: string;
  owner: string;
  expires_at: ColumnType<Date, Date, Date>;
}

/** What a state was learnt about: it says nothing once one of these has changed. */
export interface RoutingStateBasis {
  /** What is measured. */
  node: string;
  /** Who answers, by branch. */
  branches: Record<string, string>;
}

/** What nodes that learn know now, by endpoint and path of the node. */
export interface RoutingStatesTable {
  endpoint: string;
  path: string;
  basis: Json<RoutingStateBasis>;
  state: Json<RoutingState>;
  /** What the newest snapshot holds of it. */
  served: ColumnType<RoutingState | null, string | null | undefined, string | null>;
  updated_at: ColumnType<Date, Date | undefined, Date>;
}

/** Every snapshot that was published, for as long as its states are kept. */
export interface PublishedSnapshotsTable {
  version: number;
  hash: string;
  created_at: ColumnType<Date, Date, never>;
}

/** What snapshots hold of a node from `snapshot_version` on; null: nothing. */
export interface RoutingStateHistoryTable {
  endpoint: string;
  path: string;
  snapshot_version: number;
  state: ColumnType<RoutingState | null, string | null, never>;
}

export interface Tables {
  models: ModelsTable;
  model_versions: ModelVersionsTable;
  aliases: AliasesTable;
  endpoints: EndpointsTable;
  endpoint_revisions: EndpointRevisionsTable;
  snapshot_state: SnapshotStateTable;
  job_leases: JobLeasesTable;
  routing_states: RoutingStatesTable;
  published_snapshots: PublishedSnapshotsTable;
  routing_state_history: RoutingStateHistoryTable;
}
