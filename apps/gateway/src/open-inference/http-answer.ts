import { LineWriter } from '@switchyard/prediction-log';
import { type Exchange, sendBody } from '../http/exchange.ts';
import { encodeTensor } from './binary-tensors.ts';
import { type InferAnswer, type OutputTensor, observeAnswer, type ReceivedInfer } from './infer-call.ts';
import { outputJson, outputText } from './output-json.ts';

/** JSON before bytes is filled up with spaces to a multiple of this, so that every tensor can be read in place. */
const ALIGNMENT_BYTES = 8;

/** For one answer at a time. */
const writer = new LineWriter();

/** Sends the answer of an `infer` call: JSON, with the tensors that were asked for as bytes behind it. */
export function sendInferAnswer(exchange: Exchange, infer: ReceivedInfer, answer: InferAnswer): void {
  const { body, jsonBytes } = bodyOf(infer, answer);
  const isBinary = jsonBytes < body.length;
  const overheadMicros = Math.round(observeAnswer(answer, exchange));
  const headers = ['x-switchyard-overhead-us', String(overheadMicros)];
  if (answer.endpoint !== undefined) headers.push('x-switchyard-revision', String(answer.endpoint.revision));
  if (isBinary) headers.push('inference-header-content-length', String(jsonBytes));
  sendBody(exchange, 200, isBinary ? 'application/octet-stream' : 'application/json', body, headers);
}

function bodyOf(infer: ReceivedInfer, answer: InferAnswer): { body: Buffer; jsonBytes: number } {
  const tensors = answer.outputs.map((output) => ({
    output,
    bytes: isWantedAsBytes(infer, output) ? encodeTensor(output) : undefined,
  }));
  const id = answer.id === undefined ? '' : `"id":${JSON.stringify(answer.id)},`;
  const outputs = tensors.map(({ output, bytes }) =>
    bytes === undefined ? outputJson(output) : binaryOutputJson(output, bytes),
  );
  try {
    writer.text(`{"model_name":"${answer.modelName}","model_version":"${answer.modelVersion}",${id}"parameters":{`);
    writeParameters(answer.parameters);
    writer.text(`},"outputs":[${outputs.join(',')}]}`);
    const behind = tensors.flatMap(({ bytes }) => bytes ?? []);
    if (behind.length > 0) writer.padTo(ALIGNMENT_BYTES);
    const jsonBytes = writer.written().length;
    for (const bytes of behind) writer.bytes(bytes);
    return { body: Buffer.from(writer.written()), jsonBytes };
  } finally {
    writer.clear();
  }
}

/** Lists of an entry a row would be most of the time of an answer if they were escaped like any text. */
function writeParameters(parameters: InferAnswer['parameters']): void {
  let separator = '';
  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value === 'string') writer.text(`${separator}"${name}":${JSON.stringify(value)}`);
    else {
      writer.text(`${separator}"${name}":"`);
      value.writeEscaped(writer);
      writer.text('"');
    }
    separator = ',';
  }
}

function isWantedAsBytes(infer: ReceivedInfer, { name }: OutputTensor): boolean {
  return infer.outputs?.find((output) => output.name === name)?.isBinary ?? infer.isBinaryOutput;
}

function binaryOutputJson(output: OutputTensor, bytes: Uint8Array): string {
  return outputText(output, { ...output.parameters, binary_data_size: bytes.byteLength }, '');
}
