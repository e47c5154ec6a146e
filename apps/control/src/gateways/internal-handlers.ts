import { createHash, timingSafeEqual } from 'node:crypto';
import { SwitchyardError } from '@switchyard/contracts';
import type { FastifyReply } from 'fastify';
import type { ArtifactStore } from '../models/artifact-store.ts';
import { type InternalHandlers, noContent } from '../server/handler.ts';
import type { SnapshotPublisher } from '../snapshot/snapshot-publisher.ts';
import type { GatewayDirectory } from './gateway-directory.ts';

/** What gateways ask of control. */
export function createInternalHandlers(dependencies: {
  readonly snapshots: SnapshotPublisher;
  readonly artifacts: ArtifactStore;
  readonly gateways: GatewayDirectory;
}): InternalHandlers {
  const { snapshots, artifacts, gateways } = dependencies;
  return {
    getSnapshot: async ({ query, reply }) => {
      const snapshot = await snapshots.waitForOther(query.have, query.waitSeconds * 1_000, goneSignal(reply));
      return snapshot ?? noContent;
    },
    getArtifact: async ({ params }) => {
      const object = await artifacts.openRead(params.sha256);
      if (!object) throw new SwitchyardError('artifact_not_found', `The artifact ${params.sha256} is not stored here.`);
      return { ...object, sha256: params.sha256, fileName: params.sha256 };
    },
    putGatewayStatus: async ({ params, body }) => {
      if (params.id !== body.id) {
        const detail = 'is not the gateway of the address';
        throw new SwitchyardError('invalid_request', `body: id: ${detail}`, { problems: [{ field: 'id', detail }] });
      }
      gateways.report(body);
      return noContent;
    },
  };
}

/** Fires when the caller hangs up before the answer. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}

/** Throws unless the header carries the token. Compares digests, so that neither length nor contents show in the time. */
export function createTokenCheck(token: string): (authorization: string | undefined) => void {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${token}`);
  return (authorization) => {
    if (timingSafeEqual(digest(authorization ?? ''), expected)) return;
    throw new SwitchyardError('unauthenticated', 'The internal token is missing or wrong.');
  };
}
