import { SwitchyardError } from '@switchyard/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LoadedModel } from '../src/model-runtime.ts';
import { inspectUpstream, loadUpstreamModel } from '../src/upstream/index.ts';
import { type FakeGrpc, fakeGrpcModels, type GrpcFault } from './support/fake-grpc.ts';
import { probabilityOf, type Shape } from './support/fake-models.ts';

const readSecret = () => undefined;
const ROWS: [number, number][] = [
  [1, 3],
  [9, 1],
  [2, 2],
];
const SLACK_MS = 2_000;

const faults: readonly (readonly [GrpcFault, string, string])[] = [
  ['hang', 'deadline_exceeded', 'timeout'],
  ['cut', 'upstream_disconnected', 'disconnected'],
  ['internal', 'upstream_failed', 'server_failed'],
  ['exhausted', 'upstream_overloaded', 'server_overloaded'],
  ['invalid', 'upstream_refused', 'server_refused'],
  ['invalid-words', 'upstream_refused', 'server_refused'],
  ['huge', 'upstream_too_large', 'too_large'],
  ['garbage', 'upstream_unreadable', 'unreadable'],
];
const shapes: readonly (readonly [Shape, string])[] = [
  ['fewer-rows', 'upstream_wrong_rows'],
  ['more-rows', 'upstream_wrong_rows'],
  ['no-rows', 'upstream_wrong_rows'],
  ['texts', 'upstream_wrong_types'],
  ['not-a-number', 'upstream_wrong_types'],
  ['wrong-width', 'upstream_wrong_types'],
  ['no-output', 'upstream_unreadable'],
];

describe.each(fakeGrpcModels.map((model) => [model.name, model] as const))(
  'a model behind %s (gRPC)',
  (_name, model) => {
    let server: FakeGrpc;
    let loaded: LoadedModel;
    const failure = async (work: Promise<unknown>): Promise<SwitchyardError> => {
      const error = await work.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (!SwitchyardError.is(error)) throw new Error(`not a failure that can be told: ${String(error)}`);
      return error;
    };
    beforeEach(async () => {
      server = await model.start();
      const spec = { upstream: model.upstream(server.url), features: ['x', 'y'], labels: ['no', 'yes'] };
      const inspected = await inspectUpstream({ spec, task: 'binary', readSecret });
      if (!inspected.ok) throw new Error(inspected.reason);
      loaded = await loadUpstreamModel({ upstream: spec.upstream, signature: inspected.signature, readSecret });
    });
    afterEach(async () => {
      await server.close();
      await loaded.close();
    });

    it('answers each row with its own probabilities', async () => {
      const { answers } = await loaded.predict(ROWS);
      expect(answers.map(({ label }) => label)).toEqual(['no', 'yes', 'no']);
      for (const [index, answer] of answers.entries()) {
        expect(answer.score).toBeCloseTo(probabilityOf(ROWS[index] as [number, number]), 6);
      }
      expect(loaded.remote?.health()).toMatchObject({ state: 'up', lastError: null });
      expect(loaded.remote?.pool()).toMatchObject({ inUse: 0, waiting: 0 });
    });

    it.each(faults)('turns %s into %s inside the deadline', async (fault, code, reason) => {
      server.fault = fault;
      const startedAt = performance.now();
      const error = await failure(loaded.predict(ROWS));
      expect(performance.now() - startedAt).toBeLessThan(1_000 + SLACK_MS);
      expect([error.code, error.message]).toEqual([code, expect.not.stringMatching(/\n/)]);
      expect(loaded.remote?.counters.failures).toMatchObject({ [reason]: 1 });
      server.fault = 'none';
      // After a cut the connection is made anew, which takes a moment.
      const deadline = performance.now() + 5_000;
      let rows = 0;
      while (rows !== 3 && performance.now() < deadline) {
        rows = await loaded.predict(ROWS).then(
          ({ answers }) => answers.length,
          () => 0,
        );
      }
      expect(rows).toBe(3);
    });

    it.each(shapes)('never takes %s for an answer: %s', async (shape, code) => {
      server.shape = shape;
      expect((await failure(loaded.predict(ROWS))).code).toBe(code);
      server.shape = 'good';
      expect((await loaded.predict(ROWS)).answers).toHaveLength(3);
    });

    it('says that nobody listens', async () => {
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
  },
);

it('a TorchServe handler that takes a row at a time is asked for no more at once than there may be calls', async () => {
  const model = fakeGrpcModels.find(({ kind }) => kind === 'torchserve');
  if (model === undefined) throw new Error('there is a fake TorchServe');
  const server = await model.start();
  const upstream = model.upstream(server.url, { body: 'row', maxConnections: 2 });
  const spec = { upstream, features: ['x', 'y'], labels: ['no', 'yes'] };
  const inspected = await inspectUpstream({ spec, task: 'binary', readSecret });
  if (!inspected.ok) throw new Error(inspected.reason);
  const loaded = await loadUpstreamModel({ upstream, signature: inspected.signature, readSecret });
  server.fault = 'hang';
  const late = expect(loaded.predict(new Array(20).fill([1, 3]))).rejects.toMatchObject({ code: 'deadline_exceeded' });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(server.calls).toBe(2);
  await late;
  expect(server.calls).toBe(2);
  await server.close();
  await loaded.close();
});
