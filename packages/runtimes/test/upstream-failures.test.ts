import { SwitchyardError } from '@switchyard/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LoadedModel } from '../src/model-runtime.ts';
import { inspectUpstream, loadUpstreamModel } from '../src/upstream/index.ts';
import { type FakeModel, fakeModels, probabilityOf, type Shape } from './support/fake-models.ts';
import { type FakeUpstream, type Fault, startFakeUpstream } from './support/fake-upstream.ts';

const readSecret = () => undefined;
const ROWS: [number, number][] = [
  [1, 3],
  [9, 1],
  [2, 2],
];
/** What the deadline of 600 ms may be exceeded by on a busy machine. */
const SLACK_MS = 2_000;

const faults: readonly (readonly [fault: Fault, code: string, reason: string])[] = [
  ['hang', 'deadline_exceeded', 'timeout'],
  ['slow-body', 'deadline_exceeded', 'timeout'],
  ['reset', 'upstream_disconnected', 'disconnected'],
  ['reset-in-body', 'upstream_disconnected', 'disconnected'],
  ['status-500', 'upstream_failed', 'server_failed'],
  ['status-429', 'upstream_overloaded', 'server_overloaded'],
  ['status-400', 'upstream_refused', 'server_refused'],
  ['redirect', 'upstream_refused', 'server_refused'],
  ['garbage', 'upstream_unreadable', 'unreadable'],
  ['truncated', 'upstream_unreadable', 'unreadable'],
  ['empty', 'upstream_unreadable', 'unreadable'],
  ['huge', 'upstream_too_large', 'too_large'],
  ['not-http', 'upstream_unreadable', 'unreadable'],
];

const shapes: readonly (readonly [shape: Shape, code: string])[] = [
  ['fewer-rows', 'upstream_wrong_rows'],
  ['more-rows', 'upstream_wrong_rows'],
  ['no-rows', 'upstream_wrong_rows'],
  ['texts', 'upstream_wrong_types'],
  ['not-a-number', 'upstream_wrong_types'],
  ['wrong-width', 'upstream_wrong_types'],
  ['no-output', 'upstream_unreadable'],
];

