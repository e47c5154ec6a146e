import type { Signature, Task, VersionSpec } from '@switchyard/contracts';

/** Reads an artifact where a crash or an endless loop of it does no harm, and says what it takes and gives. */
export type InspectArtifact = (request: {
  readonly path: string;
  readonly spec: VersionSpec;
  readonly task: Task;
}) => Promise<
  | { readonly ok: true; readonly signature: Signature; readonly runMicros: number }
  | { readonly ok: false; readonly reason: string }
>;
