// ClickHouse's HTTP interface with chDB behind it, as a process of its own: for tests of the HTTP client
// where no ClickHouse server is. Started by `start-chdb-http.ts`; not part of the product.
//
// What it does like a server: statements in the body or in `?query=` with data in the body, `param_*` query parameters,
// settings and `database` in the URL, sessions with temporary tables, a locked session, errors as text with
// `X-ClickHouse-Exception-Code`. What it does not: users, compression, progress, streaming of results.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Session } from 'chdb';

const directory = process.argv[2] ?? '';
/** Parts of the URL that are not settings. */
const NOT_SETTINGS = new Set([
  'query',
  'query_id',
  'database',
  'session_id',
  'session_timeout',
  'session_check',
  'role',
]);
/** Settings that only a server's HTTP layer knows. */
const IGNORED_SETTINGS = new Set(['wait_end_of_query', 'send_progress_in_http_headers', 'enable_http_compression']);

interface Connection {
  readonly session: Session;
  isBusy: boolean;
  tail: Promise<unknown>;
}

const connections = new Map<string, Connection>();
function connectionOf(sessionId: string): Connection {
  let connection = connections.get(sessionId);
  if (connection === undefined) {
    connection = { session: new Session(directory), isBusy: false, tail: Promise.resolve() };
    connections.set(sessionId, connection);
  }
  return connection;
}

const literal = (value: string) => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

async function run(url: URL, body: Buffer): Promise<Uint8Array> {
  const inUrl = url.searchParams.get('query');
  const statement = inUrl === null ? body.toString('utf8') : `${inUrl}\n${body.toString('utf8')}`;
  // An insert without rows is nothing to do, as on a server; the engine's parser calls it a mistake.
  if (inUrl !== null && body.length === 0 && /^\s*INSERT\b.*\bFORMAT\s+\w+\s*$/is.test(inUrl)) {
    return new Uint8Array();
  }
  const before = [`USE ${url.searchParams.get('database') ?? 'default'}`];
  for (const [name, value] of url.searchParams) {
    if (name.startsWith('param_')) {
      before.push(`SET ${name} = ${literal(value)}`);
    } else if (!NOT_SETTINGS.has(name) && !IGNORED_SETTINGS.has(name)) {
      before.push(`SET ${name} = ${/^\d+$/.test(value) ? value : literal(value)}`);
    }
  }
  const sessionId = url.searchParams.get('session_id') ?? '';
  const connection = connectionOf(sessionId);
  if (sessionId !== '' && connection.isBusy) {
    throw new Error('Code: 373. DB::Exception: Session is locked by a concurrent client. (SESSION_IS_LOCKED)');
  }
  connection.isBusy = true;
  const work = connection.tail.then(async () => {
    for (const one of before) {
      await connection.session.queryAsync(one);
    }
    return (await connection.session.queryAsync(statement, { format: 'TabSeparated' })).bytes();
  });
  connection.tail = work.catch(() => {});
  try {
    return await work;
  } finally {
    connection.isBusy = false;
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/ping') {
    response.end('Ok.\n');
    return;
  }
  response.setHeader('X-ClickHouse-Query-Id', url.searchParams.get('query_id') ?? '');
  try {
    const bytes = await run(url, await bodyOf(request));
    response.setHeader('X-ClickHouse-Summary', '{"read_rows":"0","written_rows":"0","elapsed_ns":"0"}');
    response.end(bytes);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    response.statusCode = 500;
    response.setHeader('X-ClickHouse-Exception-Code', /^Code: (\d+)\./.exec(message)?.[1] ?? '1001');
    response.end(`${message} (version chdb)\n`);
  }
}

const server = createServer((request, response) => {
  void answer(request, response);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' && address !== null ? address.port : 0 });
});
process.on('disconnect', () => process.exit(0));
