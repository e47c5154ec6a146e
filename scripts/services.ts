import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasJava } from './upstream-servers/start.ts';

export interface Services {
  /** Environment for the tests. */
  readonly environment: Readonly<Record<string, string>>;
  /** What tests run against. */
  readonly available: readonly string[];
  /** What could not be had, with the reason and the remedy. */
  readonly leftOut: readonly string[];
  stop(): Promise<void>;
}

/** Finds or starts what tests want beyond npm packages; nothing of the machine's own servers is touched. */
export async function startServices(): Promise<Services> {
  const environment: Record<string, string> = {};
  const available: string[] = [];
  const leftOut: string[] = [];
  const stops: (() => Promise<void>)[] = [];

  const chromium = [
    process.env.CHROMIUM_PATH,
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ].find((path) => path !== undefined && existsSync(path));
  if (chromium === undefined)
    leftOut.push('browser tests: no Chromium (install the package chromium or set CHROMIUM_PATH)');
  else {
    environment.CHROMIUM_PATH = chromium;
    available.push(`Chromium at ${chromium}`);
  }

  const given = process.env.SWITCHYARD_TEST_POSTGRES_URL;
  if (given !== undefined) available.push('PostgreSQL at SWITCHYARD_TEST_POSTGRES_URL');
  else {
    const started = await startPostgres();
    if (typeof started === 'string') leftOut.push(`PostgreSQL conformance: ${started}`);
    else {
      environment.SWITCHYARD_TEST_POSTGRES_URL = started.url;
      available.push(`PostgreSQL ${started.version}, a cluster of its own`);
      stops.push(started.stop);
    }
  }
  if (process.env.SWITCHYARD_TEST_REDIS_URL !== undefined) available.push('Redis at SWITCHYARD_TEST_REDIS_URL');
  else {
    const started = await startRedis();
    if (typeof started === 'string') leftOut.push(`cache of answers in Redis: ${started}`);
    else {
      environment.SWITCHYARD_TEST_REDIS_URL = started.url;
      available.push('Redis, a server of its own');
      stops.push(started.stop);
    }
  }
  for (const { name, variable, python } of pythonEnvironments()) {
    if (python === undefined) leftOut.push(`tests with ${name}: no Python environment (run scripts/provision.sh)`);
    else {
      environment[variable] = python;
      available.push(`the Python environment ${name}`);
    }
  }
  if (!hasJava()) leftOut.push('TorchServe: no Java (install the package default-jre-headless)');
  if (process.env.CLICKHOUSE_URL !== undefined) available.push('ClickHouse at CLICKHOUSE_URL');

  const stop = async () => {
    for (const end of stops) await end();
  };
  return { environment, available, leftOut, stop };
}

/**
 * The Python environments that tests name, and where scripts/python-environment.sh has made them. A variable such
 * as SWITCHYARD_TEST_PYTHON_TRITONCLIENT names the interpreter, and is taken from the environment where it is set.
 */
function pythonEnvironments(): { name: string; variable: string; python: string | undefined }[] {
  const root = fileURLToPath(new URL('../', import.meta.url));
  const cache =
    process.env.SWITCHYARD_PYTHON_CACHE ??
    join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'switchyard/python');
  return readFileSync(join(root, 'scripts/python-environments.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', requirements = ''] = line.split(' ');
      const variable = `SWITCHYARD_TEST_PYTHON_${name.toUpperCase().replaceAll('-', '_')}`;
      const digest = createHash('sha256')
        .update(readFileSync(join(root, requirements)))
        .digest('hex')
        .slice(0, 12);
      const directory = join(cache, `${name}-${digest}`);
      const made = existsSync(join(directory, 'complete')) ? join(directory, 'bin/python') : undefined;
      return { name, variable, python: process.env[variable] ?? made };
    });
}

interface StartedPostgres {
  readonly url: string;
  readonly version: string;
  stop(): Promise<void>;
}

async function startPostgres(): Promise<StartedPostgres | string> {
  const root = '/usr/lib/postgresql';
  const version = existsSync(root)
    ? readdirSync(root)
        .filter((name) => existsSync(join(root, name, 'bin/initdb')))
        .sort((a, b) => Number(b) - Number(a))[0]
    : undefined;
  if (version === undefined) return 'no server (install the package postgresql or set SWITCHYARD_TEST_POSTGRES_URL)';
  const binaries = join(root, version, 'bin');
  const directory = mkdtempSync(join(tmpdir(), 'switchyard-postgres-'));
  // PostgreSQL refuses to run as root, so a root shell (as in a container) lends it the postgres account.
  const asRoot = process.getuid?.() === 0;
  const account = asRoot ? accountOf('postgres') : undefined;
  if (asRoot && account === undefined) return 'PostgreSQL cannot run as root and there is no account named postgres';
  const options = account ?? {};
  if (account !== undefined) chownSync(directory, account.uid, account.gid);
  const data = join(directory, 'data');
  const sockets = join(directory, 'sockets');
  mkdirSync(sockets);
  if (account !== undefined) chownSync(sockets, account.uid, account.gid);
  const port = await freePort();
  execFileSync(
    join(binaries, 'initdb'),
    ['-D', data, '-U', 'switchyard', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C'],
    {
      ...options,
      cwd: directory,
      stdio: 'pipe',
    },
  );
  const server = spawn(
    join(binaries, 'postgres'),
    ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', sockets, '-c', 'fsync=off', '-c', 'max_connections=50'],
    { ...options, cwd: directory, stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => server.on('exit', () => resolve()));
  const stop = async () => {
    server.kill('SIGINT');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  for (let attempt = 0; attempt < 100; attempt += 1) {
    try {
      execFileSync(join(binaries, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port)], { stdio: 'pipe' });
      return { url: `postgres://switchyard@127.0.0.1:${port}/postgres`, version, stop };
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  await stop();
  return 'the server did not start within ten seconds';
}

/** Keeps nothing on disk, and is gone with the tests. */
async function startRedis(): Promise<{ url: string; stop(): Promise<void> } | string> {
  const program = ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server'].find(
    (path) => existsSync(path),
  );
  if (program === undefined) return 'no server (install the package redis-server or set SWITCHYARD_TEST_REDIS_URL)';
  const directory = mkdtempSync(join(tmpdir(), 'switchyard-redis-'));
  const port = await freePort();
  const server = spawn(
    program,
    ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--dir', directory],
    { cwd: directory, stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => server.on('exit', () => resolve()));
  const stop = async () => {
    server.kill('SIGTERM');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await accepts(port)) return { url: `redis://127.0.0.1:${port}`, stop };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await stop();
  return 'the server did not start within ten seconds';
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function accountOf(name: string): { uid: number; gid: number } | undefined {
  try {
    const uid = Number(execFileSync('id', ['-u', name], { encoding: 'utf8' }));
    const gid = Number(execFileSync('id', ['-g', name], { encoding: 'utf8' }));
    return { uid, gid };
  } catch {
    return undefined;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
