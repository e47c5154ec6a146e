import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { openSandbox } from './sandbox.ts';
import type { ThreadReply, ThreadRequest, ThreadStart } from './thread-messages.ts';

const port = parentPort;
if (port === null) throw new Error('this file is the main module of a worker thread');
const { path, features, labels, positiveLabel } = workerData as ThreadStart;
const send = (reply: ThreadReply): void => port.postMessage(reply);

// Promises that the module leaves to themselves are its own affair.
process.on('unhandledRejection', () => {});

try {
  const run = await openSandbox(readFileSync(path, 'utf8'), { features, labels, positiveLabel });
  port.on('message', ({ call, rows }: ThreadRequest) => {
    const startedAt = performance.now();
    const result = run(rows);
    send({ kind: 'done', call, runMicros: (performance.now() - startedAt) * 1_000, ...result });
  });
  send({ kind: 'ready' });
} catch (error) {
  send({ kind: 'unusable', reason: error instanceof Error ? error.message : String(error) });
}
