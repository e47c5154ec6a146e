import './without-eval.ts';
import { endpointSettingsSchema } from '@switchyard/contracts/endpoint-settings';
import { endpointNameSchema } from '@switchyard/contracts/names';
import { policySchema } from '@switchyard/contracts/policy';
import { strictObject } from 'zod';
import type { Problem } from './validate.ts';

const schema = strictObject({ policy: policySchema, settings: endpointSettingsSchema.optional() });

/** Everything about the shape of an endpoint that is wrong, at the field where it is; its name is `name`. */
export function checkEndpointShape(name: string, document: unknown): Problem[] {
  const named = endpointNameSchema.safeParse(name);
  const parsed = schema.safeParse(document);
  return [
    ...(named.error?.issues ?? []).map((issue) => ({ field: 'name', detail: issue.message })),
    ...(parsed.error?.issues ?? []).map((issue) => ({ field: issue.path.join('.'), detail: issue.message })),
  ];
}
