import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GatewayStatus, ServingSnapshot } from '@switchyard/contracts';

export type SnapshotContent = Omit<ServingSnapshot, 'hash' | 'version' | 'createdAt' | 'formatVersion'>;

export interface FakeControl {
  readonly url: string;
  readonly statuses: GatewayStatus[];
  /** Number of artifact downloads that were asked for. */
  readonly downloads: string[];
  publish(content: SnapshotContent): ServingSnapshot;
  close(): Promise<void>;
}

export const INTERNAL_TOKEN = 'test-token';

/** Serves snapshots by long polling and artifacts by digest, as control does. */
export async function startFakeControl(artifacts: ReadonlyMap<string, string>, port = 0): Promise<FakeControl> {
  let snapshot: ServingSnapshot | undefined;
  let version = 0;
  const waiting = new Set<() => void>();
  const statuses: GatewayStatus[] = [];
  const downloads: string[] = [];

  const sendSnapshot = (response: ServerResponse, have: string | null, waitMs: number): void => {
    if (snapshot !== undefined && snapshot.hash !== have) {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(snapshot));
      return;
    }
    const answer = (): void => {
      clearTimeout(timer);
      waiting.delete(answer);
      if (snapshot === undefined || snapshot.hash === have) response.writeHead(204).end();
      else response.setHeader('content-type', 'application/json').end(JSON.stringify(snapshot));
    };
    const timer = setTimeout(answer, Math.max(waitMs, 50));
    waiting.add(answer);
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://control');
    if (request.headers.authorization !== `Bearer ${INTERNAL_TOKEN}`) {
      response.writeHead(401).end();
      return;
    }
    if (url.pathname === '/internal/v1/snapshot') {
      sendSnapshot(response, url.searchParams.get('have'), Number(url.searchParams.get('waitSeconds') ?? 0) * 1_000);
      return;
    }
    const digest = /^\/internal\/v1\/artifacts\/([0-9a-f]{64})$/.exec(url.pathname)?.[1];
    if (digest !== undefined) {
      downloads.push(digest);
      const path = artifacts.get(digest);
      if (path === undefined || !existsSync(path)) response.writeHead(404).end();
      else createReadStream(path).pipe(response);
      return;
    }
    if (request.method === 'PUT' && url.pathname.startsWith('/internal/v1/gateways/')) {
      let text = '';
      request.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      request.on('end', () => {
        statuses.push(JSON.parse(text));
        response.writeHead(204).end();
      });
      return;
    }
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    statuses,
    downloads,
    publish(content) {
      version += 1;
      const hash = createHash('sha256').update(JSON.stringify(content)).digest('hex');
      snapshot = { formatVersion: 1, ...content, hash, version, createdAt: new Date().toISOString() };
      for (const answer of [...waiting]) answer();
      return snapshot;
    },
    async close() {
      for (const answer of [...waiting]) answer();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
