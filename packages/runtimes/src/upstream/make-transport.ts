import type { Signature, Upstream } from '@switchyard/contracts';
import { createOpenInferenceTransport } from '../open-inference/index.ts';
import type { UpstreamCounters } from './counters.ts';
import type { Transport } from './transport.ts';

export type ReadSecret = (variable: string) => string | undefined;

/** What every transport is given beside the address. */
export interface TransportContext {
  /** undefined while the signature is being found out. */
  readonly signature: Signature | undefined;
  readonly counters: Pick<UpstreamCounters, 'retries'>;
  readonly readSecret: ReadSecret;
}

export function makeTransport(upstream: Upstream, context: TransportContext): Transport {
  switch (upstream.kind) {
    case 'open-inference':
      return createOpenInferenceTransport(upstream, context);
    default:
      throw new Error(`there is no runtime for ${upstream.kind}`);
  }
}
