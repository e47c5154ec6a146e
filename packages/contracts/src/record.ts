import { z } from 'zod';
import { classLabelSchema } from './signature.ts';

/** What one model answered for one row. */
export const answerSchema = z
  .object({
    label: classLabelSchema.optional(),
    score: z.number().optional().describe('probability of the positive class'),
    probabilities: z.record(z.string(), z.number()).optional().describe('by class label, as text'),
    value: z.number().optional().describe('regression and ranking'),
  })
  .meta({ id: 'Answer' });
export type Answer = z.infer<typeof answerSchema>;

/** One step of the way through the policy tree. */
export const decisionStepSchema = z
  .object({
    node: z.string().describe("path of the node, '' for the root"),
    kind: z.string(),
    chosen: z.string().describe('name of the arm or rule taken'),
    probabilities: z
      .record(z.string(), z.number())
      .optional()
      .describe('probability with which each arm could have been taken; absent where the choice was certain'),
    bucket: z.int().optional().describe('hash bucket of the unit, 0 to 999,999'),
    reason: z.string().optional(),
  })
  .meta({ id: 'DecisionStep' });
export type DecisionStep = z.infer<typeof decisionStepSchema>;

export const memberSchema = z
  .object({
    name: z.string(),
    role: z
      .enum(['member', 'shadow', 'attempt'])
      .describe('part of an ensemble, beside the answer, or asked before the one that answered'),
    model: z.string(),
    version: z.string(),
    answer: answerSchema.optional(),
    error: z.string().optional().describe('error code'),
    modelMicros: z.number(),
  })
  .meta({ id: 'Member' });
export type Member = z.infer<typeof memberSchema>;

/**
 * An ensemble answers under this and its method, where records name a model, with the version ''. No model can have such
 * a name.
 */
export const ENSEMBLE_PREFIX = 'ensemble:';

/** A feature value as it was received; null = missing. */
export type FeatureValue = number | string | boolean | null;

/**
 * One line of the prediction log: one row answered (or failed after it was accepted). Many rows of a request may
 * stand in one line, see `batchRecordSchema`.
 * Written as JSON, one record a line; `t` tells the kinds of line apart.
 */
export const predictionRecordSchema = z.object({
  t: z.literal('p'),
  id: z.uuid(),
  at: z.number().int().describe('when the request arrived, Unix milliseconds'),
  requestId: z.string(),
  endpoint: z.string(),
  revision: z.int(),
  snapshot: z.string().describe('hash of the serving snapshot'),
  gateway: z.string(),
  unit: z.string(),
  segment: z.record(z.string(), z.string()),
  context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  features: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
  path: z.string().describe("names of the arms taken, joined by '/'"),
  decision: z.array(decisionStepSchema),
  propensity: z.number().describe('probability of the whole path'),
  model: z.string(),
  version: z.string(),
  status: z.enum(['ok', 'error']),
  error: z.string().describe("error code, '' when ok"),
  answer: answerSchema,
  members: z.array(memberSchema),
  totalMicros: z.number().describe('arrival to the moment the record was made'),
  queueMicros: z.number(),
  modelMicros: z.number(),
  batchRows: z.int(),
  cached: z.boolean().describe('no model ran for it: all that were asked had answered the same row before'),
});
export type PredictionRecord = z.infer<typeof predictionRecordSchema>;

/** Numbers one after the other as they are in memory: little-endian, in base64. A BOOL is a byte of 0 or 1. */
export const packedValuesSchema = z.object({
  datatype: z.enum(['BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64', 'FP32', 'FP64']),
  values: z.string(),
});
export type PackedValues = z.infer<typeof packedValuesSchema>;

/** Rows in one line: as many as the four digits of an id can number. */
export const BATCH_MAXIMUM_ROWS = 65_536;

/**
 * Many rows of one request in one line: what they share once, the rest as columns. It stands for `rows` prediction
 * records and is taken apart into exactly these before it reaches the store.
 */
export const batchRecordSchema = predictionRecordSchema.omit({ features: true, answer: true }).extend({
  t: z.literal('b'),
  id: z.uuid().describe('of the first row; the ids of the others differ in the last four digits only'),
  rows: z.int().min(1).max(BATCH_MAXIMUM_ROWS),
  numbers: packedValuesSchema
    .optional()
    .describe('last four digits of the id of each row, UINT16; absent where they count on from the first'),
  buckets: z
    .array(z.object({ step: z.int().min(0), ...packedValuesSchema.shape }))
    .describe('bucket of each row at a step of the decision, UINT32; the step itself has none then'),
  features: z
    .array(z.object({ names: z.array(z.string()).min(1), ...packedValuesSchema.shape }))
    .describe('row by row, in each row by name'),
  answer: z
    .object({
      label: z
        .union([packedValuesSchema, z.object({ known: z.array(classLabelSchema), ...packedValuesSchema.shape })])
        .optional()
        .describe('numbers, or positions in a list of labels'),
      value: packedValuesSchema.optional(),
      probabilities: z
        .object({
          labels: z.array(z.string()).min(1),
          positive: z.int().min(-1).describe('position of the label that `score` is of; -1: there is no score'),
          ...packedValuesSchema.shape,
        })
        .optional(),
    })
    .describe('{} where all rows failed'),
});
export type BatchRecord = z.infer<typeof batchRecordSchema>;

export const feedbackRecordSchema = z.object({
  t: z.literal('f'),
  id: z.uuid().describe('id of the prediction'),
  at: z.number().int().describe('when the outcome was known, Unix milliseconds'),
  receivedAt: z.number().int(),
  sequence: z.string().describe('UUIDv7 of this feedback: the last one wins'),
  label: classLabelSchema.nullable(),
  reward: z.number().nullable(),
  values: z.record(z.string(), z.number()),
});
export type FeedbackRecord = z.infer<typeof feedbackRecordSchema>;

/** What the shadows of one prediction answered; written when the last of them has, long after the caller was served. */
export const shadowRecordSchema = z.object({
  t: z.literal('s'),
  id: z.uuid().describe('id of the prediction'),
  at: z.number().int().describe('when the request arrived, Unix milliseconds'),
  endpoint: z.string(),
  members: z.array(memberSchema),
});
export type ShadowRecord = z.infer<typeof shadowRecordSchema>;

/** Requests refused before they were accepted, counted per second: they are not predictions, but a page of health must show them. */
export const rejectionRecordSchema = z.object({
  t: z.literal('r'),
  at: z.number().int(),
  gateway: z.string(),
  endpoint: z.string(),
  code: z.string(),
  count: z.int(),
});
export type RejectionRecord = z.infer<typeof rejectionRecordSchema>;

/** Every line of the log is one of these or stands for several: see `batchRecordSchema`. */
export const logRecordSchema = z.discriminatedUnion('t', [
  predictionRecordSchema,
  feedbackRecordSchema,
  rejectionRecordSchema,
  shadowRecordSchema,
]);
export type LogRecord = z.infer<typeof logRecordSchema>;
