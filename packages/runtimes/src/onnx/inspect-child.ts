// The child process of inspectOnnxFile: reads orders from standard input, writes what comes of them to descriptor 3.
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { type Inspection, inspectSession } from './inspect-session.ts';
import type { InspectionOrder, InspectionOutcome } from './inspector-process.ts';

process.title = 'switchyard: inspect';

// The main thread is inside native code most of the time, so another thread keeps an eye on the memory.
const guard = new Worker(new URL('./inspect-memory-guard.ts', import.meta.url), {
  workerData: { parent: process.ppid },
});
guard.unref();

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as InspectionOrder;
  const watching = new Promise((resolve) => guard.once('message', resolve));
  guard.postMessage(order.memoryLimitMb);
  await watching;
  const outcome: InspectionOutcome = { kind: 'verdict', inspection: await inspect(order) };
  writeSync(3, `${JSON.stringify(outcome)}\n`);
}
process.exit(0);

async function inspect(order: InspectionOrder): Promise<Inspection> {
  try {
    return await inspectSession(order);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: `The file cannot be inspected: ${message}` };
  }
}
