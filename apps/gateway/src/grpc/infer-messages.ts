import { SwitchyardError, type TensorDatatype } from '@switchyard/contracts';
import { decodeTensor, decodeText, elementCount, encodeTensor } from '../open-inference/binary-tensors.ts';
import type { InferAnswer, ReceivedInfer, ReceivedTensor } from '../open-inference/infer-call.ts';
import { type Parameters, readRequestParameters, refuseUnsupported } from '../open-inference/infer-parameters.ts';
import { checkExtent, checkNames, readDatatype } from '../open-inference/infer-request.ts';
import {
  type InferInputTensor,
  type InferParameters,
  type InferTensorContents,
  type ModelInferRequest,
  type ModelInferResponse,
  toBigInt,
  toNumber,
} from './messages.ts';

const MAXIMUM_ID_CHARACTERS = 512;

const refuse = (detail: string): never => {
  throw new SwitchyardError('invalid_request', detail);
};

/** What a ModelInfer message says. Throws invalid_request. */
export function readInferMessage(message: ModelInferRequest): ReceivedInfer {
  checkExtent(message);
  const { id, inputs, outputs, raw_input_contents: raw } = message;
  if (inputs.length === 0) refuse('there are no inputs');
  if (id.length > MAXIMUM_ID_CHARACTERS) refuse(`id is longer than ${MAXIMUM_ID_CHARACTERS} characters`);
  if (raw.length > 0 && raw.length !== inputs.length) {
    refuse(`there are ${raw.length} raw_input_contents for ${inputs.length} inputs`);
  }
  const tensors = inputs.map((input, index) => readInput(input, raw[index]));
  checkNames(tensors);
  return {
    id: id === '' ? undefined : id,
    inputs: tensors,
    outputs:
      outputs.length === 0
        ? undefined
        : outputs.map(({ name, parameters }) => {
            refuseUnsupported(name, plainParameters(parameters));
            return { name, isBinary: true };
          }),
    ...readRequestParameters(plainParameters(message.parameters)),
  };
}

function readInput(input: InferInputTensor, raw: Uint8Array | undefined): ReceivedTensor {
  const { name, contents } = input;
  const datatype = readDatatype(name, input.datatype);
  const shape = input.shape.map(toNumber);
  if (shape.some((size) => size < 0)) refuse(`input '${name}': shape [${shape}] has a negative size`);
  refuseUnsupported(name, plainParameters(input.parameters));
  if (raw !== undefined) {
    if (contents !== null && Object.values(contents).some((values) => values.length > 0)) {
      refuse(`input '${name}' has contents beside raw_input_contents`);
    }
    return decodeTensor(name, datatype, shape, raw);
  }
  const data = contents === null ? [] : readContents(name, datatype, contents);
  const count = elementCount(shape);
  if (data.length !== count) {
    refuse(`input '${name}': shape [${shape}] needs ${count} values, contents have ${data.length}`);
  }
  return { name, datatype, shape, data };
}

function readContents(name: string, datatype: TensorDatatype, contents: InferTensorContents): ReceivedTensor['data'] {
  switch (datatype) {
    case 'BOOL':
      return contents.bool_contents;
    case 'INT8':
    case 'INT16':
    case 'INT32':
      return contents.int_contents;
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
      return contents.uint_contents;
    case 'INT64':
      return BigInt64Array.from(contents.int64_contents, toBigInt);
    case 'UINT64':
      return BigUint64Array.from(contents.uint64_contents, toBigInt);
    case 'FP32':
      return Float32Array.from(contents.fp32_contents);
    case 'FP64':
      return Float64Array.from(contents.fp64_contents);
    case 'BYTES':
      return contents.bytes_contents.map((bytes, index) => decodeText(name, bytes, index));
    case 'FP16':
      return refuse(`input '${name}': FP16 travels in raw_input_contents`);
  }
}

function plainParameters(parameters: InferParameters): Parameters {
  const plain: Record<string, string | number | boolean> = Object.create(null);
  for (const [name, parameter] of Object.entries(parameters)) {
    const choice = parameter.parameter_choice;
    const value = choice === undefined ? undefined : parameter[choice];
    if (value !== undefined) plain[name] = typeof value === 'object' ? toNumber(value) : value;
  }
  return plain;
}

/** Tensors of answers are always raw: one form that carries every datatype. */
export function inferAnswerMessage(answer: InferAnswer): ModelInferResponse {
  return {
    model_name: answer.modelName,
    model_version: answer.modelVersion,
    id: answer.id ?? '',
    parameters: textParameters(answer.parameters),
    outputs: answer.outputs.map(({ name, datatype, shape, parameters = {} }) => ({
      name,
      datatype,
      shape,
      parameters: textParameters(parameters),
    })),
    raw_output_contents: answer.outputs.map(encodeTensor),
  };
}

function textParameters(parameters: InferAnswer['parameters']): InferParameters {
  return Object.fromEntries(Object.entries(parameters).map(([name, text]) => [name, { string_param: String(text) }]));
}
