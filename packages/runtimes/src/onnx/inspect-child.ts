// The child process of inspectOnnxFile: reads a request from standard input, writes the verdict to descriptor 3.
import { readFileSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { type Inspection, type InspectionRequest, inspectSession } from './inspect-session.ts';

process.title = 'switchyard: inspect';
const request = JSON.parse(readFileSync(0, 'utf8')) as InspectionRequest & { memoryLimitMb: number };

// The main thread is inside native code most of the time, so another thread keeps an eye on the memory.
const guard = new Worker(new URL('./inspect-memory-guard.ts', import.meta.url), {
  workerData: { memoryLimitMb: request.memoryLimitMb, parent: process.ppid },
});
guard.unref();
await new Promise((resolve) => guard.once('message', resolve));

let verdict: Inspection;
try {
  verdict = await inspectSession(request);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  verdict = { ok: false, reason: `The file cannot be inspected: ${message}` };
}
writeSync(3, JSON.stringify(verdict));
process.exit(0);
