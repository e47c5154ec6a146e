import { randomUUID } from 'node:crypto';
import { type TensorSpec, tensorDatatypeSchema, type UpstreamOf } from '@switchyard/contracts';
import { UpstreamFailure } from '../upstream/failures.ts';
import { expectSuccess } from '../upstream/http-client.ts';
import { asRecord, parseModelJson } from '../upstream/json.ts';
import type { TransportContext } from '../upstream/make-transport.ts';
import { createRestClient } from '../upstream/rest-client.ts';
import { type ReceivedTensor, type UpstreamTensor, valuesToJson } from '../upstream/tensors.ts';
import type { Transport } from '../upstream/transport.ts';

export function createRestTransport(upstream: UpstreamOf<'open-inference'>, context: TransportContext): Transport {
  const http = createRestClient(upstream, context);
  const { model, version } = upstream;
  const path = `/v2/models/${model}${version === undefined ? '' : `/versions/${version}`}`;
  return {
    async call({ inputs, outputs }, signal) {
      // The id comes back in the answer: proof that it is the answer to this request.
      const id = randomUUID();
      const wanted = outputs.map(({ name }) => ({ name }));
      const body = `{"id":"${id}","inputs":[${inputs.map(inputToJson).join(',')}],"outputs":${JSON.stringify(wanted)}}`;
      const answer = await http.send({ method: 'POST', path: `${path}/infer`, body }, signal);
      return readInferResponse(parseModelJson(expectSuccess(answer)), id);
    },
    async probe(signal) {
      // Servers disagree about the body: only the status counts.
      expectSuccess(await http.send({ method: 'GET', path: `${path}/ready` }, signal));
    },
    async describe(signal) {
      const answer = await http.send({ method: 'GET', path }, signal);
      const metadata = asRecord(parseModelJson(expectSuccess(answer)), 'The metadata');
      return { inputs: readSpecs(metadata.inputs, 'input'), outputs: readSpecs(metadata.outputs, 'output') };
    },
    openConnections: http.openConnections,
    close: http.close,
  };
}

function inputToJson(tensor: UpstreamTensor): string {
  const { name, datatype, shape } = tensor;
  return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(',')}],"data":${valuesToJson(tensor)}}`;
}

function readInferResponse(parsed: unknown, id: string): ReceivedTensor[] {
  const response = asRecord(parsed, 'The answer');
  if (typeof response.error === 'string') throw new UpstreamFailure('server_failed', response.error);
  if (response.id !== undefined && response.id !== '' && response.id !== id) {
    throw new UpstreamFailure('wrong_rows', 'The model server answered another request than the one it was sent.');
  }
  if (!Array.isArray(response.outputs)) {
    throw new UpstreamFailure('unreadable', 'The answer of the model server has no outputs.');
  }
  return response.outputs.map((output) => {
    const { name, datatype, shape, data } = asRecord(output, 'An output');
    if (typeof name !== 'string' || !Array.isArray(shape) || data === undefined) {
      throw new UpstreamFailure('unreadable', 'An output of the model server lacks its name, shape or data.');
    }
    // Whether it is a known one shows when it is held against what was registered.
    return { name, datatype: datatype as ReceivedTensor['datatype'], shape: shape as number[], data };
  });
}

/** The tensors of a model's metadata; those of other datatypes than a row can have make it unreadable. */
export function readSpecs(list: unknown, what: string): TensorSpec[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw new UpstreamFailure('unreadable', `The metadata has no list of ${what}s.`);
  return list.map((item) => {
    const { name, datatype, shape } = asRecord(item, `An ${what} in the metadata`);
    const known = tensorDatatypeSchema.safeParse(datatype);
    if (typeof name !== 'string' || !Array.isArray(shape) || !known.success) {
      throw new UpstreamFailure(
        'unreadable',
        `The ${what} '${String(name)}' has the datatype ${String(datatype)}, which cannot be served.`,
      );
    }
    return { name, datatype: known.data, shape: shape.map(Number) };
  });
}
