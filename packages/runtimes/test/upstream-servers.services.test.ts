import { type UpstreamVersionSpec, upstreamSchema } from '@switchyard/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startUpstreamServers, type UpstreamServers } from '../../../scripts/upstream-servers/start.ts';
import type { LoadedModel } from '../src/model-runtime.ts';
import { createManagementClient } from '../src/torchserve/management.ts';
import { createCounters } from '../src/upstream/counters.ts';
import { createHttpClient } from '../src/upstream/http-client.ts';
import { inspectUpstream, loadUpstreamModel } from '../src/upstream/index.ts';

/** Of the environment that scripts/python-environment.sh makes of scripts/upstream-servers/requirements.txt. */
const python = process.env.SWITCHYARD_TEST_PYTHON_MODEL_SERVERS;
const readSecret = () => undefined;

interface Subject {
  readonly name: string;
  /** undefined where the server is not there. */
  upstream(servers: UpstreamServers): Record<string, unknown> | undefined;
}

const subjects: readonly Subject[] = [
  {
    name: 'MLServer, REST',
    upstream: ({ mlserver }) => ({ kind: 'open-inference', protocol: 'rest', url: mlserver.rest, model: 'iris' }),
  },
  {
    name: 'MLServer, gRPC',
    upstream: ({ mlserver }) => ({ kind: 'open-inference', protocol: 'grpc', url: mlserver.grpc, model: 'iris' }),
  },
  {
    name: 'MLServer, one version',
    upstream: ({ mlserver }) => ({
      kind: 'open-inference',
      protocol: 'rest',
      url: mlserver.rest,
      model: 'iris',
      version: 'v1',
    }),
  },
  { name: 'MLflow scoring server', upstream: ({ mlflow }) => ({ kind: 'mlflow', url: mlflow.rest }) },
  ...(['rows', 'instances', 'row'] as const).map((body) => ({
    name: `TorchServe, REST, ${body}`,
    upstream: ({ torchserve }: UpstreamServers) =>
      torchserve && {
        kind: 'torchserve',
        protocol: 'rest',
        url: torchserve.rest,
        managementUrl: torchserve.management,
        model: 'iris',
        body,
      },
  })),
  ...(['rows', 'row'] as const).map((body) => ({
    name: `TorchServe, gRPC, ${body}`,
    upstream: ({ torchserve }: UpstreamServers) =>
      torchserve && {
        kind: 'torchserve',
        protocol: 'grpc',
        url: torchserve.grpc,
        managementUrl: torchserve.managementGrpc,
        model: 'iris',
        version: '1.0',
        body,
      },
  })),
];

