import { join } from 'node:path';
import { configSchema, dataLayout } from '@switchyard/contracts';
import { z } from 'zod';
import { isLoopbackHost } from './server/guard-request.ts';

const settingsSchema = z.strictObject({
  config: configSchema,
  internalToken: z.string().min(16),
  version: z.string(),
  dashboardDir: z.string().nullable(),
});
export type ProcessSettings = z.output<typeof settingsSchema>;

/** What the supervisor hands over, checked. The message of what it throws is one clear line for a person. */
export function parseProcessSettings(text: string | undefined): ProcessSettings {
  if (text === undefined) {
    throw new Error('SWITCHYARD_PROCESS is not set: start the platform with `switchyard start`, not this file.');
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error('SWITCHYARD_PROCESS is not valid JSON.');
  }
  const parsed = settingsSchema.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`SWITCHYARD_PROCESS: ${problems.join('; ')}`);
  }
  const { host } = parsed.data.config;
  if (!isLoopbackHost(host)) {
    throw new Error(
      `host is ${host}, which others can reach, and nobody has to log in yet: only 127.0.0.1, ::1 and localhost are possible.`,
    );
  }
  return parsed.data;
}

export interface DataPaths {
  readonly metadata: string;
  readonly analytics: string;
  readonly objects: string;
  readonly uploads: string;
  readonly predictionLog: string;
}

export function dataPaths(dataDir: string): DataPaths {
  const at = (name: keyof typeof dataLayout) => join(dataDir, dataLayout[name]);
  return {
    metadata: at('metadata'),
    analytics: at('analytics'),
    objects: at('objects'),
    uploads: at('uploads'),
    predictionLog: at('predictionLog'),
  };
}
