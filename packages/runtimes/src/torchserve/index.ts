import type { UpstreamOf } from '@switchyard/contracts';
import type { TransportContext } from '../upstream/make-transport.ts';
import type { Transport } from '../upstream/transport.ts';
import { createGrpcTransport } from './grpc.ts';
import { createRestTransport } from './rest.ts';

export function createTorchserveTransport(upstream: UpstreamOf<'torchserve'>, context: TransportContext): Transport {
  return upstream.protocol === 'grpc' ? createGrpcTransport(upstream, context) : createRestTransport(upstream, context);
}
