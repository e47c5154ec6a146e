import { type ModelVersion, type ServingSnapshot, servingSnapshotSchema } from '@switchyard/contracts';
import { inspectUpstream } from '@switchyard/runtimes/upstream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeModels } from '../../../packages/runtimes/test/support/fake-models.ts';
import { type FakeUpstream, startFakeUpstream } from '../../../packages/runtimes/test/support/fake-upstream.ts';
import { canonicalJson } from '../src/snapshot/canonical-json.ts';
import { INTERNAL_TOKEN, problemOf, type RunningControl, startControl } from './start-control.ts';

const [server, ...others] = fakeModels;
if (server === undefined || others.length === 0) throw new Error('there are fake models');
let running: RunningControl;
let fake: FakeUpstream;

beforeAll(async () => {
  running = await startControl({
    inspectUpstream: (request) => inspectUpstream({ ...request, readSecret: () => undefined }),
  });
  fake = await startFakeUpstream(server.isCall, (request) => server.answer(request, 'good'));
  await running.call('POST', '/models', { name: 'remote', task: 'binary' });
});
afterAll(async () => {
  await running.stop();
  await fake.close();
});

const upstream = (changes: Record<string, unknown> = {}) => ({
  kind: 'open-inference',
  protocol: 'rest',
  url: fake.url,
  model: 'm',
  ...changes,
});
const register = (body: unknown) => running.call<ModelVersion>('POST', '/models/remote/versions', body);

describe('a model of another server', () => {
  it('is registered with what its server says, and given out with defaults filled in', async () => {
    const { status, body } = await register({
      upstream: upstream(),
      features: ['x', 'y'],
      labels: ['no', 'yes'],
      lineage: { notes: 'trained elsewhere' },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      model: 'remote',
      version: '1',
      format: 'open-inference',
      upstream: { ...upstream(), timeoutMs: 5_000, maxConnections: 32 },
      signature: {
        features: [
          { name: 'x', type: 'number' },
          { name: 'y', type: 'number' },
        ],
        inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
        roles: { probabilities: 'p' },
      },
      lineage: { notes: 'trained elsewhere' },
    });
    // The artifact is the reference itself, so that it has a digest and can be kept.
    const kept = await running.call('GET', '/models/remote/versions/1/artifact');
    expect(kept.headers.get('content-disposition')).toContain('remote-1.json');
    expect(canonicalJson(JSON.parse(String(kept.body)))).toBe(canonicalJson(body.upstream));
  });

  it('reaches the gateways in the snapshot', async () => {
    await running.call('PUT', '/endpoints/far', { policy: { kind: 'model', model: 'remote', version: '1' } });
    const { body } = await running.call<ServingSnapshot>('GET', '//internal/v1/snapshot', undefined, {
      authorization: `Bearer ${INTERNAL_TOKEN}`,
    });
    expect(servingSnapshotSchema.parse(body).models.remote?.versions['1']).toMatchObject({
      format: 'open-inference',
      upstream: upstream(),
    });
  });

  it.each([
    ['credentials', { url: 'http://user:secret@127.0.0.1:1/' }, /credentials/],
    ['another scheme', { url: 'file:///etc/passwd' }, /http/],
    ['a scheme of the other protocol', { url: 'grpc://127.0.0.1:1' }, /http/],
    ['link-local services', { url: 'http://169.254.169.254/latest' }, /link-local/],
    ['link-local services as a number', { url: 'http://0xa9fea9fe/' }, /link-local/],
    ['link-local services behind a translator', { url: 'http://[64:ff9b::169.254.169.254]/' }, /link-local/],
    ['the metadata of a cloud at a unique local address', { url: 'http://[fd00:ec2::254]/latest' }, /link-local/],
    ['a query', { url: 'http://127.0.0.1:1/?a=b' }, /\?/],
    ['a path in the name of the model', { model: '../../admin' }, /made of letters/],
    ['a variable of somebody else', { bearerTokenVariable: 'AWS_SECRET_ACCESS_KEY' }, /SWITCHYARD_UPSTREAM_/],
    ['an unknown setting', { retries: 3 }, /nrecognized key/],
    ['an unknown kind', { kind: 'sagemaker' }, /upstream/],
  ])('is refused with %s', async (_name, changes, message) => {
    const answer = await register({ upstream: upstream(changes), features: ['x', 'y'] });
    expect(problemOf(answer)).toMatchObject({
      code: 'invalid_request',
      status: 400,
      detail: expect.stringMatching(message),
    });
    expect(fake.requests.every(({ path }) => !path.includes('..'))).toBe(true);
  });

  it.each([
    ['features that do not fit', { features: ['x'] }, /names 1 features, the model takes 2/],
    ['labels that do not fit', { features: ['x', 'y'], labels: ['a', 'b', 'c'] }, /a label|two labels|probabilities/],
    ['no features', {}, /name them/],
  ])('cannot be served with %s', async (_name, spec, message) => {
    const answer = await register({ upstream: upstream(), ...spec });
    expect(problemOf(answer)).toMatchObject({ code: 'invalid_artifact', detail: expect.stringMatching(message) });
  });

  it('cannot be served when the registered tensors are not those of the server', async () => {
    const inputs = [{ name: 'x', datatype: 'FP64', shape: [-1, 2] }];
    const answer = await register({ upstream: upstream({ inputs }), features: ['x', 'y'] });
    expect(problemOf(answer)).toMatchObject({
      code: 'invalid_artifact',
      detail: expect.stringContaining("The input 'x' of the model server is FP32, not FP64 as registered."),
    });
  });

  it('cannot be served when the server does not have it, or is not there', async () => {
    const missing = await register({ upstream: upstream({ model: 'other' }), features: ['x', 'y'] });
    expect(problemOf(missing)).toMatchObject({ code: 'invalid_artifact', detail: expect.stringContaining('404') });
    const nobody = await register({ upstream: upstream({ url: 'http://127.0.0.1:1' }), features: ['x', 'y'] });
    expect(problemOf(nobody)).toMatchObject({ code: 'upstream_unreachable', status: 503 });
    const { body } = await running.call<{ items: unknown[] }>('GET', '/models/remote/versions');
    expect(body.items).toHaveLength(1);
  });
});
