import type { Signature, Upstream } from '@switchyard/contracts';
import { createMlflowTransport } from '../mlflow/index.ts';
import { createOpenInferenceTransport } from '../open-inference/index.ts';
import { createTensorflowServingTransport } from '../tensorflow-serving/index.ts';
import { createTorchserveTransport } from '../torchserve/index.ts';
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
    case 'tensorflow-serving':
      return createTensorflowServingTransport(upstream, context);
    case 'torchserve':
      return createTorchserveTransport(upstream, context);
    case 'mlflow':
      return createMlflowTransport(upstream, context);
  }
}
