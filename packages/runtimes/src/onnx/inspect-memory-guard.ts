import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

const { memoryLimitMb, parent } = workerData as { memoryLimitMb: number; parent: number };
const INTERVAL_MS = 10;
const isOver = (): boolean => process.memoryUsage.rss() > memoryLimitMb * 1_048_576;

parentPort?.postMessage('watching');
setInterval(() => {
  if (isOver()) {
    writeSync(
      3,
      JSON.stringify({ ok: false, reason: `Running the model takes more than ${memoryLimitMb} MB of memory.` }),
    );
    process.kill(process.pid, 'SIGKILL');
  }
  // Nobody waits for the verdict any more.
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
}, INTERVAL_MS);
