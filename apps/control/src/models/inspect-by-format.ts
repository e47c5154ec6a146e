import { inspectJavascriptFile } from '@switchyard/runtimes/javascript';
import { inspectOnnxFile } from '@switchyard/runtimes/onnx';
import type { InspectArtifact } from './inspect-artifact.ts';

const ONNX_LIMITS = { timeoutMs: 60_000, memoryLimitMb: 4_096 };

/** Hands a file to the runtime of the format that the upload names. */
export const inspectByFormat: InspectArtifact = (request) =>
  request.spec.format === 'javascript'
    ? inspectJavascriptFile(request)
    : inspectOnnxFile({ ...request, ...ONNX_LIMITS });
