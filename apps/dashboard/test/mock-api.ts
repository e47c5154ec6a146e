import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { EndpointRevision, EndpointSettings, LiveMessage, Policy } from '@switchyard/contracts';
import { WebSocketServer } from 'ws';
import { branchesOf } from '../src/policy/branches.ts';
import { describeNode } from '../src/policy/describe.ts';
import { DEFAULT_SETTINGS } from '../src/policy/document.ts';
import {
  cacheUse,
  createState,
  emptySummary,
  endpointOf,
  endpointTraffic,
  type MockState,
  prediction,
  predictionDetail,
  quality,
  status,
  summary,
  timeSeries,
  trialDetail,
} from './mock-data.ts';

/** `slow` never answers, so that what is shown while waiting stays. */
export type Scenario = 'data' | 'empty' | 'failing' | 'slow' | 'alerting';

export interface MockApi {
  readonly url: string;
  readonly setScenario: (scenario: Scenario) => void;
  /** Every request that changed something, as "METHOD path". */
  readonly changes: string[];
  /** Bodies of those requests, in the same order. */
  readonly bodies: unknown[];
  /** Somebody else publishes. */
  readonly publish: (endpoint: string, policy: Policy, by: string, note: string) => void;
  /** From now on everything that is published would refuse what clients send, for this reason. */
  readonly refuseClients: (reason: string) => void;
  readonly dropSockets: () => void;
  readonly sendLive: (message: LiveMessage) => void;
  readonly close: () => Promise<void>;
}

