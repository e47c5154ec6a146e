import { readFileSync } from 'node:fs';
import type { ModelVersion, PlatformStatus, PredictResponse } from '@switchyard/contracts';
import { type Fixture, publish, waitUntilServed } from './fixture.ts';

const MODELS = 200;
const ARTIFACT = new URL('../examples/fraud/artifacts/neural-network.onnx', import.meta.url);

/**
 * So many models, each a file of its own behind an endpoint of its own, uploaded and published one after the other:
 * what each takes, the gateway's memory, and whether each answers as the file it was made from.
 */
export async function measureManyModels(fixture: Fixture, print: (line: string) => void) {
  const { gatewayUrl } = fixture.platform;
  const artifact = readFileSync(ARTIFACT);
  const body = readFileSync(fixture.bodiesFile, 'utf8').split('\n')[0] ?? '';
  await publish(fixture.platform, 'many-source', { kind: 'model', model: 'neural-network', alias: 'champion' });
  const expected = await predict(`${gatewayUrl}/v1/models/many-source:predict`, body);
  const spec = { format: 'onnx', features: await sourceFeatures(fixture) };
  const before = await gatewayMemory(fixture);
  const names = Array.from({ length: MODELS }, (_, index) => `many-${index}`);
  const uploadMs: number[] = [];
  const publishMs: number[] = [];
  const busyBefore = processorMs(fixture, 'control');
  const startedAt = performance.now();
  for (const name of names) {
    uploadMs.push(await timed(() => upload(fixture, name, spec, withNote(artifact, name))));
    publishMs.push(await timed(() => publishModel(fixture, name)));
  }
  // The last is served once all before it are.
  await waitUntilServed(gatewayUrl, names.at(-1) ?? '');
  const loadedMs = performance.now() - startedAt;
  const controlMs = (processorMs(fixture, 'control') - busyBefore) / MODELS;
  let answered = 0;
  for (const name of names) {
    const { served, score } = await predict(`${gatewayUrl}/v1/models/${name}:predict`, body);
    if (served === name && score === expected.score) answered += 1;
  }
  const after = await gatewayMemory(fixture);
  const [upload50, publish50, publishLast] = [median(uploadMs), median(publishMs), median(publishMs.slice(-20))];
  print(
    `models loaded at once      ${answered} of ${MODELS} answer as their file does, ${(loadedMs / 1_000).toFixed(1)} s to upload, publish and load them one by one (an upload ${upload50.toFixed(0)} ms, a publication ${publish50.toFixed(0)} ms, the last twenty ${publishLast.toFixed(0)} ms; ${controlMs.toFixed(0)} ms of processor time of control for each), gateway ${mebibytes(before)} → ${mebibytes(after)} MiB`,
  );
  return {
    models: MODELS,
    answered,
    loadedMs,
    uploadMs: upload50,
    publishMs: publish50,
    publishLastTwentyMs: publishLast,
    controlProcessorMsEach: controlMs,
    memoryBytes: { before, after },
  };
}

async function sourceFeatures(fixture: Fixture): Promise<unknown> {
  const response = await fetch(`${fixture.platform.controlUrl}/api/v1/models/neural-network/versions/1`);
  return ((await response.json()) as ModelVersion).signature.features;
}

async function upload(fixture: Fixture, name: string, spec: object, artifact: Uint8Array<ArrayBuffer>): Promise<void> {
  const models = `${fixture.platform.controlUrl}/api/v1/models`;
  await send(models, 'POST', { name, task: 'binary' });
  const form = new FormData();
  form.append('spec', new Blob([JSON.stringify(spec)], { type: 'application/json' }));
  form.append('artifact', new Blob([artifact]), `${name}.onnx`);
  await accepted(await fetch(`${models}/${name}/versions`, { method: 'POST', body: form }));
}

function publishModel(fixture: Fixture, name: string): Promise<void> {
  const policy = { kind: 'model', model: name, version: '1' };
  return send(`${fixture.platform.controlUrl}/api/v1/endpoints/${name}`, 'PUT', { policy });
}

async function send(url: string, method: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  await accepted(await fetch(url, { method, headers, body: JSON.stringify(body) }));
}

async function accepted(response: Response): Promise<void> {
  const text = await response.text();
  if (!response.ok) throw new Error(text);
}

async function predict(url: string, body: string): Promise<{ served: string | undefined; score: number | undefined }> {
  const response = await fetch(url, { method: 'POST', body });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  const { predictions, served } = JSON.parse(text) as PredictResponse;
  return { served: served[0]?.model, score: predictions[0]?.score };
}

/** The same model with one more entry of metadata (field 14 of the file): another digest, so another file to load. */
function withNote(artifact: Buffer, note: string): Uint8Array<ArrayBuffer> {
  const entry = Buffer.concat([
    Buffer.from([0x0a, 1]),
    Buffer.from('n'),
    Buffer.from([0x12, note.length]),
    Buffer.from(note),
  ]);
  return Uint8Array.from(Buffer.concat([artifact, Buffer.from([0x72, entry.length]), entry]));
}

/** As the gateway reports it, which it does every two seconds. */
async function gatewayMemory(fixture: Fixture): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const response = await fetch(`${fixture.platform.controlUrl}/api/v1/status`);
  const status = (await response.json()) as PlatformStatus;
  return status.gateways[0]?.memoryBytes ?? Number.NaN;
}

/** Of a process so far, in ticks of 10 ms: on a busy machine the time on the clock says little about it. */
function processorMs(fixture: Fixture, name: string): number {
  const stat = readFileSync(`/proc/${fixture.platform.supervisor.pid(name)}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

const median = (values: readonly number[]) => [...values].sort((left, right) => left - right)[values.length >> 1] ?? 0;
const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
