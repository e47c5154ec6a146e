import { z } from 'zod';
import { tensorDatatypeSchema, tensorSpecSchema } from './signature.ts';

const parametersSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

const tensorSchema = z.object({
  name: z.string(),
  shape: z.array(z.int().min(0)),
  datatype: tensorDatatypeSchema,
  parameters: parametersSchema.optional(),
  data: z.array(z.unknown()).optional(),
});

/** Open Inference Protocol v2, REST. */
export const inferRequestSchema = z
  .object({
    id: z.string().max(512).optional(),
    parameters: parametersSchema.optional(),
    inputs: z.array(tensorSchema).min(1),
    outputs: z.array(z.object({ name: z.string(), parameters: parametersSchema.optional() })).optional(),
  })
  .meta({ id: 'InferRequest' });
export type InferRequest = z.infer<typeof inferRequestSchema>;

export const inferResponseSchema = z
  .object({
    model_name: z.string(),
    model_version: z.string().optional(),
    id: z.string().optional(),
    parameters: parametersSchema.optional(),
    outputs: z.array(tensorSchema),
  })
  .meta({ id: 'InferResponse' });
export type InferResponse = z.infer<typeof inferResponseSchema>;

export const modelMetadataSchema = z
  .object({
    name: z.string(),
    versions: z.array(z.string()),
    platform: z.string(),
    inputs: z.array(tensorSpecSchema),
    outputs: z.array(tensorSpecSchema),
  })
  .meta({ id: 'ModelMetadata' });
export type ModelMetadata = z.infer<typeof modelMetadataSchema>;
