import { z } from 'zod';

export const taskSchema = z.enum(['binary', 'multiclass', 'regression', 'ranking']).meta({ id: 'Task' });
export type Task = z.infer<typeof taskSchema>;

/** Open Inference Protocol v2 datatypes that a tabular model can have. */
export const tensorDatatypeSchema = z
  .enum([
    'BOOL',
    'UINT8',
    'UINT16',
    'UINT32',
    'UINT64',
    'INT8',
    'INT16',
    'INT32',
    'INT64',
    'FP16',
    'FP32',
    'FP64',
    'BYTES',
  ])
  .meta({ id: 'TensorDatatype' });
export type TensorDatatype = z.infer<typeof tensorDatatypeSchema>;

/** Numbers of a tensor as they are in memory. */
export type TypedValues =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

export const tensorSpecSchema = z
  .object({
    name: z.string(),
    datatype: tensorDatatypeSchema,
    shape: z.array(z.int()).describe('-1 for a variable dimension'),
  })
  .meta({ id: 'TensorSpec' });
export type TensorSpec = z.infer<typeof tensorSpecSchema>;

const featureValueSchema = z.union([z.number(), z.string(), z.boolean()]);

/** A named, typed input as callers know it. Without `default` it is required. */
export const featureSpecSchema = z
  .object({
    name: z.string().min(1).max(200),
    type: z.enum(['number', 'integer', 'string', 'boolean']),
    default: featureValueSchema.optional().describe('used when the value is missing or null'),
    categories: z.array(z.string()).max(100_000).optional().describe('the only values a string may have'),
    onUnknownCategory: z.enum(['reject', 'default']).optional().describe("'reject' unless given"),
  })
  .meta({ id: 'FeatureSpec' });
export type FeatureSpec = z.infer<typeof featureSpecSchema>;

export const classLabelSchema = z.union([z.string(), z.number(), z.boolean()]).meta({ id: 'ClassLabel' });
export type ClassLabel = z.infer<typeof classLabelSchema>;

/**
 * What a model version takes and gives.
 * `features` is what callers send; `inputs` and `outputs` are the artifact's own tensors.
 */
export const signatureSchema = z
  .object({
    features: z.array(featureSpecSchema).min(1).max(10_000),
    layout: z
      .enum(['single-tensor', 'tensor-per-feature'])
      .describe('all features as columns of one tensor, or one tensor each'),
    inputs: z.array(tensorSpecSchema).min(1),
    outputs: z.array(tensorSpecSchema).min(1),
    roles: z
      .object({ label: z.string().optional(), probabilities: z.string().optional(), value: z.string().optional() })
      .describe('which output tensor holds what'),
    labels: z.array(classLabelSchema).optional().describe('class labels in the order of the probabilities'),
    positiveLabel: classLabelSchema
      .optional()
      .describe('the class whose probability is the score; the last one unless given'),
  })
  .meta({ id: 'Signature' });
export type Signature = z.infer<typeof signatureSchema>;
