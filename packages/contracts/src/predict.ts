import { z } from 'zod';
import { instantSchema } from './names.ts';
import { answerSchema } from './record.ts';
import { classLabelSchema } from './signature.ts';

const scalar = z.union([z.number(), z.string(), z.boolean(), z.null()]);

export const predictRequestSchema = z
  .strictObject({
    instances: z
      .array(z.union([z.record(z.string(), scalar), z.array(scalar)]))
      .min(1)
      .describe('rows: objects by feature name, or arrays in signature order'),
    unit: z.string().max(512).optional().describe('what is randomised: the user, account or session'),
    units: z.array(z.string().max(512)).optional().describe('one a row'),
    segment: z.record(z.string(), z.string()).optional(),
    context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  })
  .meta({ id: 'PredictRequest' });
export type PredictRequest = z.infer<typeof predictRequestSchema>;

export const servedSchema = z
  .object({ model: z.string(), version: z.string(), path: z.string() })
  .meta({ id: 'Served' });
export type Served = z.infer<typeof servedSchema>;

export const predictResponseSchema = z
  .object({ predictions: z.array(answerSchema), ids: z.array(z.uuid()), served: z.array(servedSchema) })
  .meta({ id: 'PredictResponse' });
export type PredictResponse = z.infer<typeof predictResponseSchema>;

export const feedbackItemSchema = z
  .strictObject({
    id: z.uuid().describe('the prediction id'),
    label: classLabelSchema.optional(),
    reward: z.number().optional(),
    values: z.record(z.string().max(100), z.number()).optional(),
    at: instantSchema.optional().describe('when it was known; now unless given'),
  })
  .refine(
    (item) => item.label !== undefined || item.reward !== undefined || item.values !== undefined,
    'give a label, a reward or values',
  )
  .meta({ id: 'FeedbackItem' });
export type FeedbackItem = z.infer<typeof feedbackItemSchema>;

export const feedbackResponseSchema = z
  .object({
    accepted: z.int(),
    rejected: z.array(z.object({ index: z.int(), code: z.string(), detail: z.string() })),
  })
  .meta({ id: 'FeedbackResponse' });
export type FeedbackResponse = z.infer<typeof feedbackResponseSchema>;
