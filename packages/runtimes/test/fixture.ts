import type { Signature, Task, VersionSpec } from '@switchyard/contracts';
import type { LoadedModel } from '../src/model-runtime.ts';
import { type LoadOptions, loadOnnxModel } from '../src/onnx/index.ts';
import { type Inspection, inspectSession } from '../src/onnx/inspect-session.ts';

export const fixturePath = (name: string): string => new URL(`fixtures/${name}.onnx`, import.meta.url).pathname;

/** Inspects a file of ours in this process: they are known not to crash, and a process each would take long. */
export function inspectFixture(name: string, task: Task, spec: Partial<VersionSpec> = {}): Promise<Inspection> {
  return inspectSession({ path: fixturePath(name), task, spec: { format: 'onnx', ...spec } });
}

export async function signatureOf(name: string, task: Task, spec: Partial<VersionSpec> = {}): Promise<Signature> {
  const inspection = await inspectFixture(name, task, spec);
  if (!inspection.ok) throw new Error(inspection.reason);
  return inspection.signature;
}

export async function loadFixture(
  name: string,
  task: Task,
  options: Omit<LoadOptions, 'path' | 'signature'> & { spec?: Partial<VersionSpec> },
): Promise<LoadedModel> {
  const { spec = {}, ...rest } = options;
  return loadOnnxModel({ path: fixturePath(name), signature: await signatureOf(name, task, spec), ...rest });
}
