import { randomUUID } from 'node:crypto';
import type { ServingSnapshot } from '@switchyard/contracts';
import { openPostgresMetadata } from '@switchyard/storage/metadata';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createJobLease } from '../src/routing-state/job-lease.ts';
import { amountSignature, eventually, INTERNAL_TOKEN, type RunningControl, startControl } from './start-control.ts';

const serverUrl = process.env.SWITCHYARD_TEST_POSTGRES_URL;
if (!serverUrl) console.info('left out: two controls on PostgreSQL (SWITCHYARD_TEST_POSTGRES_URL names no server)');

describe.skipIf(!serverUrl)('two controls on one PostgreSQL', () => {
  const name = `switchyard_test_${randomUUID().replaceAll('-', '')}`;
  const controls: RunningControl[] = [];
  const closing: (() => Promise<void>)[] = [];
  const policy = { kind: 'model', model: 'forest', version: '1' };

  beforeAll(async () => {
    const administrator = new Kysely<unknown>({
      dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: serverUrl! }) }),
    });
    await sql.raw(`create database ${name}`).execute(administrator);
    closing.push(async () => {
      await sql.raw(`drop database ${name} with (force)`).execute(administrator);
      await administrator.destroy();
    });
    const url = new URL(serverUrl!);
    url.pathname = `/${name}`;
    const stores = await Promise.all([
      openPostgresMetadata({ url: url.href }),
      openPostgresMetadata({ url: url.href }),
    ]);
    for (const metadata of stores) {
      closing.push(() => metadata.close());
      const control = await startControl({ metadata });
      controls.push(control);
      closing.push(() => control.stop());
    }
    await controls[0]!.addModel('forest', amountSignature);
  });
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });
  const snapshotOf = async (control: RunningControl) =>
    (
      await control.call<ServingSnapshot>('GET', '//internal/v1/snapshot', undefined, {
        authorization: `Bearer ${INTERNAL_TOKEN}`,
      })
    ).body;

  it('let one of the writers win', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        controls[index % 2]!.call('PUT', '/endpoints/fraud', { policy, baseRevision: 0 }),
      ),
    );
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 409)).toHaveLength(7);
  });

  it('publish the same snapshot, whoever made the change', async () => {
    await controls[1]!.call('PUT', '/endpoints/other', { policy });
    await eventually('both have it', async () => {
      const [first, second] = await Promise.all(controls.map(snapshotOf));
      return first!.hash === second!.hash && first!.version === second!.version && 'other' in first!.endpoints;
    });
  });

  it('do a job that is for one of them in one of them, and in the other when that is done or dead', async () => {
    const [here, there] = ['here', 'there'].map((owner) => createJobLease({ job: 'probe', owner, ttlMs: 500 }));
    const [first, second] = controls.map((control) => control.metadata.db);
    const both = await Promise.all([here!.acquire(first!), there!.acquire(second!)]);
    expect(both.filter(Boolean)).toHaveLength(1);
    const [owner, other] = both[0] ? [here!, there!] : [there!, here!];
    expect(await owner.acquire(first!)).toBe(true);
    expect(await other.acquire(second!)).toBe(false);
    await owner.release(first!);
    expect(await other.acquire(second!)).toBe(true);
    // It is not heard of again: the database's clock decides when that is long enough.
    await eventually('the job is taken over', () => owner.acquire(first!));
    expect(await other.acquire(second!)).toBe(false);
  });

  it('give each version its own number', async () => {
    const answers = await Promise.all(
      [0, 1, 0, 1].map((index) => controls[index]!.upload('forest', JSON.stringify(amountSignature))),
    );
    expect(answers.map((answer) => answer.body.version).sort()).toEqual(['2', '3', '4', '5']);
  });
});
