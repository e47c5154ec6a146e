import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configSchema, type Problem, type Signature } from '@switchyard/contracts';
import { type MetadataStore, openPgliteMetadata } from '@switchyard/storage/metadata';
import { openFileObjects } from '@switchyard/storage/objects';
import { pino } from 'pino';
import { vi } from 'vitest';
import { type Control, type ControlDependencies, createControl } from '../src/create-control.ts';
import { createLiveFeed, type LiveFeed } from '../src/live/live-feed.ts';
import type { InspectArtifact } from '../src/models/inspect-artifact.ts';
import type { ReadModels } from '../src/server/read-models.ts';

// The first start of PGlite takes a second, and far more on a machine that is busy with other tests.
vi.setConfig({ hookTimeout: 60_000, testTimeout: 60_000 });

export const INTERNAL_TOKEN = 'internal-token-of-the-tests';

/** Takes files that hold the JSON of a signature; everything else it refuses as a real runtime would. */
export const inspectJsonArtifact: InspectArtifact = async ({ path }) => {
  const content = await readFile(path);
  try {
    return { ok: true, signature: JSON.parse(content.toString('utf8')) as Signature, runMicros: 10 };
  } catch {
    return { ok: false, reason: 'The file is not a model.' };
  }
};

export function makeSignature(features: Signature['features'], labels?: Signature['labels']): Signature {
  return {
    features,
    layout: 'single-tensor',
    inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, features.length] }],
    outputs: [{ name: 'probabilities', datatype: 'FP32', shape: [-1, 2] }],
    roles: { probabilities: 'probabilities' },
    ...(labels ? { labels } : {}),
  };
}

export const amountSignature = makeSignature([{ name: 'amount', type: 'number' }], [0, 1]);

export const noAnalytics: ReadModels = {
  listPredictions: async () => ({ items: [] }),
  listRecentFeatures: async () => [],
  getPrediction: () => Promise.reject(new Error('not faked')),
  getOverview: () => Promise.reject(new Error('not faked')),
  getTimeSeries: () => Promise.reject(new Error('not faked')),
  listModelQuality: async () => [],
  getEndpointTraffic: () => Promise.reject(new Error('not faked')),
  listAnswered: () => Promise.reject(new Error('not faked')),
};

export interface Answer<Body = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface RunningControl {
  readonly url: string;
  readonly port: number;
  readonly control: Control;
  readonly metadata: MetadataStore;
  readonly live: LiveFeed;
  readonly directory: string;
  /** Lines of the log, parsed. */
  readonly log: Record<string, unknown>[];
  /** Requests that have arrived and are not answered. */
  inFlight(): number;
  /** JSON in, JSON out; paths are below /api/v1 unless they start with '//', which is the root. */
  call<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<Body>>;
  upload<Body = Record<string, unknown>>(model: string, artifact: string, spec?: unknown): Promise<Answer<Body>>;
  /** A model with one version whose signature this is. */
  addModel(name: string, signature?: Signature, task?: string): Promise<void>;
  stop(): Promise<void>;
}

/** A listening control with the real registry in memory, real objects in a temporary directory, and fakes for the rest. */
export async function startControl(overrides: Partial<ControlDependencies> = {}): Promise<RunningControl> {
  const directory = await mkdtemp(join(tmpdir(), 'switchyard-control-'));
  const metadata = overrides.metadata ?? (await openPgliteMetadata({ directory: null }));
  const log: Record<string, unknown>[] = [];
  const now = overrides.now ?? (() => new Date());
  const live = createLiveFeed({ now, version: '0.0.0-test' });
  await mkdir(join(directory, 'uploads'), { recursive: true });
  const control = await createControl({
    config: { limits: configSchema.parse({}).limits },
    internalToken: INTERNAL_TOKEN,
    version: '0.0.0-test',
    gatewayUrl: 'http://127.0.0.1:7071',
    dashboardDir: null,
    uploadsDirectory: join(directory, 'uploads'),
    metadata,
    objects: await openFileObjects({ directory: join(directory, 'objects') }),
    analytics: { port: 'analytics', engine: 'fake', health: async () => ({ healthy: true, detail: '' }) },
    readModels: noAnalytics,
    shipping: () => ({
      pendingSegments: 0,
      pendingBytes: 0,
      lastShippedAt: null,
      quarantinedSegments: 0,
      problem: null,
    }),
    inspectArtifact: inspectJsonArtifact,
    inspectUpstream: async () => ({ ok: true, signature: amountSignature }),
    drainMs: 1_000,
    live,
    logger: pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line)) }),
    now,
    checkAnswers: true,
    ...overrides,
  });
  let inFlight = 0;
  control.server.server.on('request', (_request, response) => {
    inFlight += 1;
    response.once('close', () => {
      inFlight -= 1;
    });
  });
  await control.server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = control.server.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  const call: RunningControl['call'] = async (method, path, body, headers) => {
    const address = path.startsWith('//') ? url + path.slice(1) : `${url}/api/v1${path}`;
    const response = await fetch(address, {
      method,
      redirect: 'manual',
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return answerOf(response);
  };
  const upload: RunningControl['upload'] = async (model, artifact, spec = { format: 'onnx' }) => {
    const form = new FormData();
    form.append('spec', typeof spec === 'string' ? spec : JSON.stringify(spec));
    form.append('artifact', new Blob([artifact]), 'model.onnx');
    return answerOf(await fetch(`${url}/api/v1/models/${model}/versions`, { method: 'POST', body: form }));
  };
  return {
    url,
    port,
    control,
    metadata,
    live,
    directory,
    log,
    inFlight: () => inFlight,
    call,
    upload,
    addModel: async (name, signature = amountSignature, task = 'binary') => {
      const created = await call('POST', '/models', { name, task });
      const uploaded = await upload(name, JSON.stringify(signature));
      if (created.status !== 201 || uploaded.status !== 201) {
        throw new Error(`cannot add ${name}: ${JSON.stringify([created.body, uploaded.body])}`);
      }
    },
    stop: async () => {
      await control.stop();
      if (!overrides.metadata) await metadata.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function answerOf<Body>(response: Response): Promise<Answer<Body>> {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as Body };
}

/** A request whose address and headers are sent exactly as given: `fetch` tidies them up. */
export function rawRequest(
  port: number,
  options: { method?: string; path: string; headers?: Record<string, string>; body?: string },
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { host: '127.0.0.1', port, method: options.method ?? 'GET', path: options.path, headers: options.headers ?? {} },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}

export const problemOf = (answer: { body: unknown }): Problem => answer.body as Problem;

/** Waits until it holds, or fails saying what did not. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 5_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
