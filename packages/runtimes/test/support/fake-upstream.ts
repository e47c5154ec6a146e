import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** How the fake server answers a call of its model. */
export type Fault =
  | 'none'
  | 'hang'
  | 'reset'
  | 'end-later'
  | 'reset-in-body'
  | 'slow-body'
  | 'status-500'
  | 'status-429'
  | 'status-400'
  | 'redirect'
  | 'garbage'
  | 'truncated'
  | 'empty'
  | 'huge'
  | 'not-http';

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

export interface FakeUpstream {
  readonly url: string;
  readonly port: number;
  readonly requests: FakeRequest[];
  /** Connections that are open now, and how many there ever were. */
  readonly sockets: Set<Socket>;
  connections: number;
  fault: Fault;
  /** Nothing is answered at all, probes included. */
  hangs: boolean;
  /** Calls that the fault is still for. */
  faultsLeft: number;
  /** Ends every idle connection without a word, as servers do. */
  dropIdle(): void;
  close(): Promise<void>;
}

export type Answerer = (request: FakeRequest) => { readonly status?: number; readonly body: string } | undefined;

/**
 * A model server that can misbehave. Requests for which `isCall` holds get the fault; all others are answered as
 * `answer` says, or with 404.
 */
export async function startFakeUpstream(
  isCall: (request: FakeRequest) => boolean,
  answer: Answerer,
): Promise<FakeUpstream> {
  const sockets = new Set<Socket>();
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const request: FakeRequest = {
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        body: Buffer.concat(chunks).toString('utf8'),
        headers: incoming.headers,
      };
      fake.requests.push(request);
      if (fake.hangs) return;
      const good = answer(request) ?? { status: 404, body: '{"error":"there is nothing here"}' };
      const isFaulty = isCall(request) && fake.faultsLeft > 0;
      if (isFaulty) fake.faultsLeft -= 1;
      misbehave(isFaulty ? fake.fault : 'none', response, good);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    fake.connections += 1;
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fake: FakeUpstream = {
    url: `http://127.0.0.1:${port}`,
    port,
    requests: [],
    sockets,
    connections: 0,
    fault: 'none',
    hangs: false,
    faultsLeft: Number.POSITIVE_INFINITY,
    dropIdle() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}

function misbehave(fault: Fault, response: ServerResponse, good: { status?: number; body: string }): void {
  const json = { 'content-type': 'application/json' };
  switch (fault) {
    case 'none':
      response.writeHead(good.status ?? 200, json).end(good.body);
      return;
    case 'hang':
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'end-later':
      // As a server ends a connection that was idle for too long.
      setTimeout(() => response.socket?.end(), 100);
      return;
    case 'reset-in-body':
      response.writeHead(200, { ...json, 'content-length': good.body.length });
      response.write(good.body.slice(0, 5), () => response.socket?.resetAndDestroy());
      return;
    case 'slow-body': {
      // A byte now and then: an idle timeout would never fire.
      response.writeHead(200, { ...json, 'content-length': good.body.length + 10_000 });
      const timer = setInterval(() => response.write(' '), 20);
      response.once('close', () => clearInterval(timer));
      return;
    }
    case 'status-500':
      response.writeHead(500, json).end('{"error":"the\\nkernel died"}');
      return;
    case 'status-429':
      response.writeHead(429, json).end('{"error":"too many"}');
      return;
    case 'status-400':
      response.writeHead(400, json).end('{"error":"wrong dtype"}');
      return;
    case 'redirect':
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
      return;
    case 'garbage':
      response.writeHead(200, json).end('\u0000<html>nonsense</html>');
      return;
    case 'truncated':
      response.writeHead(200, json).end(good.body.slice(0, -2));
      return;
    case 'empty':
      response.writeHead(200, json).end();
      return;
    case 'huge':
      response.writeHead(200, json);
      writeForEver(response);
      return;
    case 'not-http':
      response.socket?.end('SSH-2.0-OpenSSH_9.0\r\n');
      return;
  }
}

function writeForEver(response: ServerResponse): void {
  const chunk = ' '.repeat(65_536);
  const write = (): void => {
    while (!response.destroyed && response.write(chunk));
    if (!response.destroyed) response.once('drain', write);
  };
  response.on('error', () => {});
  write();
}
