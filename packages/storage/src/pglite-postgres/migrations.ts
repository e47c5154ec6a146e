import { type Kysely, sql } from 'kysely';
import { advisoryLocks } from './metadata-store.ts';
import type { Tables } from './tables.ts';

interface Migration {
  /** The first is 1; each later one adds 1. */
  readonly number: number;
  readonly name: string;
  readonly statements: readonly string[];
}

/** Published migrations never change; what is wrong with one is put right by the next. */
export const migrations: readonly Migration[] = [
  {
    number: 1,
    name: 'registry',
    statements: [
      `create table models (
        id serial primary key,
        name text not null unique,
        task text not null,
        description text not null,
        last_version integer not null default 0,
        deleted boolean not null default false,
        created_at timestamptz not null default now()
      )`,
      `create table model_versions (
        id serial primary key,
        model text not null references models (name),
        version integer not null,
        format text not null,
        artifact_sha256 text not null,
        artifact_size_bytes bigint not null,
        signature json not null,
        lineage json not null,
        created_at timestamptz not null default now(),
        unique (model, version)
      )`,
      `create index model_versions_by_artifact on model_versions (artifact_sha256)`,
      `create table aliases (
        id serial primary key,
        model text not null references models (name),
        alias text not null,
        target_version integer,
        target_alias text,
        updated_at timestamptz not null default now(),
        unique (model, alias),
        check ((target_version is null) <> (target_alias is null)),
        foreign key (model, target_version) references model_versions (model, version)
      )`,
      `create table endpoints (
        id serial primary key,
        name text not null unique,
        last_revision integer not null default 0,
        deleted boolean not null default false,
        created_at timestamptz not null default now()
      )`,
      `create table endpoint_revisions (
        id serial primary key,
        endpoint text not null references endpoints (name),
        revision integer not null,
        policy json not null,
        settings json not null,
        note text not null,
        author text not null,
        rollback_of integer,
        created_at timestamptz not null default now(),
        unique (endpoint, revision)
      )`,
      `create table snapshot_state (
        singleton boolean primary key default true check (singleton),
        version integer not null,
        hash text not null,
        created_at timestamptz not null
      )`,
    ],
  },
  {
    number: 2,
    name: 'models of other servers',
    // Their artifact is the JSON of this column, so that digests and downloads work as for files.
    statements: [`alter table model_versions add column upstream json`],
  },
  {
    number: 3,
    name: 'routing states',
    statements: [
      `create table job_leases (
        job text primary key,
        owner text not null,
        expires_at timestamptz not null
      )`,
      `create table routing_states (
        endpoint text not null references endpoints (name),
        path text not null,
        basis json not null,
        state json not null,
        served json,
        updated_at timestamptz not null default now(),
        primary key (endpoint, path)
      )`,
      // Decisions name a snapshot by its hash; what a node knew then is the newest state of its path up to that version.
      `create table published_snapshots (
        version integer primary key,
        hash text not null,
        created_at timestamptz not null
      )`,
      `create index published_snapshots_by_hash on published_snapshots (hash)`,
      `create table routing_state_history (
        endpoint text not null,
        path text not null,
        snapshot_version integer not null,
        state json,
        primary key (endpoint, path, snapshot_version)
      )`,
    ],
  },
  {
    number: 4,
    name: 'client checks',
    statements: [
      `alter table endpoint_revisions add column client_check json`,
      `alter table aliases add column forced boolean not null default false`,
    ],
  },
];

/**
 * Brings the database to the newest migration, all of it in one transaction.
 * The advisory lock makes a second process that starts at the same time wait, then find nothing to do;
 * it is taken before the history table exists, because two `create table if not exists` at once can collide.
 * Returns the numbers that were applied. Fails when a newer program has been here: its tables are unknown to this one.
 */
export async function migrate(db: Kysely<Tables>, list: readonly Migration[] = migrations): Promise<number[]> {
  return db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${sql.lit(advisoryLocks.migrations)})`.execute(transaction);
    await sql`create table if not exists switchyard_migrations (
      number integer primary key,
      name text not null,
      applied_at timestamptz not null default now()
    )`.execute(transaction);
    const { rows } = await sql<{ number: number; name: string }>`
      select number, name from switchyard_migrations order by number
    `.execute(transaction);

    const newest = rows.at(-1)?.number ?? 0;
    if (newest > list.length) {
      throw new Error(
        `The metadata database is at migration ${newest} ("${rows.at(-1)?.name}"), this program knows ${list.length}: start the newer program.`,
      );
    }
    const applied: number[] = [];
    for (const migration of list.slice(newest)) {
      for (const statement of migration.statements) await sql.raw(statement).execute(transaction);
      await sql`insert into switchyard_migrations (number, name) values (${migration.number}, ${migration.name})`.execute(
        transaction,
      );
      applied.push(migration.number);
    }
    return applied;
  });
}
