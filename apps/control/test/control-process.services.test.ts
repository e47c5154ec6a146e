import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { PlatformStatus, Problem } from '@switchyard/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const FRAUD = fileURLToPath(new URL('../../../examples/fraud/artifacts/', import.meta.url));

let directory: string;
const processes: ChildProcess[] = [];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'switchyard-control-process-'));
});
afterAll(async () => {
  for (const child of processes) child.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly lines: string[];
  readonly exited: Promise<number | null>;
}

function spawnControl(
  dataDir: string,
  config: object = {},
): { child: ChildProcess; lines: string[]; exited: Promise<number | null> } {
  const settings = {
    config: { dataDir, port: 0, gatewayPort: 17_071, ...config },
    internalToken: 'token-of-the-tests-0123',
    version: '0.0.0-test',
    dashboardDir: null,
  };
  const child = spawn(process.execPath, [MAIN, 'control'], {
    env: { PATH: process.env.PATH, SWITCHYARD_PROCESS: JSON.stringify(settings) },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  processes.push(child);
  const lines: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n').filter(Boolean)));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, lines, exited };
}

async function startControl(dataDir: string, config: object = {}): Promise<Started> {
  const { child, lines, exited } = spawnControl(dataDir, config);
  const port = await Promise.race([
    new Promise<number>((resolve) => child.once('message', (message) => resolve((message as { port: number }).port))),
    exited.then((code) => Promise.reject(new Error(`control ended with ${code}: ${lines.join('\n')}`))),
  ]);
  return { child, lines, exited, url: `http://127.0.0.1:${port}` };
}

async function json<Body>(answer: Promise<Response>): Promise<{ status: number; body: Body }> {
  const response = await answer;
  return { status: response.status, body: (await response.json()) as Body };
}

const post = (url: string, body: object) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

const upload = (control: Started, model: string, artifact: Uint8Array<ArrayBuffer>) => {
  const form = new FormData();
  form.append('spec', '{"format":"onnx"}');
  form.append('artifact', new Blob([artifact]), 'model.onnx');
  return json<Problem & { version: string; signature: object }>(
    fetch(`${control.url}/api/v1/models/${model}/versions`, { method: 'POST', body: form }),
  );
};

const residentBytes = async (pid: number) =>
  Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024;

describe('the control process', () => {
  it('refuses to listen where others could reach it, in one clear line', async () => {
    const { lines, exited } = spawnControl(join(directory, 'refused'), { host: '0.0.0.0' });
    expect(await exited).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('host is 0.0.0.0, which others can reach');
  });

  it('says what is wrong with its settings', async () => {
    const { lines, exited } = spawnControl(join(directory, 'refused'), { workers: 0, colour: 'red' });
    expect(await exited).toBe(1);
    expect(lines[0]).toMatch(/config\.workers.*colour/s);
  });

  it('says which port is taken', async () => {
    const first = await startControl(join(directory, 'port-a'));
    const port = Number(new URL(first.url).port);
    const { lines, exited } = spawnControl(join(directory, 'port-b'), { port });
    expect(await exited).toBe(1);
    expect(lines.at(-1)).toContain(`port ${port} is taken`);
    first.child.kill('SIGTERM');
    expect(await first.exited).toBe(0);
  });

  describe('with a data directory', () => {
    let control: Started;
    let dataDir: string;
    beforeAll(async () => {
      dataDir = join(directory, 'data');
      control = await startControl(dataDir);
      await post(`${control.url}/api/v1/models`, { name: 'forest', task: 'binary' });
    });

    it('takes real models, with what their files say about them', async () => {
      const files = (await readdir(FRAUD)).filter((name) => name.endsWith('.onnx'));
      expect(files.length).toBeGreaterThan(0);
      for (const name of files) {
        const answer = await upload(control, 'forest', new Uint8Array(await readFile(join(FRAUD, name))));
        expect([name, answer.status]).toEqual([name, 201]);
        expect(answer.body.signature).toMatchObject({ features: expect.anything(), inputs: expect.anything() });
      }
    });

    it.each<[string, () => Uint8Array<ArrayBuffer>]>([
      ['a text file', () => new TextEncoder().encode('I am not a model.\n'.repeat(1_000))],
      ['random bytes', () => new Uint8Array(randomBytes(100_000))],
      ['a zip bomb', () => new Uint8Array(gzipSync(Buffer.alloc(500_000_000)))],
    ])(
      'refuses %s with the reason, and goes on',
      async (_what, make) => {
        const answer = await upload(control, 'forest', make());
        expect(answer.status).toBe(422);
        expect(answer.body.code).toBe('invalid_artifact');
        expect(answer.body.errors?.[0]?.detail.length).toBeGreaterThan(10);
        expect((await fetch(`${control.url}/readyz`)).status).toBe(200);
        expect(await readdir(join(dataDir, 'uploads'))).toEqual([]);
      },
      120_000,
    );

    it('never holds an upload in memory: 300 MB cost it less than 100', async () => {
      const size = 300_000_000;
      const chunk = randomBytes(1_000_000);
      const before = await residentBytes(control.child.pid!);
      let most = before;
      const watching = setInterval(async () => {
        most = Math.max(most, await residentBytes(control.child.pid!));
      }, 10);
      const status = await new Promise<number>((resolve, reject) => {
        const boundary = 'x-boundary';
        const outgoing = httpRequest(
          `${control.url}/api/v1/models/forest/versions`,
          { method: 'POST', headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } },
          (response) => {
            response.resume();
            response.on('end', () => resolve(response.statusCode ?? 0));
          },
        );
        outgoing.on('error', reject);
        outgoing.write(`--${boundary}\r\ncontent-disposition: form-data; name="spec"\r\n\r\n{"format":"onnx"}\r\n`);
        outgoing.write(
          `--${boundary}\r\ncontent-disposition: form-data; name="artifact"; filename="m"\r\ncontent-type: application/octet-stream\r\n\r\n`,
        );
        let sent = 0;
        const send = () => {
          while (sent < size) {
            sent += chunk.length;
            if (!outgoing.write(chunk)) {
              outgoing.once('drain', send);
              return;
            }
          }
          outgoing.end(`\r\n--${boundary}--\r\n`);
        };
        send();
      });
      clearInterval(watching);
      // Received to the last byte, and only then found not to be a model.
      expect(status).toBe(422);
      console.info(
        `300 MB upload: resident memory was ${(before / 1e6).toFixed(0)} MB, at most ${(most / 1e6).toFixed(0)} MB`,
      );
      expect(most - before).toBeLessThan(100_000_000);
    }, 120_000);

    it('is one at a time in its directory', async () => {
      const { lines, exited } = spawnControl(dataDir);
      expect(await exited).toBe(1);
      expect(lines.at(-1)).toContain('in use by another process');
    });

    it('has everything again after a kill, the snapshot with its version too, and nothing half-made', async () => {
      const put = await fetch(`${control.url}/api/v1/endpoints/fraud`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ policy: { kind: 'model', model: 'forest', version: '1' } }),
      });
      expect(put.status).toBe(200);
      const { body: before } = await json<PlatformStatus>(fetch(`${control.url}/api/v1/status`));
      control.child.kill('SIGKILL');
      await control.exited;
      await mkdir(join(dataDir, 'uploads'), { recursive: true });
      await writeFile(join(dataDir, 'uploads', 'half'), 'half');

      const started = performance.now();
      control = await startControl(dataDir);
      console.info(
        `restart of an existing directory to ready: ${((performance.now() - started) / 1_000).toFixed(1)} s`,
      );
      const { body: after } = await json<PlatformStatus>(fetch(`${control.url}/api/v1/status`));
      expect(after.snapshot).toEqual(before.snapshot);
      expect(await readdir(join(dataDir, 'uploads'))).toEqual([]);
      const endpoint = await json<{ live: { revision: number } }>(fetch(`${control.url}/api/v1/endpoints/fraud`));
      expect(endpoint.body.live.revision).toBe(1);
    });

    it('ends on SIGTERM although somebody waits for a snapshot and somebody listens', async () => {
      const { body } = await json<PlatformStatus>(fetch(`${control.url}/api/v1/status`));
      const waiting = fetch(`${control.url}/internal/v1/snapshot?have=${body.snapshot.hash}&waitSeconds=25`, {
        headers: { authorization: 'Bearer token-of-the-tests-0123' },
      });
      const socket = new WebSocket(`${control.url.replace('http', 'ws')}/api/v1/live`);
      await new Promise((resolve) => socket.addEventListener('open', resolve));
      const started = performance.now();
      control.child.kill('SIGTERM');
      expect((await waiting).status).toBe(204);
      expect(await control.exited).toBe(0);
      expect(performance.now() - started).toBeLessThan(3_000);
      for (const line of control.lines) expect(JSON.parse(line).level, line).toBeLessThan(40);
    });

    it('ends when its supervisor is gone', async () => {
      const orphan = await startControl(dataDir);
      orphan.child.disconnect();
      expect(await orphan.exited).toBe(0);
    });
  });
});