/** What a page may do when it is served by the control plane; the mock sends the same, so that a breach shows here. */
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'";

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: { field: string; detail: string }[];
  constructor(status: number, code: string, detail: string, fields: { field: string; detail: string }[] = []) {
    super(detail);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

/** The control plane as the dashboard sees it, with deterministic data and scenarios. Serves the built pages too. */
export async function startMockApi(
  options: { scenario?: Scenario; port?: number; directory?: string; liveIntervalMs?: number } = {},
): Promise<MockApi> {
  let scenario: Scenario = options.scenario ?? 'data';
  let state = createState(Date.now(), scenario === 'empty' ? 'empty' : 'data');
  const changes: string[] = [];
  const bodies: unknown[] = [];

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://mock');
    void (async () => {
      if (!url.pathname.startsWith('/api/')) return serveFile(options.directory, url.pathname, response);
      if (scenario === 'slow') return;
      if (scenario === 'failing') throw new Refusal(503, 'storage_unavailable', 'The analytics store does not answer.');
      const body = await readBody(request);
      if (request.method !== 'GET' && !url.pathname.endsWith('/check')) {
        changes.push(`${request.method} ${url.pathname}`);
        bodies.push(body.startsWith('{') ? JSON.parse(body) : body);
      }
      const answer = route(state, scenario, request.method ?? 'GET', url, body);
      if (answer === undefined) return response.writeHead(204).end();
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    })().catch((error: unknown) => {
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'internal_error', String(error));
      response.writeHead(refusal.status, { 'content-type': 'application/problem+json' });
      response.end(
        JSON.stringify({
          type: `/problems/${refusal.code}`,
          title: refusal.code,
          status: refusal.status,
          code: refusal.code,
          detail: refusal.message,
          requestId: '019a0000-0000-7000-8000-00000000beef',
          errors: refusal.fields,
        }),
      );
    });
  });

  const sockets = new WebSocketServer({ server, path: '/api/v1/live' });
  const send = (message: LiveMessage) => {
    for (const socket of sockets.clients) socket.send(JSON.stringify(message));
  };
  sockets.on('connection', (socket) => {
    if (scenario === 'failing' || scenario === 'slow') return socket.close();
    socket.send(JSON.stringify({ type: 'hello', at: new Date().toISOString(), version: '0.1.0' }));
  });
  let sent = 0;
  const live = setInterval(() => {
    if (scenario !== 'data' && scenario !== 'alerting') return;
    const now = Date.now();
    const items = Array.from({ length: 3 }, (_, index) => prediction(0x800000 + sent + index, now - (3 - index) * 40));
    sent += 3;
    send({ type: 'predictions-recorded', at: new Date(now).toISOString(), count: 5, items });
  }, options.liveIntervalMs ?? 700);

  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    changes,
    bodies,
    publish: (endpoint, policy, by, note) => {
      const revisions = state.endpoints.get(endpoint) ?? [];
      const [live] = revisions;
      if (live === undefined) throw new Error(`there is no ${endpoint}`);
      const createdAt = new Date().toISOString();
      const made = { ...live, revision: live.revision + 1, policy, author: by, note, rollbackOf: null, createdAt };
      state.endpoints.set(endpoint, [made, ...revisions]);
      send({ type: 'entity-changed', at: createdAt, entity: 'endpoint', name: endpoint });
    },
    setScenario: (next) => {
      scenario = next;
      state = createState(Date.now(), next === 'empty' ? 'empty' : 'data');
      changes.length = 0;
      bodies.length = 0;
      trials.clear();
      clientsRefusedFor = undefined;
    },
    refuseClients: (reason) => {
      clientsRefusedFor = reason;
    },
    dropSockets: () => {
      for (const socket of sockets.clients) socket.terminate();
    },
    sendLive: send,
    close: async () => {
      clearInterval(live);
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function route(state: MockState, scenario: Scenario, method: string, url: URL, body: string): unknown {
  const parts = url.pathname.slice('/api/v1/'.length).split('/').map(decodeURIComponent);
  const [collection = '', name = '', sub = '', leaf = ''] = parts;
  const now = Date.now();
  const from = Date.parse(url.searchParams.get('from') ?? '') || now - 3_600_000;
  const to = Date.parse(url.searchParams.get('to') ?? '') || now;
  const empty = scenario === 'empty';
  switch (`${method} ${collection}`) {
    case 'GET overview':
      return {
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
        current: empty ? emptySummary() : summary(1, 1, 0.972),
        previous: empty ? emptySummary() : summary(0.913, 1.08, 0.9745),
      };
    case 'GET time-series':
      return empty
        ? { from: new Date(from).toISOString(), to: new Date(to).toISOString(), stepSeconds: 30, series: [] }
        : timeSeries(
            from,
            to,
            Number(url.searchParams.get('points') ?? 200),
            url.searchParams.get('groupBy') ?? 'none',
          );
    case 'GET model-quality':
      return empty ? { items: [] } : quality();
    case 'GET alerts':
      return {
        items:
          scenario === 'alerting'
            ? [
                {
                  id: 'a',
                  severity: 'critical',
                  title: 'gateway-1 stopped reporting',
                  detail: 'Last seen 2 min ago with snapshot 11.',
                  since: new Date(now - 130_000).toISOString(),
                },
                {
                  id: 'b',
                  severity: 'warning',
                  title: 'random-forest v3 failed to load',
                  detail: 'invalid_artifact: the file has no output tensor.',
                  since: new Date(now - 840_000).toISOString(),
                },
              ]
            : [],
      };
    case 'GET cache-use':
      return empty ? { items: [] } : cacheUse(state);
    case 'GET status':
      return status(now, state);
    case 'GET models':
      return modelRoute(state, name, sub, leaf);
    case 'POST models':
      return changeModels(state, name, body, now);
    case 'GET endpoints':
    case 'PUT endpoints':
    case 'POST endpoints':
    case 'DELETE endpoints':
      if (sub === 'traffic') {
        return empty ? { ...endpointTraffic(from, to, ''), members: [] } : endpointTraffic(from, to, name);
      }
      if (sub === 'try') return tryEndpoint(state, name, JSON.parse(body), now);
      return endpointRoute(state, method, name, sub, body === '' ? {} : JSON.parse(body), now);
    case 'GET predictions':
      return name === '' ? listPredictions(url.searchParams, empty, from, to) : findPrediction(name, now);
    default:
      throw new Refusal(404, 'route_not_found', `${method} ${url.pathname}`);
  }
}

function modelRoute(state: MockState, name: string, sub: string, leaf: string): unknown {
  if (name === '') return { items: state.models };
  const model = state.models.find((one) => one.name === name);
  if (model === undefined) throw new Refusal(404, 'model_not_found', `There is no model ${name}.`);
  if (sub === '') return model;
  const versions = state.versions.get(name) ?? [];
  return leaf === '' ? { items: versions } : versions.find((one) => one.version === leaf);
}

function changeModels(state: MockState, name: string, body: string, now: number): unknown {
  if (name === '') {
    const created = JSON.parse(body) as { name: string; task: 'binary'; description?: string };
    if (state.models.some((model) => model.name === created.name))
      throw new Refusal(409, 'already_exists', `There is a model ${created.name} already.`);
    if (!/^[a-z0-9][a-z0-9._-]*$/.test(created.name)) {
      throw new Refusal(400, 'invalid_request', 'name: not a name', [
        { field: 'name', detail: 'a model name is 1 to 64 characters of a-z, 0-9, . _ or -' },
      ]);
    }
    const model = {
      name: created.name,
      task: created.task,
      description: created.description ?? '',
      createdAt: new Date(now).toISOString(),
      latestVersion: null,
      versionCount: 0,
      aliases: {},
      endpoints: [],
    };
    state.models.push(model);
    return model;
  }
  const model = state.models.find((one) => one.name === name);
  if (model === undefined) throw new Refusal(404, 'model_not_found', `There is no model ${name}.`);
  if (!body.includes('GOOD'))
    throw new Refusal(422, 'invalid_artifact', 'The file is no ONNX model: it does not parse as protobuf.', [
      { field: 'artifact', detail: 'does not parse as protobuf' },
    ]);
  const template = createState(now, 'data').versions.get('rules')?.[0];
  if (template === undefined) throw new Error('no template');
  const made = {
    ...template,
    model: name,
    version: String(model.versionCount + 1),
    createdAt: new Date(now).toISOString(),
  };
  state.versions.set(name, [made, ...(state.versions.get(name) ?? [])]);
  model.versionCount += 1;
  model.latestVersion = made.version;
  return made;
}

function endpointRoute(
  state: MockState,
  method: string,
  name: string,
  sub: string,
  body: {
    policy?: Policy;
    settings?: Partial<EndpointSettings>;
    baseRevision?: number;
    note?: string;
    author?: string;
    revision?: number;
    force?: boolean;
  },
  now: number,
): unknown {
  if (name === '') return { items: [...state.endpoints.keys()].map((one) => endpointOf(state, one)) };
  const revisions = state.endpoints.get(name) ?? [];
  const live = revisions[0];
  if (sub === 'check' && body.policy !== undefined) {
    const before = live === undefined ? new Map<string, string>() : describeByPath(live.policy);
    const after = describeByPath(body.policy);
    const paths = [...new Set([...after.keys(), ...before.keys()])];
    const problems = problemsOf(state, body.policy, 'policy');
    return {
      valid: problems.length === 0,
      problems,
      changes: [
        ...paths
          .map((path) => ({ path, before: before.get(path) ?? null, after: after.get(path) ?? null }))
          .filter((change) => change.before !== change.after),
        ...settingsChanges(live?.settings ?? DEFAULT_SETTINGS, settingsAfter(live, body.settings)),
      ],
    };
  }
  const publish = (policy: Policy, settings: EndpointSettings, note: string, rollbackOf: number | null) => {
    if (clientsRefusedFor !== undefined && body.force !== true) {
      throw new Refusal(409, 'clients_refused', `Requests would be refused: ${clientsRefusedFor}`, [
        { field: 'policy', detail: clientsRefusedFor },
      ]);
    }
    const made: EndpointRevision = {
      endpoint: name,
      revision: (live?.revision ?? 0) + 1,
      policy,
      settings,
      note,
      author: body.author ?? 'you',
      rollbackOf,
      clients:
        live === undefined
          ? null
          : {
              requests: 187,
              refused: clientsRefusedFor === undefined ? 0 : 120,
              skipped: null,
              forced: body.force === true,
            },
      createdAt: new Date(now).toISOString(),
    };
    state.endpoints.set(name, [made, ...revisions]);
    state.published = { revision: made, at: now };
    return made;
  };
  if (method === 'PUT' && body.policy !== undefined) {
    if (body.baseRevision !== undefined && body.baseRevision !== (live?.revision ?? 0))
      throw new Refusal(409, 'revision_conflict', `Revision ${live?.revision} was published meanwhile.`);
    return publish(body.policy, settingsAfter(live, body.settings), body.note ?? '', null);
  }
  if (live === undefined) throw new Refusal(404, 'endpoint_not_found', `There is no endpoint ${name}.`);
  if (method === 'DELETE') {
    state.endpoints.delete(name);
    return undefined;
  }
  if (sub === 'rollback') {
    const target = revisions.find((one) => one.revision === (body.revision ?? revisions[1]?.revision));
    if (target === undefined) throw new Refusal(404, 'revision_not_found', 'There is no such revision.');
    return publish(target.policy, target.settings, body.note ?? '', target.revision);
  }
  return sub === 'revisions' ? { items: revisions } : endpointOf(state, name);
}

/** As the control plane merges them: what is not given stays, and null takes the cache away. */
function settingsAfter(
  live: EndpointRevision | undefined,
  given: Partial<EndpointSettings> | undefined,
): EndpointSettings {
  const { cache, ...others } = { ...DEFAULT_SETTINGS, ...live?.settings, ...given };
  return cache ? { ...others, cache } : others;
}

function settingsChanges(before: EndpointSettings, after: EndpointSettings) {
  const text = (value: unknown) => (value === undefined ? 'off' : JSON.stringify(value));
  return (Object.keys({ ...before, ...after }) as (keyof EndpointSettings)[])
    .map((key) => ({ path: `settings.${key}`, before: text(before[key]), after: text(after[key]) }))
    .filter((change) => change.before !== change.after);
}

function describeByPath(policy: Policy, path = '', reachedBy = '', found = new Map<string, string>()) {
  const text = policy.kind === 'model' ? modelText(policy) : `${policy.kind}: ${describeNode(policy).facts.join(', ')}`;
  found.set(path, `${reachedBy}${text}`);
  for (const branch of branchesOf(policy, path)) {
    const weight = policy.kind === 'split' ? `weight ${policy.arms[branch.index ?? 0]?.weight}: ` : '';
    const when = policy.kind === 'rules' && branch.index !== null ? `when ${policy.rules[branch.index]?.when}: ` : '';
    describeByPath(branch.policy, branch.path, weight + when, found);
  }
  return found;
}

const modelText = (one: { model: string; version?: string | undefined; alias?: string | undefined }) =>
  one.version === undefined ? `${one.model}@${one.alias}` : `${one.model} v${one.version}`;

/** The two that need the whole tree or the registry and that a person meets most. */
function problemsOf(state: MockState, policy: Policy, field: string): { field: string; detail: string }[] {
  const own: { field: string; detail: string }[] = [];
  if (policy.kind === 'model') {
    const model = state.models.find((one) => one.name === policy.model);
    if (model === undefined) own.push({ field: `${field}.model`, detail: `there is no model '${policy.model}'` });
    else if (policy.version !== undefined && Number(policy.version) > model.versionCount)
      own.push({ field: `${field}.version`, detail: `model '${policy.model}' has no version ${policy.version}` });
  }
  if (policy.kind === 'split') {
    const sum = policy.arms.reduce((total, arm) => total + arm.weight, 0);
    if (Math.abs(sum - 1) > 1e-9)
      own.push({ field: `${field}.arms`, detail: `the weights sum to ${Number(sum.toPrecision(12))}, not to 1` });
  }
  return [
    ...own,
    ...branchesOf(policy).flatMap((branch) => problemsOf(state, branch.policy, `${field}.${branch.field}`)),
  ];
}

/** Trials by id, with when they can be read. */
let clientsRefusedFor: string | undefined;
const trials = new Map<string, { readonly readableAt: number; readonly detail: unknown }>();
const UNTIL_READABLE_MS = 900;

function tryEndpoint(
  state: MockState,
  endpoint: string,
  body: { features: Record<string, number | string | boolean | null>; unit?: string; context?: Record<string, string> },
  now: number,
): unknown {
  const found = endpointOf(state, endpoint);
  if (found === undefined) throw new Refusal(404, 'endpoint_not_found', `There is no endpoint ${endpoint}.`);
  const missing = found.features.find(({ name, default: value }) => value === undefined && !(name in body.features));
  if (missing !== undefined) {
    throw new Refusal(400, 'invalid_features', `row 0, feature '${missing.name}': is missing`, [
      { field: `features.${missing.name}`, detail: 'is missing, and has no default' },
    ]);
  }
  const row = prediction(0x900000 + trials.size, now);
  const detail = trialDetail(row, {
    endpoint,
    features: body.features,
    unit: body.unit ?? '',
    context: { ...body.context, source: 'dashboard' },
    at: new Date(now).toISOString(),
  });
  trials.set(row.id, { readableAt: now + UNTIL_READABLE_MS, detail });
  return {
    id: row.id,
    answer: detail.answer,
    served: { model: detail.model, version: detail.version, path: detail.path },
    revision: detail.revision,
    requestId: detail.requestId,
    overheadMicros: 412,
    roundTripMicros: 5_310,
  };
}

function listPredictions(query: URLSearchParams, empty: boolean, from: number, to: number): unknown {
  const limit = Number(query.get('limit') ?? 100);
  const start = Number(query.get('cursor') ?? 0);
  if (empty) return { items: [] };
  const items = [];
  let index = start;
  for (; items.length < limit && index < start + limit * 60 && to - index * 1_700 > from; index += 1) {
    const row = prediction(index, to - index * 1_700);
    const outcome = query.get('outcome');
    const wrong = row.outcome !== null && row.outcome !== row.answer.label;
    if (query.has('endpoint') && row.endpoint !== query.get('endpoint')) continue;
    if (query.has('model') && row.model !== query.get('model')) continue;
    if (query.has('status') && row.status !== query.get('status')) continue;
    if (query.has('label') && String(row.answer.label) !== query.get('label')) continue;
    if (query.has('path') && !row.path.startsWith(query.get('path') ?? '')) continue;
    if (query.has('unit') && row.unit !== query.get('unit')) continue;
    if (outcome === 'known' && row.outcome === null) continue;
    if (outcome === 'unknown' && row.outcome !== null) continue;
    if (outcome === 'correct' && (row.outcome === null || wrong)) continue;
    if (outcome === 'wrong' && !wrong) continue;
    items.push(row);
  }
  return { items, ...(to - index * 1_700 > from ? { nextCursor: String(index) } : {}) };
}

function findPrediction(id: string, now: number): unknown {
  const trial = trials.get(id);
  if (trial !== undefined) {
    if (trial.readableAt > now)
      throw new Refusal(404, 'prediction_not_found', `there is no prediction ${id} in the store (yet)`);
    return trial.detail;
  }
  const index = Number.parseInt(id.slice(4, 8) + id.slice(9, 13), 16) - 0x10000000;
  if (!id.startsWith('019a') || Number.isNaN(index))
    throw new Refusal(404, 'prediction_not_found', 'The prediction is not known.');
  return predictionDetail(prediction(index, Date.now() - (index % 0x800000) * 1_700));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  await wait(0);
  return Buffer.concat(parts).toString('latin1');
}

function serveFile(directory: string | undefined, path: string, response: ServerResponse): void {
  const root = directory ?? join(import.meta.dirname, '../dist');
  const wanted = join(root, normalize(path));
  const file =
    wanted.startsWith(root) && existsSync(wanted) && statSync(wanted).isFile() ? wanted : join(root, 'index.html');
  if (!existsSync(file)) {
    response.writeHead(404).end('npm run build -w @switchyard/dashboard first');
    return;
  }
  response.writeHead(200, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': POLICY,
  });
  createReadStream(file).pipe(response);
}

if (import.meta.main) {
  const api = await startMockApi({
    port: Number(process.env.PORT ?? 7070),
    scenario: (process.argv[2] ?? 'data') as Scenario,
  });
  console.log(`mock control plane on ${api.url}`);
}