describe.each(fakeModels.map((model) => [model.kind, model] as const))('a model behind %s (REST)', (_kind, model) => {
  let server: FakeUpstream;
  let loaded: LoadedModel;
  let shape: Shape;
  const load = async (fake: FakeModel, changes?: Record<string, unknown>): Promise<LoadedModel> => {
    const spec = { upstream: fake.upstream(server.url, changes), features: ['x', 'y'], labels: ['no', 'yes'] };
    const inspected = await inspectUpstream({ spec, task: 'binary', readSecret });
    if (!inspected.ok) throw new Error(inspected.reason);
    return loadUpstreamModel({ upstream: spec.upstream, signature: inspected.signature, readSecret });
  };
  const failure = async (work: Promise<unknown>): Promise<SwitchyardError> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!SwitchyardError.is(error)) throw new Error(`not a failure that can be told: ${String(error)}`);
    return error;
  };

  beforeEach(async () => {
    shape = 'good';
    server = await startFakeUpstream(model.isCall, (request) => model.answer(request, shape));
    loaded = await load(model);
  });
  afterEach(async () => {
    // Otherwise calls that hang would be waited for.
    await server.close();
    await loaded.close();
  });

  it('answers each row with its own probabilities', async () => {
    const { answers, batchRows, modelMicros } = await loaded.predict(ROWS);
    expect(batchRows).toBe(3);
    expect(modelMicros).toBeGreaterThan(0);
    expect(answers.map(({ label }) => label)).toEqual(['no', 'yes', 'no']);
    for (const [index, answer] of answers.entries()) {
      expect(answer.score).toBeCloseTo(probabilityOf(ROWS[index] as [number, number]), 6);
      expect(answer.probabilities?.yes).toBe(answer.score);
    }
    expect(loaded.remote?.health()).toMatchObject({ state: 'up', lastError: null, kind: model.kind });
    expect(loaded.remote?.counters).toMatchObject({ calls: 1, rows: 3, retries: 0 });
    expect(loaded.remote?.counters.latency.count).toBe(1);
  });

  it.each(faults)('turns %s into %s inside the deadline', async (fault, code, reason) => {
    server.fault = fault;
    const startedAt = performance.now();
    const error = await failure(loaded.predict(ROWS));
    expect(performance.now() - startedAt).toBeLessThan(600 + SLACK_MS);
    expect(error.code).toBe(code);
    expect(error.message).not.toMatch(/[\n\r]/);
    expect(loaded.remote?.counters.failures).toMatchObject({ [reason]: 1 });
    expect(Object.values(loaded.remote?.counters.failures ?? {}).reduce((sum, count) => sum + count)).toBe(1);
    // The next call is none the worse for it.
    server.fault = 'none';
    expect((await loaded.predict(ROWS)).answers).toHaveLength(3);
  });

  it.each(shapes)('never takes %s for an answer: %s', async (wrong, code) => {
    shape = wrong;
    expect((await failure(loaded.predict(ROWS))).code).toBe(code);
    shape = 'good';
    expect((await loaded.predict(ROWS)).answers).toHaveLength(3);
  });

  it('says that nobody listens, and sees when somebody does again', async () => {
    await loaded.predict(ROWS);
    await server.close();
    const error = await failure(loaded.predict(ROWS));
    expect(error.code).toBe('upstream_unreachable');
    expect(loaded.remote?.health()).toMatchObject({ state: 'down' });
    expect(loaded.remote?.health().lastError).toMatch(/cannot be reached/);
  });

  it('is handed out although its server is down', async () => {
    await server.close();
    const orphan = await loadUpstreamModel({
      upstream: model.upstream(server.url),
      signature: loaded.signature,
      readSecret,
    });
    expect(orphan.remote?.health().state).toBe('down');
    expect((await failure(orphan.predict(ROWS))).code).toBe('upstream_unreachable');
    await orphan.close();
  });

  it('asks once more, and counts it, when a kept connection breaks without an answer', async () => {
    const single = await load(model, { maxConnections: 1 });
    await single.predict(ROWS);
    server.fault = 'reset';
    server.faultsLeft = 1;
    expect((await single.predict(ROWS)).answers).toHaveLength(3);
    expect(single.remote?.counters.retries).toBe(1);
    server.faultsLeft = 2;
    expect((await failure(single.predict(ROWS))).code).toBe('upstream_disconnected');
    expect(single.remote?.counters).toMatchObject({ retries: 2, failures: { disconnected: 1 } });
    await single.close();
  });

  it('does not ask twice when a new connection breaks: the server may be dying of the request', async () => {
    const fresh = await load(model, { maxConnections: 1 });
    // The connection of the probes is closed, so that the call needs one of its own.
    server.dropIdle();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = server.requests.length;
    server.fault = 'reset';
    expect((await failure(fresh.predict(ROWS))).code).toBe('upstream_disconnected');
    expect(server.requests.length - before).toBe(1);
    expect(fresh.remote?.counters.retries).toBe(0);
    await fresh.close();
  });

  it('keeps to its number of connections, and refuses when the queue is full', async () => {
    const few = await load(model, { maxConnections: 2, maxQueuedCalls: 2 });
    server.fault = 'hang';
    const connections = server.sockets.size;
    const calls = Array.from({ length: 6 }, () => failure(few.predict(ROWS)));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(few.remote?.pool()).toMatchObject({ limit: 2, inUse: 2, waiting: 2 });
    expect(server.sockets.size - connections).toBeLessThanOrEqual(2);
    const codes = (await Promise.all(calls)).map(({ code }) => code).sort();
    expect(codes).toEqual([...new Array(4).fill('deadline_exceeded'), 'overloaded', 'overloaded']);
    expect(few.remote?.pool()).toMatchObject({ inUse: 0, waiting: 0 });
    await few.close();
  });

  it('gives up earlier when the caller wants it or has gone', async () => {
    server.fault = 'hang';
    const startedAt = performance.now();
    expect((await failure(loaded.predict(ROWS, { timeoutMs: 50 }))).code).toBe('deadline_exceeded');
    expect(performance.now() - startedAt).toBeLessThan(550);
    const gone = new AbortController();
    const call = failure(loaded.predict(ROWS, { signal: gone.signal }));
    gone.abort();
    expect((await call).code).toBe('deadline_exceeded');
    expect(loaded.remote?.counters.failures).toMatchObject({ timeout: 1, cancelled: 1 });
  });
});
