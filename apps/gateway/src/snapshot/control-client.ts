import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type GatewayStatus, type ServingSnapshot, servingSnapshotSchema } from '@switchyard/contracts';

/** What the gateway asks of control. Failures reject; the caller tries again. */
export interface ControlClient {
  /** The newest snapshot, or null when it still is `have` after `waitSeconds`. */
  getSnapshot(have: string | undefined, waitSeconds: number, signal: AbortSignal): Promise<ServingSnapshot | null>;
  /** Streams an artifact into a new file. Rejects when the bytes do not have this digest. */
  downloadArtifact(sha256: string, path: string, signal: AbortSignal): Promise<void>;
  putStatus(status: GatewayStatus, signal: AbortSignal): Promise<void>;
}

/** Beyond the time control was asked to wait. */
const GRACE_MS = 10_000;
const DOWNLOAD_TIMEOUT_MS = 30 * 60_000;

export function createControlClient(controlUrl: string, internalToken: string): ControlClient {
  const call = async (
    path: string,
    signal: AbortSignal,
    timeoutMs: number,
    init: RequestInit = {},
  ): Promise<Response> => {
    const response = await fetch(`${controlUrl}/internal/v1${path}`, {
      ...init,
      headers: { authorization: `Bearer ${internalToken}`, 'content-type': 'application/json' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    if (response.ok) return response;
    await response.body?.cancel();
    throw new Error(`control answered ${response.status} to ${init.method ?? 'GET'} ${path.replace(/\?.*/, '')}`);
  };

  return {
    async getSnapshot(have, waitSeconds, signal) {
      const query = new URLSearchParams({ waitSeconds: String(waitSeconds), ...(have === undefined ? {} : { have }) });
      const response = await call(`/snapshot?${query}`, signal, waitSeconds * 1_000 + GRACE_MS);
      if (response.status === 204) return null;
      return servingSnapshotSchema.parse(await response.json());
    },

    async downloadArtifact(sha256, path, signal) {
      const response = await call(`/artifacts/${sha256}`, signal, DOWNLOAD_TIMEOUT_MS);
      if (response.body === null) throw new Error(`control sent no artifact ${sha256}`);
      const hash = createHash('sha256');
      const digesting = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          hash.update(chunk);
          done(null, chunk);
        },
      });
      const source = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
      await pipeline(source, digesting, createWriteStream(path, { flags: 'wx', flush: true }), { signal });
      const actual = hash.digest('hex');
      if (actual !== sha256) throw new Error(`artifact ${sha256} arrived as ${actual}`);
    },

    async putStatus(status, signal) {
      const path = `/gateways/${encodeURIComponent(status.id)}/status`;
      const response = await call(path, signal, GRACE_MS, { method: 'PUT', body: JSON.stringify(status) });
      await response.body?.cancel();
    },
  };
}
