import type { UpstreamOf } from '@switchyard/contracts';
import type { TransportContext } from '../upstream/make-transport.ts';
import type { Transport } from '../upstream/transport.ts';
import { createRestTransport } from './rest.ts';

export function createTorchserveTransport(upstream: UpstreamOf<'torchserve'>, context: TransportContext): Transport {
  return createRestTransport(upstream, context);
}
