export { canBatch, expandBatchLine, hasBatchLines, isBatchLine, writeBatchLines, writeGroup } from './batch-lines.ts';
export { LineWriter, shortDecimal } from './line-writer.ts';
export {
  bytesOfValues,
  type ColumnData,
  firstNotFinite,
  type Layout,
  layoutOf,
  valuesOfBytes,
} from './packed-values.ts';
export { parseLogLine, readRecordLines, readSegment, recordLinesOf, type SegmentLine, splitLines } from './reader.ts';
export { type RecoveryResult, recoverPredictionLog } from './recovery.ts';
export {
  type AnswerColumns,
  type Column,
  type FeatureBlock,
  type RowGroup,
  rowDigits,
  sliceGroup,
  writeRowLines,
} from './row-lines.ts';
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
