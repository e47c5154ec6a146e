import type { TensorSpec } from '@switchyard/contracts';
import type { ReceivedTensor, UpstreamTensor } from './tensors.ts';

export interface TransportCall {
  readonly inputs: readonly UpstreamTensor[];
  readonly outputs: readonly TensorSpec[];
  readonly rowCount: number;
}

/** What a server says about its model; `undefined` parts it does not say. */
export interface ServerMetadata {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/**
 * How one kind of model server is talked to. Implementations only translate: deadlines, waiting, counting and the
 * checks of answers are the same for all of them and done outside. Failures are UpstreamFailures.
 */
export interface Transport {
  /** What the server answered, unchecked. */
  call(call: TransportCall, signal: AbortSignal): Promise<readonly ReceivedTensor[]>;
  /** Resolves when the server says that the model is ready. */
  probe(signal: AbortSignal): Promise<void>;
  /** undefined where the protocol has no way to ask. */
  describe(signal: AbortSignal): Promise<ServerMetadata | undefined>;
  openConnections(): number;
  close(): Promise<void>;
}
