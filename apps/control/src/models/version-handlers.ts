import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  Lineage,
  ModelFormat,
  ModelVersion,
  Signature,
  Upstream,
  UpstreamVersionSpec,
} from '@switchyard/contracts';
import { SwitchyardError } from '@switchyard/contracts';
import type { MetadataStore, MetadataTransaction } from '@switchyard/storage/metadata';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { modelNotFound, versionNotFound } from '../registry/not-found.ts';
import { decodeNumberCursor, toPage } from '../registry/paging.ts';
import type { Database, VersionRow } from '../registry/registry-view.ts';
import { unsupportedMediaType } from '../server/answer-error.ts';
import type { ControlHandlers } from '../server/handler.ts';
import { canonicalJson, sha256Hex } from '../snapshot/canonical-json.ts';
import type { SnapshotPublisher } from '../snapshot/snapshot-publisher.ts';
import type { ArtifactStore } from './artifact-store.ts';
import type { InspectArtifact } from './inspect-artifact.ts';
import type { InspectUpstream } from './inspect-upstream.ts';
import { receiveUpload, type Upload, type UploadOptions } from './receive-upload.ts';

/** Uploads being received or inspected at once; each may hold a file of the largest size and a process. */
const MAXIMUM_UPLOADS = 4;

export interface VersionDependencies {
  readonly metadata: MetadataStore;
  readonly snapshots: SnapshotPublisher;
  readonly artifacts: ArtifactStore;
  readonly uploads: UploadOptions;
  readonly inspectArtifact: InspectArtifact;
  readonly inspectUpstream: InspectUpstream;
  readonly onChanged: (model: string) => void;
}

type VersionRoutes = 'listVersions' | 'createVersion' | 'getVersion' | 'getArtifact';

export function createVersionHandlers(dependencies: VersionDependencies): Pick<ControlHandlers, VersionRoutes> {
  const { metadata, snapshots, artifacts, uploads, inspectArtifact, inspectUpstream, onChanged } = dependencies;
  const { db } = metadata;
  let running = 0;

  const createFromUpload = async (model: string, upload: Upload): Promise<ModelVersion> => {
    const { task } = await getModelRow(db, model);
    const { spec, ...artifact } = upload;
    const inspected = await inspectArtifact({ path: upload.path, spec, task });
    if (!inspected.ok) throw notServable('artifact', inspected.reason);
    const { signature } = inspected;
    return createVersion(model, { format: spec.format, artifact, signature, upstream: null, lineage: spec.lineage });
  };

  /** The artifact of a model of another server is the JSON that says where: it has a digest and can be downloaded. */
  const createFromUpstream = async (model: string, spec: UpstreamVersionSpec): Promise<ModelVersion> => {
    const { task } = await getModelRow(db, model);
    const inspected = await inspectUpstream({ spec, task });
    if (!inspected.ok) throw notServable('upstream', inspected.reason);
    const { upstream, lineage } = spec;
    const text = canonicalJson(upstream);
    const path = join(uploads.directory, randomUUID());
    try {
      await writeFile(path, text, { flag: 'wx', flush: true });
      const artifact = { path, sha256: sha256Hex(text), sizeBytes: Buffer.byteLength(text) };
      const { signature } = inspected;
      return await createVersion(model, { format: upstream.kind, artifact, signature, upstream, lineage });
    } finally {
      await rm(path, { force: true });
    }
  };

  const createVersion = async (model: string, version: NewVersion): Promise<ModelVersion> => {
    const { artifact } = version;
    const row = await snapshots.change(async (transaction) => {
      await assertParentExists(transaction, model, version.lineage?.parentVersion);
      const counter = await transaction
        .updateTable('models')
        .set((expression) => ({ last_version: expression('last_version', '+', 1) }))
        .where('name', '=', model)
        .where('deleted', '=', false)
        .returning('last_version')
        .executeTakeFirst();
      if (!counter) throw modelNotFound(model);
      await artifacts.keep(transaction, artifact.sha256, artifact.path);
      return transaction
        .insertInto('model_versions')
        .values({
          model,
          version: counter.last_version,
          format: version.format,
          artifact_sha256: artifact.sha256,
          artifact_size_bytes: artifact.sizeBytes,
          signature: JSON.stringify(version.signature),
          lineage: JSON.stringify(version.lineage ?? {}),
          upstream: version.upstream === null ? null : JSON.stringify(version.upstream),
        })
        .returningAll()
        .executeTakeFirstOrThrow();
    });
    onChanged(model);
    return toModelVersion(row);
  };

  return {
    listVersions: async ({ params, query }) => {
      await getModelRow(db, params.model);
      const before = decodeNumberCursor(query.cursor);
      const rows = await db
        .selectFrom('model_versions')
        .selectAll()
        .where('model', '=', params.model)
        .$if(before !== undefined, (builder) => builder.where('version', '<', before ?? 0))
        .orderBy('version', 'desc')
        .limit(query.limit + 1)
        .execute();
      return toPage(rows, query.limit, (row) => row.version, toModelVersion);
    },

    createVersion: async ({ params, body, raw, reply }) => {
      try {
        if (!raw.isMultipart() && body === undefined) throw unsupportedMediaType();
        if (running >= MAXIMUM_UPLOADS) {
          const detail = `${MAXIMUM_UPLOADS} uploads are being received already.`;
          throw new SwitchyardError('overloaded', detail, { retryAfterSeconds: 5 });
        }
        running += 1;
        try {
          await getModelRow(db, params.model);
          if (!raw.isMultipart()) return await createFromUpstream(params.model, body);
          return await receiveUpload(raw, uploads, (upload) => createFromUpload(params.model, upload));
        } finally {
          running -= 1;
        }
      } catch (error) {
        letTheCallerRead(raw, reply);
        throw error;
      }
    },

    getVersion: async ({ params }) => toModelVersion(await getVersionRow(db, params.model, params.version)),

    getArtifact: async ({ params }) => {
      const row = await getVersionRow(db, params.model, params.version);
      const object = await artifacts.openRead(row.artifact_sha256);
      if (!object) {
        throw new SwitchyardError('artifact_not_found', `The artifact ${row.artifact_sha256} is not stored here.`);
      }
      return {
        ...object,
        sha256: row.artifact_sha256,
        fileName: `${params.model}-${params.version}.${row.upstream === null ? row.format : 'json'}`,
      };
    },
  };
}

