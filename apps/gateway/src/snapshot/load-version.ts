import type { ServedVersion } from '@switchyard/contracts';
import type { LoadedModel } from '@switchyard/runtimes';
import { loadJavascriptModel } from '@switchyard/runtimes/javascript';
import { loadOnnxModel, type OnnxWorkerPool } from '@switchyard/runtimes/onnx';
import { loadUpstreamModel } from '@switchyard/runtimes/upstream';

/** What one model may have waiting, over all endpoints; each endpoint has its own limit besides. */
const MODEL_MAXIMUM_QUEUED_ROWS = 200_000;

/** Hands a version to the runtime of its format. @param path where its artifact is */
export function loadVersion(path: string, served: ServedVersion, pool: OnnxWorkerPool): Promise<LoadedModel> {
  const { signature, upstream } = served;
  if (upstream !== undefined) {
    return loadUpstreamModel({ upstream, signature, readSecret: (name) => process.env[name] });
  }
  const file = { path, signature, maximumQueuedRows: MODEL_MAXIMUM_QUEUED_ROWS };
  return served.format === 'javascript' ? loadJavascriptModel(file) : loadOnnxModel({ ...file, pool });
}
