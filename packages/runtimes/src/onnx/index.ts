export { type InspectOptions, inspectOnnxFile } from './inspect-onnx-file.ts';
export type { Inspection } from './inspect-session.ts';
export { type LoadOptions, loadOnnxModel } from './load-onnx-model.ts';
export { createOnnxWorkerPool, type OnnxWorkerPool } from './worker-pool.ts';
