import { statSync } from 'node:fs';
import { type Signature, SwitchyardError, type Task, type VersionSpec } from '@switchyard/contracts';
import { makeProbeRows } from '../onnx/probe-rows.ts';
import { describeInputs, inputsOfFeatures } from '../upstream/describe-inputs.ts';
import { describeOutputs, outputsOfTask } from '../upstream/describe-outputs.ts';
import { loadJavascriptModel } from './load-javascript-model.ts';

const MAXIMUM_BYTES = 1_048_576;

export interface InspectJavascriptOptions {
  readonly path: string;
  readonly spec: VersionSpec;
  readonly task: Task;
  readonly callLimitMs?: number;
  readonly loadLimitMs?: number;
}

export type JavascriptInspection =
  | { readonly ok: true; readonly signature: Signature; readonly runMicros: number }
  | { readonly ok: false; readonly reason: string };

/**
 * Makes the signature of a JavaScript module from what the upload says, loads the module and tries it on rows of
 * defaults, zeros and ones, in a thread that it cannot harm. Never rejects because of the file.
 */
export async function inspectJavascriptFile(options: InspectJavascriptOptions): Promise<JavascriptInspection> {
  const { path, spec, task } = options;
  const { size } = statSync(path);
  if (size > MAXIMUM_BYTES)
    return { ok: false, reason: `The module has ${size} bytes; ${MAXIMUM_BYTES} are possible.` };
  const inputs = inputsOfFeatures(spec.features);
  if (inputs === undefined || inputs.length === 0) {
    return { ok: false, reason: 'A module does not say what it takes: name its features in the spec.' };
  }
  const question = { task, roles: undefined, labels: spec.labels, positiveLabel: spec.positiveLabel };
  const outputs = outputsOfTask(question);
  if (outputs === undefined) return { ok: false, reason: 'The labels of the classes must be given.' };
  const taken = describeInputs(inputs, spec.features);
  if (!taken.ok) return taken;
  const given = describeOutputs(outputs, question);
  if (!given.ok) return given;
  const signature: Signature = { ...taken.part, ...given.part };
  try {
    const { callLimitMs, loadLimitMs } = options;
    const limits = {
      ...(callLimitMs === undefined ? {} : { callLimitMs }),
      ...(loadLimitMs === undefined ? {} : { loadLimitMs }),
    };
    const model = await loadJavascriptModel({ path, signature, ...limits });
    try {
      const rows = makeProbeRows(signature.features, []).slice(0, 2);
      for (const row of rows) await model.predict([row]);
      return { ok: true, signature, runMicros: model.runMicros ?? 0 };
    } finally {
      await model.close();
    }
  } catch (error) {
    if (SwitchyardError.is(error)) return { ok: false, reason: error.message };
    throw error;
  }
}
