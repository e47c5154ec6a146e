import type { TensorSpec, UpstreamOf } from '@switchyard/contracts';
import { UpstreamFailure } from '../upstream/failures.ts';
import { expectSuccess } from '../upstream/http-client.ts';
import { asRecord, parseModelJson } from '../upstream/json.ts';
import type { TransportContext } from '../upstream/make-transport.ts';
import { createRestClient } from '../upstream/rest-client.ts';
import { MAXIMUM_DEPTH, type ReceivedTensor, valuesToNestedJson } from '../upstream/tensors.ts';
import type { Transport } from '../upstream/transport.ts';
import { readSignatureDef } from './metadata.ts';

export function createRestTransport(upstream: UpstreamOf<'tensorflow-serving'>, context: TransportContext): Transport {
  const http = createRestClient(upstream, context);
  const { model, version, versionLabel, signatureName } = upstream;
  const pinned = version === undefined ? '' : `/versions/${version}`;
  const path = `/v1/models/${model}${versionLabel === undefined ? pinned : `/labels/${versionLabel}`}`;
  return {
    async call({ inputs, outputs }, signal) {
      // Columns, not rows: a model may have outputs without a row dimension, which the row format cannot answer.
      const columns = inputs.map((input) => `${JSON.stringify(input.name)}:${valuesToNestedJson(input)}`).join(',');
      const body = `{"signature_name":${JSON.stringify(signatureName)},"inputs":{${columns}}}`;
      const answer = await http.send({ method: 'POST', path: `${path}:predict`, body }, signal);
      return readOutputs(parseModelJson(expectSuccess(answer)), outputs);
    },
    async probe(signal) {
      const status = asRecord(
        parseModelJson(expectSuccess(await http.send({ method: 'GET', path }, signal))),
        'The model status',
      );
      const versions = Array.isArray(status.model_version_status) ? status.model_version_status : [];
      const states = versions.map((each) => String(asRecord(each, 'A version').state));
      if (!states.includes('AVAILABLE')) {
        throw new UpstreamFailure('server_overloaded', `No version is available (${states.join(', ') || 'none'}).`);
      }
    },
    async describe(signal) {
      const answer = await http.send({ method: 'GET', path: `${path}/metadata` }, signal);
      const parsed = asRecord(parseModelJson(expectSuccess(answer)), 'The metadata');
      const outer = asRecord(asRecord(parsed.metadata, 'The metadata').signature_def, 'The signature map');
      return readSignatureDef(outer.signature_def, signatureName);
    },
    openConnections: http.openConnections,
    close: http.close,
  };
}

/** One output comes bare, several as an object. The server leaves datatypes to its metadata, and shapes to the nesting. */
function readOutputs(parsed: unknown, specs: readonly TensorSpec[]): ReceivedTensor[] {
  const { outputs, error } = asRecord(parsed, 'The answer');
  if (typeof error === 'string') throw new UpstreamFailure('server_failed', error);
  if (outputs === undefined || outputs === null)
    throw new UpstreamFailure('unreadable', 'The answer of the model server has no outputs.');
  const isBare = Array.isArray(outputs) || typeof outputs !== 'object';
  if (isBare && specs.length > 1) {
    throw new UpstreamFailure('unreadable', `One output was answered, ${specs.length} were expected.`);
  }
  return specs.flatMap((spec) => {
    const sent = isBare ? outputs : (outputs as Record<string, unknown>)[spec.name];
    const data = spec.datatype === 'BYTES' ? decodeTexts(sent) : sent;
    return data === undefined ? [] : [{ name: spec.name, datatype: spec.datatype, shape: nestedShape(data), data }];
  });
}

/** Texts of outputs whose name ends in `_bytes` come as {"b64": …}. */
function decodeTexts(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return depth === MAXIMUM_DEPTH ? value : value.map((each) => decodeTexts(each, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  const { b64 } = value as { b64?: unknown };
  return typeof b64 === 'string' ? Buffer.from(b64, 'base64').toString('utf8') : value;
}

/** [2, 3] for [[1,2,3],[4,5,6]]. Ragged nesting shows when the values are counted. */
function nestedShape(data: unknown): number[] {
  const shape: number[] = [];
  for (let level = data; Array.isArray(level); level = level[0]) shape.push(level.length);
  return shape;
}
