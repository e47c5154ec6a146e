import type { ServiceClientConstructor } from '@grpc/grpc-js';
import type { UpstreamOf } from '@switchyard/contracts';
import { CallGate } from '../upstream/call-gate.ts';
import { UpstreamFailure } from '../upstream/failures.ts';
import { createGrpcClient } from '../upstream/grpc-client.ts';
import { asRecord, parseModelJson } from '../upstream/json.ts';
import type { TransportContext } from '../upstream/make-transport.ts';
import { findInProto, loadProto } from '../upstream/proto-files.ts';
import type { Transport } from '../upstream/transport.ts';
import { callHandler } from './bodies.ts';
import { assertServing, parseDescription } from './management.ts';

export function createGrpcTransport(upstream: UpstreamOf<'torchserve'>, context: TransportContext): Transport {
  const { model, version, managementUrl, inputName } = upstream;
  const inference = createGrpcClient(
    findInProto<ServiceClientConstructor>(
      loadProto('torchserve', 'inference.proto'),
      'org.pytorch.serve.grpc.inference.InferenceAPIsService',
    ),
    upstream,
    context,
  );
  const management =
    managementUrl === undefined
      ? undefined
      : createGrpcClient(
          findInProto<ServiceClientConstructor>(
            loadProto('torchserve', 'management.proto'),
            'org.pytorch.serve.grpc.management.ManagementAPIsService',
          ),
          upstream,
          context,
          managementUrl,
        );
  // A request for each row makes many of one call; REST has its connections to keep them few.
  const gate = new CallGate(upstream.maxConnections, Number.POSITIVE_INFINITY);
  const named = { model_name: model, model_version: version ?? '' };
  return {
    call: (call, signal) =>
      callHandler(upstream, context, call, async (body) => {
        const request = { ...named, input: { [inputName]: Buffer.from(body, 'utf8') } };
        await gate.enter(signal);
        try {
          return (await inference.call<{ prediction: Buffer }>('Predictions', request, signal)).prediction;
        } finally {
          gate.leave();
        }
      }),
    async probe(signal) {
      const { health } = await inference.call<{ health: string }>('Ping', {}, signal);
      if (!isHealthy(health)) throw new UpstreamFailure('server_overloaded', `The model server says '${health}'.`);
      if (management === undefined) return;
      const { msg } = await management.call<{ msg: string }>('DescribeModel', named, signal);
      assertServing(parseDescription(Buffer.from(msg, 'utf8')));
    },
    describe: async () => undefined,
    openConnections: () => inference.openConnections() + (management?.openConnections() ?? 0),
    async close() {
      await Promise.all([inference.close(), management?.close()]);
    },
  };
}

/** The word alone, or the JSON that the REST API answers. */
function isHealthy(health: string): boolean {
  if (health.trim() === 'Healthy') return true;
  try {
    return asRecord(parseModelJson(Buffer.from(health, 'utf8')), 'The health').status === 'Healthy';
  } catch {
    return false;
  }
}
