import { z } from 'zod';

/** How an endpoint treats requests, whatever its policy. */
export const endpointSettingsSchema = z
  .strictObject({
    onLogFailure: z
      .enum(['refuse', 'answer-unlogged'])
      .default('refuse')
      .describe('what to do while the prediction log cannot be written'),
    unknownFeatures: z
      .enum(['reject', 'ignore'])
      .default('reject')
      .describe('features that no model and no rule of the endpoint knows'),
    timeoutMs: z.int().min(1).max(600_000).default(10_000),
    maximumQueuedRows: z.int().min(1).max(1_000_000).default(10_000),
    cache: z
      .strictObject({
        ttlSeconds: z.int().min(1).max(2_592_000).describe('how long an answer may be given again'),
      })
      .nullable()
      .optional()
      .describe(
        'give the same row the answer that the same model version gave before; null: off, as it is unless given, because a model may answer differently each time',
      ),
  })
  .meta({ id: 'EndpointSettings' });
export type EndpointSettings = z.infer<typeof endpointSettingsSchema>;
