import type { ClassLabel } from '@switchyard/contracts';

export interface ModuleContext {
  /** Names, in the order in which the values of a row come. */
  readonly features: readonly string[];
  readonly labels: readonly ClassLabel[] | null;
  readonly positiveLabel: ClassLabel | null;
}

export interface ThreadStart extends ModuleContext {
  readonly path: string;
}

export interface ThreadRequest {
  readonly call: number;
  /** JSON: a list of rows, each a list of values. */
  readonly rows: string;
}

export type RunResult = { readonly answers: string } | { readonly error: string };

export type ThreadReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly reason: string }
  | ({ readonly kind: 'done'; readonly call: number; readonly runMicros: number } & RunResult);
