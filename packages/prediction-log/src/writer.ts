/** How hard the writer tries to have lines on the disk, not only with the operating system. */
export type FsyncMode = 'every-second' | 'always' | 'off';

export interface PredictionLogOptions {
  /** `<data dir>/prediction-log`; the writer keeps to `<directory>/<writer>/`. */
  readonly directory: string;
  /** Name of this writer, such as `gateway-0`; one live process a name. */
  readonly writer: string;
  readonly fsync: FsyncMode;
  readonly segmentMaximumBytes: number;
  readonly segmentMaximumAgeMs: number;
  readonly maximumUnshippedBytes: number;
}

/** The append side of the prediction log. */
export interface PredictionLogWriter {
  /**
   * Hands whole lines (JSON without line breaks, no trailing newline) to the operating system in one write.
   * When it returns, a killed process loses none of them.
   * Throws SwitchyardError('log_unavailable') when they could not be written; then none of them counts as logged.
   */
  write(lines: readonly string[]): void;
  status(): { readonly writable: boolean; readonly unshippedSegments: number; readonly unshippedBytes: number };
  /** Seals the open segment and lets go of the directory. */
  close(): Promise<void>;
}
