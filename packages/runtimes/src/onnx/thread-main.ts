// A worker thread that holds sessions and runs what it is told, in order.
import { parentPort } from 'node:worker_threads';
import { collectGarbage } from './collect-garbage.ts';
import { monotonicMs } from './monotonic-clock.ts';
import { type OpenModel, openModel } from './open-model.ts';
import { prepareRuntime } from './session.ts';
import type { LoadMeasurements, RunReply, ThreadReply, ThreadRequest } from './thread-messages.ts';

const port = parentPort;
if (port === null) throw new Error('this file is the main file of a worker thread');
prepareRuntime();
const RELOAD_FROM_MS = 5;
const RELOAD_UP_TO_MS = 60;
const models = new Map<number, OpenModel>();

type Question = Exclude<ThreadRequest, { kind: 'stop' }>;

async function answer(request: Question): Promise<LoadMeasurements | RunReply | undefined> {
  if (request.kind === 'load') {
    return load(request);
  }
  const model = models.get(request.model);
  if (request.kind === 'unload') {
    models.delete(request.model);
    await model?.close();
    if (request.wasTrial) collectGarbage();
    return undefined;
  }
  if (model === undefined) throw new Error('the model is not loaded in this thread');
  const startedAtMs = monotonicMs();
  const outputs = await model.run(request.inputs, request.outputNames, request.rowCount);
  return { outputs, startedAtMs, runMicros: (monotonicMs() - startedAtMs) * 1000 };
}

async function load({
  model: id,
  path,
  signature,
  isMeasured,
}: Question & { kind: 'load' }): Promise<LoadMeasurements | undefined> {
  const model = await openModel(path, signature);
  models.set(id, model);
  if (!isMeasured) {
    await model.warmUp();
    return undefined;
  }
  const measured = await model.measure();
  if (measured.loadMs < RELOAD_FROM_MS || measured.loadMs > RELOAD_UP_TO_MS) return measured;
  // The first time pays for caches that are cold; whether a model is small enough is decided by the second.
  await model.close();
  const again = await openModel(path, signature);
  models.set(id, again);
  await again.warmUp();
  return { ...measured, loadMs: Math.min(measured.loadMs, again.loadMs) };
}

// Strictly one after the other: also when a run has to wait (the public API) the next one must not begin.
let last: Promise<void> = Promise.resolve();
port.on('message', (request: ThreadRequest) => {
  last = last.then(async () => {
    if (request.kind === 'stop') process.exit(0);
    let reply: ThreadReply;
    try {
      reply = { call: request.call, ok: true, result: await answer(request) };
    } catch (error) {
      reply = { call: request.call, ok: false, message: error instanceof Error ? error.message : String(error) };
    }
    port.postMessage(reply, transferable(reply));
  });
});

function transferable(reply: ThreadReply): ArrayBuffer[] {
  if (!reply.ok || reply.result === undefined || !('outputs' in reply.result)) return [];
  return reply.result.outputs.flatMap(({ values }) => (Array.isArray(values) ? [] : [values.buffer as ArrayBuffer]));
}
