import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ChdbHttpServer {
  readonly url: string;
  readonly directory: string;
  stop(): Promise<void>;
  /** SIGKILL, and the data is left where it is. */
  kill(): Promise<void>;
}

/** Starts chDB behind ClickHouse's HTTP interface in a second process, on a free port of the loopback interface. */
export async function startChdbHttp(directory?: string): Promise<ChdbHttpServer> {
  const data = directory ?? mkdtempSync(join(tmpdir(), 'chdb-http-'));
  const child = fork(new URL('./chdb-http-server.ts', import.meta.url), [data], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve((message as { port: number }).port));
    child.once('exit', (code) => reject(new Error(`the server ended with code ${code}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    directory: data,
    async stop() {
      child.kill();
      await exited;
      if (directory === undefined) {
        rmSync(data, { recursive: true, force: true });
      }
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
