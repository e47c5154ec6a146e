import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { InspectionOutcome } from './inspector-process.ts';

const { parent } = workerData as { parent: number };
const INTERVAL_MS = 10;
let memoryLimitMb = Number.POSITIVE_INFINITY;

parentPort?.on('message', (limit: number) => {
  memoryLimitMb = limit;
  parentPort?.postMessage('watching');
});
setInterval(() => {
  if (process.memoryUsage.rss() > memoryLimitMb * 1_048_576) {
    const outcome: InspectionOutcome = {
      kind: 'too much memory',
      inspection: { ok: false, reason: `Running the model takes more than ${memoryLimitMb} MB of memory.` },
    };
    writeSync(3, `${JSON.stringify(outcome)}\n`);
    process.kill(process.pid, 'SIGKILL');
  }
  // Nobody waits for the verdict any more.
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
}, INTERVAL_MS);
