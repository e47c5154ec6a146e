import { type Signature, SwitchyardError, type Task, type UpstreamVersionSpec } from '@switchyard/contracts';
import { readBearerToken } from './bearer-token.ts';
import { createCounters } from './counters.ts';
import { startDeadline } from './deadline.ts';
import { describeInputs, inputsOfFeatures } from './describe-inputs.ts';
import { describeOutputs, outputsOfTask } from './describe-outputs.ts';
import { makeTransport, type ReadSecret } from './make-transport.ts';
import type { ServerMetadata } from './transport.ts';
import { findMismatch } from './verify-metadata.ts';

export interface InspectUpstreamOptions {
  readonly spec: UpstreamVersionSpec;
  readonly task: Task;
  readonly readSecret: ReadSecret;
}

export type UpstreamInspection =
  | { readonly ok: true; readonly signature: Signature }
  | { readonly ok: false; readonly reason: string };

/** What servers answer for a model that they do not have; MLServer's gRPC calls it an unknown failure. */
const NO_SUCH_MODEL: readonly string[] = ['upstream_refused', 'upstream_unreadable', 'upstream_failed'];

/**
 * Asks a model server whether the model is ready and what it takes and gives, and makes the signature of it and of
 * what the spec says. Where both say something, they must agree. Rejects with `upstream_unreachable` and the like when
 * the server does not answer.
 */
export async function inspectUpstream({ spec, task, readSecret }: InspectUpstreamOptions): Promise<UpstreamInspection> {
  const { problem } = readBearerToken(spec.upstream, readSecret);
  if (problem !== undefined) return { ok: false, reason: problem };
  const transport = makeTransport(spec.upstream, { signature: undefined, counters: createCounters(), readSecret });
  const deadline = startDeadline(spec.upstream.timeoutMs);
  try {
    const metadata = await deadline.race(
      transport.probe(deadline.signal).then(() => transport.describe(deadline.signal)),
    );
    return describe(spec, task, metadata);
  } catch (error) {
    // The server is there, but says no: that is about the model, not about the way to it.
    if (SwitchyardError.is(error) && NO_SUCH_MODEL.includes(error.code)) {
      return { ok: false, reason: error.message };
    }
    throw error;
  } finally {
    deadline.end();
    await transport.close();
  }
}

function describe(spec: UpstreamVersionSpec, task: Task, metadata: ServerMetadata | undefined): UpstreamInspection {
  const { upstream } = spec;
  const question = { task, roles: upstream.roles, labels: spec.labels, positiveLabel: spec.positiveLabel };
  const inputs = upstream.inputs ?? nonEmpty(metadata?.inputs) ?? fallbackInputs(spec);
  if (inputs === undefined) {
    return { ok: false, reason: 'The server does not say what its model takes; give upstream.inputs or features.' };
  }
  const outputs = upstream.outputs ?? nonEmpty(metadata?.outputs) ?? fallbackOutputs(spec, question);
  if (outputs === undefined) {
    return { ok: false, reason: 'The server does not say what its model gives; give upstream.outputs or labels.' };
  }
  const taken = describeInputs(inputs, spec.features);
  if (!taken.ok) return taken;
  const given = describeOutputs(outputs, question);
  if (!given.ok) return given;
  const signature: Signature = { ...taken.part, ...given.part };
  const mismatch = findMismatch(signature, metadata);
  return mismatch === undefined ? { ok: true, signature } : { ok: false, reason: mismatch };
}

const nonEmpty = <T>(list: readonly T[] | undefined): readonly T[] | undefined =>
  list === undefined || list.length === 0 ? undefined : list;

/** Protocols without tensors send rows, so the features say all there is to say; others need names of tensors. */
const sendsRows = (spec: UpstreamVersionSpec): boolean =>
  spec.upstream.kind === 'torchserve' || spec.upstream.kind === 'mlflow';

const fallbackInputs = (spec: UpstreamVersionSpec) => (sendsRows(spec) ? inputsOfFeatures(spec.features) : undefined);
const fallbackOutputs = (spec: UpstreamVersionSpec, question: Parameters<typeof outputsOfTask>[0]) =>
  sendsRows(spec) ? outputsOfTask(question) : undefined;
