import type { ClassLabel, Signature } from '@switchyard/contracts';
import type { SessionTensor } from './session.ts';

export interface LoadMeasurements {
  /** Processor time that loading took. */
  readonly loadMs: number;
  /** Median of a single-row run. */
  readonly runMicros: number;
  /** What each further row adds to a run. */
  readonly furtherRowMicros: number;
  /** The class labels as the file writes them, when it has an output for the label. */
  readonly fileLabels: readonly ClassLabel[] | undefined;
}

export interface RunReply {
  readonly outputs: readonly SessionTensor[];
  readonly startedAtMs: number;
  readonly runMicros: number;
}

/** To a worker thread. `model` tells the models of a thread apart; every request is answered once. */
export type ThreadRequest =
  | {
      readonly kind: 'load';
      readonly call: number;
      readonly model: number;
      readonly path: string;
      readonly signature: Signature;
      /** Takes up to 0.3 s more, in which the thread answers nobody. */
      readonly isMeasured: boolean;
    }
  | {
      readonly kind: 'run';
      readonly call: number;
      readonly model: number;
      readonly inputs: readonly SessionTensor[];
      readonly outputNames: readonly string[];
      readonly rowCount: number;
    }
  | { readonly kind: 'unload'; readonly call: number; readonly model: number; readonly wasTrial: boolean }
  /** Ends the thread after what was asked before; there is no reply. */
  | { readonly kind: 'stop' };

/** From a worker thread. */
export type ThreadReply =
  | { readonly call: number; readonly ok: true; readonly result: LoadMeasurements | RunReply | undefined }
  | { readonly call: number; readonly ok: false; readonly message: string };
