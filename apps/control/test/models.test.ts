import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { configSchema } from '@switchyard/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  amountSignature,
  eventually,
  inspectJsonArtifact,
  makeSignature,
  problemOf,
  type RunningControl,
  startControl,
} from './start-control.ts';

const ARTIFACT_MAXIMUM_BYTES = 200_000;
let running: RunningControl;
const inspected: { task: string; format: string }[] = [];
let crash = false;
beforeAll(async () => {
  running = await startControl({
    config: { limits: { ...configSchema.parse({}).limits, artifactMaximumBytes: ARTIFACT_MAXIMUM_BYTES } },
    inspectArtifact: async (request) => {
      inspected.push({ task: request.task, format: request.spec.format });
      if (crash) throw new Error('secret path /etc/inspector');
      return inspectJsonArtifact(request);
    },
  });
});
afterAll(() => running.stop());

const artifact = JSON.stringify(amountSignature);
const uploadsLeft = () => readdir(join(running.directory, 'uploads'));
const objectsKept = () => readdir(join(running.directory, 'objects', 'artifacts')).catch(() => []);

describe('models', () => {
  it('are created, listed in order of creation, found and deleted', async () => {
    const created = await running.call('POST', '/models', { name: 'zebra', task: 'binary', description: 'first' });
    expect(created).toMatchObject({
      status: 201,
      body: { name: 'zebra', task: 'binary', description: 'first', latestVersion: null, versionCount: 0, aliases: {} },
    });
    await running.call('POST', '/models', { name: 'ant', task: 'regression' });
    const list = await running.call<{ items: { name: string }[] }>('GET', '/models');
    expect(list.body.items.map((model) => model.name)).toEqual(['zebra', 'ant']);
    expect((await running.call('DELETE', '/models/ant')).status).toBe(204);
    expect(problemOf(await running.call('GET', '/models/ant')).code).toBe('model_not_found');
    expect(problemOf(await running.call('DELETE', '/models/ant')).code).toBe('model_not_found');
  });

  it('are listed a page at a time', async () => {
    for (const name of ['page-1', 'page-2', 'page-3']) await running.call('POST', '/models', { name, task: 'binary' });
    const names: string[] = [];
    let cursor = '';
    do {
      const page = await running.call<{ items: { name: string }[]; nextCursor?: string }>(
        'GET',
        `/models?limit=2${cursor}`,
      );
      expect(page.body.items.length).toBeLessThanOrEqual(2);
      names.push(...page.body.items.map((model) => model.name));
      cursor = page.body.nextCursor ? `&cursor=${page.body.nextCursor}` : '';
    } while (cursor);
    expect(names).toEqual(['zebra', 'page-1', 'page-2', 'page-3']);
    expect(problemOf(await running.call('GET', '/models?cursor=nonsense'))).toMatchObject({
      code: 'invalid_request',
      errors: [{ field: 'cursor' }],
    });
  });

  it('are all listed when one of an earlier page is deleted meanwhile', async () => {
    type Page = { items: { name: string }[]; nextCursor: string };
    for (const name of ['early', 'late']) await running.call('POST', '/models', { name, task: 'binary' });
    const before = await running.call<Page>('GET', '/models');
    const first = await running.call<Page>('GET', `/models?limit=${before.body.items.length - 1}`);
    expect(first.body.items.at(-1)?.name).toBe('early');
    await running.call('DELETE', '/models/early');
    const next = await running.call<Page>('GET', `/models?cursor=${first.body.nextCursor}`);
    expect(next.body.items.map((model) => model.name)).toEqual(['late']);
    await running.call('DELETE', '/models/late');
  });

  it('cannot be created twice, also not by two at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => running.call('POST', '/models', { name: 'once', task: 'binary' })),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409, 409, 409]);
  });
});

