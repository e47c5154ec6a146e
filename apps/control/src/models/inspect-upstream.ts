import type { Signature, Task, UpstreamVersionSpec } from '@switchyard/contracts';

/**
 * Asks a model server what its model takes and gives. Rejects with a SwitchyardError when it cannot be asked.
 */
export type InspectUpstream = (request: {
  readonly spec: UpstreamVersionSpec;
  readonly task: Task;
}) => Promise<{ readonly ok: true; readonly signature: Signature } | { readonly ok: false; readonly reason: string }>;