if (python === undefined || python === '') {
  console.info('left out: model servers of others (SWITCHYARD_TEST_PYTHON_MODEL_SERVERS names no Python)');
  describe.skip('model servers of others (left out: SWITCHYARD_TEST_PYTHON_MODEL_SERVERS names no Python)', () => {
    it('is left out', () => {});
  });
} else {
  describe('models of real servers', () => {
    let servers: UpstreamServers;
    const opened: LoadedModel[] = [];
    beforeAll(async () => {
      servers = await startUpstreamServers(python);
    });
    afterAll(async () => {
      await Promise.all(opened.map((model) => model.close()));
      await servers?.stop();
    });

    const specOf = (subject: Subject, changes: Record<string, unknown> = {}): UpstreamVersionSpec => {
      const given = subject.upstream(servers);
      // Nothing is left out in silence: provisioning installs Java, too.
      if (given === undefined) throw new Error(`${subject.name} is not there: TorchServe needs Java`);
      const upstream = upstreamSchema.parse({ timeoutMs: 20_000, probeEveryMs: 60_000, ...given, ...changes });
      return { upstream, features: [...servers.expected.features], labels: [...servers.expected.labels] };
    };
    const load = async (subject: Subject, changes?: Record<string, unknown>): Promise<LoadedModel> => {
      const spec = specOf(subject, changes);
      const inspected = await inspectUpstream({ spec, task: 'multiclass', readSecret });
      if (!inspected.ok) throw new Error(inspected.reason);
      const model = await loadUpstreamModel({ upstream: spec.upstream, signature: inspected.signature, readSecret });
      opened.push(model);
      return model;
    };

    it.each(subjects.map((subject) => [subject.name, subject] as const))(
      '%s: every row gets what scikit-learn says',
      async (_name, subject) => {
        const { expected } = servers;
        const model = await load(subject);
        expect(model.remote?.health()).toMatchObject({ state: 'up' });
        const { answers } = await model.predict(expected.rows);
        expect(answers).toHaveLength(expected.rows.length);
        for (const [row, answer] of answers.entries()) {
          const probabilities = expected.probabilities[row] as readonly number[];
          const best = probabilities.indexOf(Math.max(...probabilities));
          expect(answer.label).toBe(expected.labels[best]);
          for (const [index, label] of expected.labels.entries()) {
            expect(answer.probabilities?.[label]).toBeCloseTo(probabilities[index] as number, 9);
          }
        }
      },
    );

    it.each(subjects.map((subject) => [subject.name, subject] as const))(
      "%s: calls at the same time do not get each other's answers",
      async (_name, subject) => {
        const { expected } = servers;
        const model = await load(subject, { maxConnections: 8 });
        const results = await Promise.all(expected.rows.map((row) => model.predict([row])));
        for (const [row, { answers }] of results.entries()) {
          const probabilities = expected.probabilities[row] as readonly number[];
          const found = expected.labels.map((label) => answers[0]?.probabilities?.[label] ?? Number.NaN);
          for (const [index, probability] of found.entries()) {
            expect(probability).toBeCloseTo(probabilities[index] as number, 9);
          }
        }
        expect(model.remote?.pool()).toMatchObject({ inUse: 0, waiting: 0, limit: 8 });
        expect(model.remote?.counters.latency.count).toBe(expected.rows.length);
      },
    );

    it('finds out the signature where the server knows it', async () => {
      const inspected = await inspectUpstream({ spec: specOf(subjects[0] as Subject), task: 'multiclass', readSecret });
      expect(inspected).toMatchObject({
        ok: true,
        signature: {
          layout: 'single-tensor',
          inputs: [{ name: 'predict', datatype: 'FP64', shape: [-1, 4] }],
          roles: { probabilities: 'predict_proba', label: 'predict' },
        },
      });
    });

    it('refuses a model that the server does not have', async () => {
      for (const name of ['MLServer, REST', 'MLServer, gRPC', 'TorchServe, REST, rows', 'TorchServe, gRPC, rows']) {
        const subject = subjects.find((each) => each.name === name) as Subject;
        const changes = name.startsWith('MLServer') ? { model: 'tulip' } : { model: 'tulip', version: undefined };
        const inspected = await inspectUpstream({ spec: specOf(subject, changes), task: 'multiclass', readSecret });
        expect([name, inspected.ok]).toEqual([name, false]);
      }
    });

    it("tells a server's own refusal from a failure", async () => {
      const model = await load(subjects.find(({ name }) => name === 'MLflow scoring server') as Subject, {});
      const lacking = {
        ...model.signature,
        features: model.signature.features.slice(1),
        inputs: model.signature.inputs.slice(1),
      };
      const upstream = specOf(subjects.find(({ name }) => name === 'MLflow scoring server') as Subject).upstream;
      const wrong = await loadUpstreamModel({ upstream, signature: lacking, readSecret });
      opened.push(wrong);
      const row = (servers.expected.rows[0] as readonly number[]).slice(1);
      await expect(wrong.predict([row])).rejects.toMatchObject({ code: 'upstream_refused' });
    });

    it("reads TorchServe's management API", async () => {
      const url = servers.torchserve?.management ?? '';
      const http = createHttpClient({
        url,
        connections: 1,
        connectTimeoutMs: 5_000,
        responseMaximumBytes: 1_000_000,
        bearerToken: undefined,
        counters: createCounters(),
      });
      const management = createManagementClient(http);
      const signal = AbortSignal.timeout(10_000);
      expect(await management.list(signal)).toEqual(['iris']);
      expect(await management.describe('iris', undefined, signal)).toMatchObject({
        model: 'iris',
        version: '1.0',
        minimumWorkers: 1,
        workers: [{ status: 'READY' }],
      });
      await management.close();
    });
  });
}