describe('uploads', () => {
  it('become versions that can be listed, read and downloaded byte for byte', async () => {
    await running.call('POST', '/models', { name: 'fraud', task: 'binary' });
    const spec = { format: 'onnx', lineage: { dataset: 'cards', metrics: { auc: 0.98 } } };
    const first = await running.upload('fraud', artifact, spec);
    const sha256 = createHash('sha256').update(artifact).digest('hex');
    expect(first).toMatchObject({
      status: 201,
      body: {
        model: 'fraud',
        version: '1',
        format: 'onnx',
        artifact: { sha256, sizeBytes: artifact.length },
        signature: amountSignature,
        lineage: spec.lineage,
      },
    });
    expect(inspected.at(-1)).toEqual({ task: 'binary', format: 'onnx' });
    expect(
      (await running.upload('fraud', artifact, { format: 'onnx', lineage: { parentVersion: '1' } })).body.version,
    ).toBe('2');
    const list = await running.call<{ items: { version: string }[] }>('GET', '/models/fraud/versions');
    expect(list.body.items.map((version) => version.version)).toEqual(['2', '1']);

    const download = await fetch(`${running.url}/api/v1/models/fraud/versions/1/artifact`);
    expect(await download.text()).toBe(artifact);
    expect(download.headers.get('etag')).toBe(`"${sha256}"`);
    expect(download.headers.get('content-disposition')).toBe('attachment; filename="fraud-1.onnx"');
    expect(await objectsKept()).toEqual([sha256]);
    expect(await uploadsLeft()).toEqual([]);
  });

  it('take the parts in either order, and the spec as a JSON part or a file too', async () => {
    await running.call('POST', '/models', { name: 'orders', task: 'binary' });
    const send = async (fill: (form: FormData) => void) => {
      const form = new FormData();
      fill(form);
      return (await fetch(`${running.url}/api/v1/models/orders/versions`, { method: 'POST', body: form })).status;
    };
    const spec = new Blob(['{"format":"onnx"}'], { type: 'application/json' });
    const statuses = [
      await send((form) => {
        form.append('artifact', new Blob([artifact]), 'm.onnx');
        form.append('spec', '{"format":"onnx"}');
      }),
      await send((form) => {
        form.append('spec', spec, 'spec.json');
        form.append('artifact', new Blob([artifact]), 'm.onnx');
      }),
    ];
    expect(statuses).toEqual([201, 201]);
  });

  it('get numbers without gaps or repeats when many arrive at once', async () => {
    await running.call('POST', '/models', { name: 'busy', task: 'binary' });
    const answers = await Promise.all([1, 2, 3, 4].map(() => running.upload('busy', artifact)));
    expect(answers.map((answer) => answer.body.version).sort()).toEqual(['1', '2', '3', '4']);
  });

  it('never get a number again that a deleted model of the same name had', async () => {
    await running.addModel('reborn');
    await running.call('DELETE', '/models/reborn');
    await running.addModel('reborn');
    expect((await running.call('GET', '/models/reborn')).body.latestVersion).toBe('2');
  });

  it('keep an artifact that another version shares, and remove one that nobody needs', async () => {
    const shared = JSON.stringify(makeSignature([{ name: 'shared', type: 'number' }]));
    await running.addModel('sharer-a', JSON.parse(shared));
    await running.addModel('sharer-b', JSON.parse(shared));
    const sha256 = createHash('sha256').update(shared).digest('hex');
    await running.call('DELETE', '/models/sharer-a');
    expect(await objectsKept()).toContain(sha256);
    expect((await running.call('GET', '/models/sharer-b/versions/1/artifact')).status).toBe(200);
    await running.call('DELETE', '/models/sharer-b');
    expect(await objectsKept()).not.toContain(sha256);
  });

  it.each([
    ['a spec that is not JSON', () => running.upload('fraud', artifact, '{"format":'), 'malformed_json', 'spec'],
    ['an unknown format', () => running.upload('fraud', artifact, { format: 'exe' }), 'invalid_request', 'format'],
    [
      'an unknown member',
      () => running.upload('fraud', artifact, { format: 'onnx', exec: 'x' }),
      'invalid_request',
      '',
    ],
    [
      'a parent that does not exist',
      () => running.upload('fraud', artifact, { format: 'onnx', lineage: { parentVersion: '99' } }),
      'invalid_request',
      'lineage.parentVersion',
    ],
    [
      'a null character',
      () => running.upload('fraud', artifact, { format: 'onnx', lineage: { notes: 'a\0b' } }),
      'invalid_request',
      'lineage.notes',
    ],
    ['an empty file', () => running.upload('fraud', ''), 'invalid_request', 'artifact'],
    ['a file that is not a model', () => running.upload('fraud', 'just text'), 'invalid_artifact', 'artifact'],
  ])('with %s are refused, say where, and leave nothing', async (_what, send, code, field) => {
    const problem = problemOf(await send());
    expect(problem.code).toBe(code);
    expect(problem.errors?.[0]?.field).toBe(field);
    expect(await uploadsLeft()).toEqual([]);
    expect((await running.call('GET', '/models/fraud')).body.versionCount).toBe(2);
  });

  it('say the reason of the runtime', async () => {
    expect(problemOf(await running.upload('fraud', 'just text')).detail).toContain('The file is not a model.');
  });

  it('need both parts, once, and no others', async () => {
    const send = async (fill: (form: FormData) => void) => {
      const form = new FormData();
      fill(form);
      const response = await fetch(`${running.url}/api/v1/models/fraud/versions`, { method: 'POST', body: form });
      return ((await response.json()) as { detail: string }).detail;
    };
    const file = new Blob([artifact]);
    expect(await send((form) => form.append('spec', '{"format":"onnx"}'))).toContain('artifact: the part is missing');
    expect(await send((form) => form.append('artifact', file, 'm'))).toContain('spec: the part is missing');
    expect(await send((form) => form.append('artifact', 'text'))).toContain('artifact: the part must be a file');
    expect(await send((form) => form.append('other', 'text'))).toContain("only the parts 'spec' and 'artifact'");
    const twice = (form: FormData) => {
      form.append('artifact', file, 'm');
      form.append('artifact', file, 'm');
    };
    expect(await send(twice)).toContain('artifact: the part is given twice');
    expect(await uploadsLeft()).toEqual([]);
  });

  it('are refused when the body is neither multipart nor JSON, and for models that do not exist', async () => {
    const headers = { 'content-type': 'text/csv' };
    expect(problemOf(await running.call('POST', '/models/fraud/versions', 'a,b', headers)).code).toBe(
      'unsupported_media_type',
    );
    expect(problemOf(await running.call('POST', '/models/fraud/versions')).code).toBe('unsupported_media_type');
    expect(problemOf(await running.call('POST', '/models/fraud/versions', { format: 'onnx' })).code).toBe(
      'invalid_request',
    );
    expect(problemOf(await running.upload('nobody', artifact)).code).toBe('model_not_found');
  });

  it('larger than allowed are refused while they arrive', async () => {
    const problem = problemOf(await running.upload('fraud', 'x'.repeat(ARTIFACT_MAXIMUM_BYTES + 1)));
    expect(problem).toMatchObject({ code: 'artifact_too_large', status: 413 });
    expect(await uploadsLeft()).toEqual([]);
    expect((await running.upload('fraud', JSON.stringify(amountSignature).padEnd(ARTIFACT_MAXIMUM_BYTES))).status).toBe(
      201,
    );
  });

  it('whose connection breaks leave nothing behind', async () => {
    const boundary = 'x-boundary';
    const outgoing = httpRequest({
      host: '127.0.0.1',
      port: running.port,
      method: 'POST',
      path: '/api/v1/models/fraud/versions',
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}`, 'content-length': '150000' },
    });
    outgoing.on('error', () => {});
    outgoing.write(
      `--${boundary}\r\ncontent-disposition: form-data; name="artifact"; filename="m"\r\ncontent-type: application/octet-stream\r\n\r\n${'x'.repeat(70_000)}`,
    );
    await eventually('the file is being written', async () => (await uploadsLeft()).length === 1);
    outgoing.destroy();
    await eventually('the file is gone', async () => (await uploadsLeft()).length === 0);
    expect((await running.upload('fraud', 'just text')).status).toBe(422);
  });

  it('whose inspection fails for a reason of ours say nothing of it, and log it', async () => {
    crash = true;
    const answer = await running.upload('fraud', artifact);
    crash = false;
    expect(problemOf(answer).code).toBe('internal_error');
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    const { requestId } = problemOf(answer);
    expect(running.log.filter((line) => line.requestId === requestId && line.level === 50)).toHaveLength(1);
    expect(await uploadsLeft()).toEqual([]);
  });
});
