import type { UpstreamOf } from '@switchyard/contracts';
import type { TransportContext } from '../upstream/make-transport.ts';
import type { Transport } from '../upstream/transport.ts';
import { createGrpcTransport } from './grpc.ts';
import { createRestTransport } from './rest.ts';

/** Open Inference Protocol v2: Triton, MLServer, KServe, and Switchyard itself. */
export function createOpenInferenceTransport(
  upstream: UpstreamOf<'open-inference'>,
  context: TransportContext,
): Transport {
  return upstream.protocol === 'grpc' ? createGrpcTransport(upstream, context) : createRestTransport(upstream, context);
}
