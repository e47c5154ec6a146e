import { type Exchange, sendBody, sendJson } from '../http/exchange.ts';
import { encodeTensor } from './binary-tensors.ts';
import { type InferAnswer, type OutputTensor, observeAnswer, type ReceivedInfer } from './infer-call.ts';
import { outputJson, outputText } from './output-json.ts';

/** JSON before bytes is filled up with spaces to a multiple of this, so that every tensor can be read in place. */
const ALIGNMENT_BYTES = 8;

/** Sends the answer of an `infer` call: JSON, with the tensors that were asked for as bytes behind it. */
export function sendInferAnswer(exchange: Exchange, infer: ReceivedInfer, answer: InferAnswer): void {
  const tensors = answer.outputs.map((output) => ({
    output,
    bytes: isWantedAsBytes(infer, output) ? encodeTensor(output) : undefined,
  }));
  const id = answer.id === undefined ? '' : `"id":${JSON.stringify(answer.id)},`;
  const outputs = tensors.map(({ output, bytes }) =>
    bytes === undefined ? outputJson(output) : binaryOutputJson(output, bytes),
  );
  const json =
    `{"model_name":"${answer.modelName}","model_version":"${answer.modelVersion}",${id}` +
    `"parameters":${JSON.stringify(answer.parameters)},"outputs":[${outputs.join(',')}]}`;
  const overheadMicros = Math.round(observeAnswer(answer, exchange));
  const headers = ['x-switchyard-overhead-us', String(overheadMicros)];
  if (answer.endpoint !== undefined) headers.push('x-switchyard-revision', String(answer.endpoint.revision));
  const behind = tensors.flatMap(({ bytes }) => bytes ?? []);
  if (behind.length === 0) {
    sendJson(exchange, 200, json, headers);
    return;
  }
  const length = Buffer.byteLength(json);
  const padded = length + ((ALIGNMENT_BYTES - (length % ALIGNMENT_BYTES)) % ALIGNMENT_BYTES);
  const head = Buffer.alloc(padded, ' ');
  head.write(json);
  headers.push('inference-header-content-length', String(padded));
  sendBody(exchange, 200, 'application/octet-stream', Buffer.concat([head, ...behind]), headers);
}

function isWantedAsBytes(infer: ReceivedInfer, { name }: OutputTensor): boolean {
  return infer.outputs?.find((output) => output.name === name)?.isBinary ?? infer.isBinaryOutput;
}

function binaryOutputJson(output: OutputTensor, bytes: Uint8Array): string {
  return outputText(output, { ...output.parameters, binary_data_size: bytes.byteLength }, '');
}
