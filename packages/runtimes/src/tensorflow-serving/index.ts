import type { UpstreamOf } from '@switchyard/contracts';
import type { TransportContext } from '../upstream/make-transport.ts';
import type { Transport } from '../upstream/transport.ts';
import { createGrpcTransport } from './grpc.ts';
import { createRestTransport } from './rest.ts';

/** TensorFlow Serving's predict API, of any signature whose inputs and outputs have a row dimension. */
export function createTensorflowServingTransport(
  upstream: UpstreamOf<'tensorflow-serving'>,
  context: TransportContext,
): Transport {
  return upstream.protocol === 'grpc' ? createGrpcTransport(upstream, context) : createRestTransport(upstream, context);
}
