import { readFileSync } from 'node:fs';
import type { PlatformStatus, PredictResponse } from '@switchyard/contracts';
import { type Fixture, publish } from './fixture.ts';

const MODELS = 200;

/** So many models loaded at once, each answering as the file it was made from does. */
export async function measureManyModels(fixture: Fixture, print: (line: string) => void) {
  const { controlUrl, gatewayUrl } = fixture.platform;
  const artifact = readFileSync(new URL('../examples/fraud/artifacts/neural-network.onnx', import.meta.url));
  const body = readFileSync(fixture.bodiesFile, 'utf8').split('\n')[0] ?? '';
  const before = await gatewayMemory(fixture);
  const names = Array.from({ length: MODELS }, (_, index) => `many-${index}`);
  const startedAt = performance.now();
  for (const name of names) {
    const created = await fetch(`${controlUrl}/api/v1/models`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name, task: 'binary' }),
    });
    if (!created.ok) throw new Error(await created.text());
    const form = new FormData();
    form.append('spec', new Blob([JSON.stringify({ format: 'onnx' })], { type: 'application/json' }));
    // A byte of its own makes each file a file of its own: the digest is what models are shared by.
    form.append('artifact', new Blob([artifact]), `${name}.onnx`);
    const uploaded = await fetch(`${controlUrl}/api/v1/models/${name}/versions`, { method: 'POST', body: form });
    if (!uploaded.ok) throw new Error(await uploaded.text());
    // The last is served once all before it are.
    await publish(fixture.platform, name, { kind: 'model', model: name, version: '1' }, name === names.at(-1));
  }
  const loadedMs = performance.now() - startedAt;
  const scores = new Set<number>();
  let answered = 0;
  for (const name of names) {
    const response = await fetch(`${gatewayUrl}/v1/models/${name}:predict`, { method: 'POST', body });
    const { predictions, served } = (await response.json()) as PredictResponse;
    if (response.ok && served[0]?.model === name) answered += 1;
    scores.add(predictions[0]?.score ?? Number.NaN);
  }
  const after = await gatewayMemory(fixture);
  print(
    `models loaded at once      ${answered} of ${MODELS} answer, all ${scores.size === 1 ? 'alike' : 'DIFFERENTLY'}, gateway ${mebibytes(before)} → ${mebibytes(after)} MiB, ${(loadedMs / MODELS).toFixed(0)} ms each to upload, load and publish`,
  );
  return { models: MODELS, answered, distinctScores: scores.size, memoryBytes: { before, after }, loadedMs };
}

async function gatewayMemory(fixture: Fixture): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const response = await fetch(`${fixture.platform.controlUrl}/api/v1/status`);
  const status = (await response.json()) as PlatformStatus;
  return status.gateways[0]?.memoryBytes ?? Number.NaN;
}

const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
