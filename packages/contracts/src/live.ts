import { z } from 'zod';
import { predictionSummarySchema } from './control-bodies.ts';
import { instantSchema } from './names.ts';

/** Messages that control sends over `WS /api/v1/live`. Versioned by adding, never by changing. */
export const liveMessageSchema = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('hello'), at: instantSchema, version: z.string() }),
    z.object({
      type: z.literal('predictions-recorded'),
      at: instantSchema,
      count: z.int().describe('all that were recorded since the last message'),
      items: z.array(predictionSummarySchema).describe('a sample of them, oldest first'),
    }),
    z.object({ type: z.literal('outcomes-joined'), at: instantSchema, count: z.int() }),
    z.object({
      type: z.literal('entity-changed'),
      at: instantSchema,
      entity: z.enum(['model', 'endpoint', 'gateway', 'alert']),
      name: z.string(),
    }),
  ])
  .meta({ id: 'LiveMessage' });
export type LiveMessage = z.infer<typeof liveMessageSchema>;
