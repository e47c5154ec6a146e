export { LineWriter, shortDecimal } from './line-writer.ts';
export { parseLogLine, readSegment, type SegmentLine } from './reader.ts';
export { type RecoveryResult, recoverPredictionLog } from './recovery.ts';
export {
  deleteSegment,
  listSealedSegments,
  listWriters,
  QUARANTINE_DIRECTORY,
  readSegmentLines,
  type SealedSegment,
} from './segments.ts';
export {
  type FsyncMode,
  type LineBlock,
  openPredictionLog,
  type PredictionLogOptions,
  type PredictionLogWriter,
} from './writer.ts';
