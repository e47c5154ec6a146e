import type { ServingState } from '../snapshot/serving-state.ts';
import { type EndpointInferOptions, inferEndpoint } from './endpoint-infer.ts';
import { type InferArrival, type InferOutcome, type ReceivedInfer, withinTimeout } from './infer-call.ts';
import { inferModel, type ModelInferOptions } from './model-infer.ts';
import type { Target } from './targets.ts';

export type InferOptions = EndpointInferOptions & ModelInferOptions;

/** Throws what is wrong with the call; otherwise calls `done` once, after its rows are logged. */
export function startInfer(
  target: Target,
  infer: ReceivedInfer,
  arrival: InferArrival,
  state: ServingState,
  options: InferOptions,
  done: (outcome: InferOutcome) => void,
): void {
  const within = withinTimeout(arrival, infer.timeoutMs);
  if (target.kind === 'endpoint') inferEndpoint(infer, within, target.plan, state, options, done);
  else inferModel(infer, within, target.version, state, options, done);
}