interface NewVersion {
  readonly format: ModelFormat;
  /** The file is moved from where it is. */
  readonly artifact: { readonly path: string; readonly sha256: string; readonly sizeBytes: number };
  readonly signature: Signature;
  readonly upstream: Upstream | null;
  readonly lineage: Lineage | undefined;
}

function notServable(field: 'artifact' | 'upstream', reason: string): SwitchyardError {
  const what = field === 'artifact' ? 'The artifact' : 'The model of the other server';
  return new SwitchyardError('invalid_artifact', `${what} cannot be served: ${reason}`, {
    problems: [{ field, detail: reason }],
  });
}

/**
 * Refused in the middle of sending: what still arrives is read and dropped for a moment, because a connection
 * that is closed over unread data is reset, and the caller would see that instead of the answer.
 */
function letTheCallerRead(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('connection', 'close');
  request.raw.unpipe();
  request.raw.resume();
}

async function getModelRow(db: Database, name: string) {
  const row = await db
    .selectFrom('models')
    .selectAll()
    .where('name', '=', name)
    .where('deleted', '=', false)
    .executeTakeFirst();
  if (!row) throw modelNotFound(name);
  return row;
}

async function getVersionRow(db: Database, model: string, version: string): Promise<VersionRow> {
  await getModelRow(db, model);
  const row = await db
    .selectFrom('model_versions')
    .selectAll()
    .where('model', '=', model)
    .where('version', '=', Number(version))
    .executeTakeFirst();
  if (!row) throw versionNotFound(model, version);
  return row;
}

async function assertParentExists(
  transaction: MetadataTransaction,
  model: string,
  parent: string | undefined,
): Promise<void> {
  if (parent === undefined) return;
  const row = await transaction
    .selectFrom('model_versions')
    .select('id')
    .where('model', '=', model)
    .where('version', '=', Number(parent))
    .executeTakeFirst();
  if (row) return;
  const detail = `model '${model}' has no version ${parent}`;
  throw new SwitchyardError('invalid_request', `spec: lineage.parentVersion: ${detail}`, {
    problems: [{ field: 'lineage.parentVersion', detail }],
  });
}

function toModelVersion(row: VersionRow): ModelVersion {
  return {
    model: row.model,
    version: String(row.version),
    format: row.format,
    artifact: { sha256: row.artifact_sha256, sizeBytes: row.artifact_size_bytes },
    signature: row.signature,
    ...(row.upstream === null ? {} : { upstream: row.upstream }),
    lineage: row.lineage,
    createdAt: row.created_at.toISOString(),
  };
}
