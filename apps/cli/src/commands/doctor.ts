import { accessSync, constants, existsSync, mkdirSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import type { Config } from '@switchyard/contracts';
import { findSupervisor } from '../supervisor-lock.ts';

type Verdict = 'ok' | 'warn' | 'fail';
export interface Finding {
  readonly subject: string;
  readonly verdict: Verdict;
  readonly detail: string;
}

const MARK: Readonly<Record<Verdict, string>> = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' };
const FEW_BYTES = 2_000_000_000;

/** Checks what a start needs; 0 when nothing fails. */
export async function doctor(config: Config): Promise<number> {
  const findings = await examine(config);
  for (const { subject, verdict, detail } of findings)
    process.stdout.write(`${MARK[verdict]}  ${subject.padEnd(18)} ${detail}\n`);
  const failed = findings.filter((finding) => finding.verdict === 'fail').length;
  process.stdout.write(
    failed === 0 ? 'Everything a start needs is there.\n' : `${failed} of ${findings.length} checks failed.\n`,
  );
  return failed === 0 ? 0 : 1;
}

export async function examine(config: Config): Promise<Finding[]> {
  const running = findSupervisor(config.dataDir);
  return [
    nodeVersion(),
    await library('onnxruntime-node', 'ONNX Runtime'),
    await library('chdb', 'chDB'),
    dataDirectory(config.dataDir),
    freeSpace(config.dataDir),
    running === undefined
      ? { subject: 'data directory lock', verdict: 'ok', detail: 'not in use' }
      : {
          subject: 'data directory lock',
          verdict: 'warn',
          detail: `a running Switchyard (process ${running}) holds it`,
        },
    await freePort('control port', config.host, config.port, running !== undefined),
    await freePort('gateway port', config.host, config.gatewayPort, running !== undefined),
    await freePort('gRPC port', config.host, config.grpcPort, running !== undefined),
  ];
}

function nodeVersion(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  return {
    subject: 'Node',
    verdict: major >= 24 ? 'ok' : 'fail',
    detail: `${process.versions.node} (24 or newer runs TypeScript as it is)`,
  };
}

async function library(name: string, title: string): Promise<Finding> {
  try {
    await import(name);
    return { subject: title, verdict: 'ok', detail: 'loads' };
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return { subject: title, verdict: 'fail', detail: `does not load: ${message}` };
  }
}

function dataDirectory(directory: string): Finding {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return { subject: 'data directory', verdict: 'ok', detail: `${directory} can be written` };
  } catch (error) {
    return {
      subject: 'data directory',
      verdict: 'fail',
      detail: `${directory}: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

function freeSpace(directory: string): Finding {
  let existing = directory;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  const { bavail, bsize } = statfsSync(existing);
  const freeBytes = bavail * bsize;
  return {
    subject: 'free space',
    verdict: freeBytes < FEW_BYTES ? 'warn' : 'ok',
    detail: `${(freeBytes / 1e9).toFixed(1)} GB`,
  };
}

function freePort(subject: string, host: string, port: number, expectedInUse: boolean): Promise<Finding> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE';
      resolve({
        subject,
        verdict: inUse && expectedInUse ? 'ok' : 'fail',
        detail: inUse
          ? `${port} is in use${expectedInUse ? ' by the running Switchyard' : ' by another program'}`
          : error.message,
      });
    });
    server.listen(port, host, () => server.close(() => resolve({ subject, verdict: 'ok', detail: `${port} is free` })));
  });
}
