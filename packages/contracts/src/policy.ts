import { z } from 'zod';
import { aliasNameSchema, armNameSchema, modelNameSchema, versionNumberSchema } from './names.ts';

/**
 * How an endpoint answers: a tree of nodes. The schema checks each node's own shape;
 * what needs the whole tree or the registry (weights, conditions, names that must exist)
 * is checked by `validatePolicy` of @switchyard/routing.
 */
export interface ModelNode {
  kind: 'model';
  model: string;
  version?: string | undefined;
  alias?: string | undefined;
}
export interface SplitArm {
  name: string;
  weight: number;
  policy: Policy;
}
export interface SplitNode {
  kind: 'split';
  arms: SplitArm[];
  salt?: string | undefined;
  experiment?: string | undefined;
}
export interface Rule {
  name: string;
  when: string;
  policy: Policy;
}
export interface RulesNode {
  kind: 'rules';
  rules: Rule[];
  otherwise: Policy;
}
export type Policy = ModelNode | SplitNode | RulesNode;
export type PolicyKind = Policy['kind'];

const nested: z.ZodType<Policy> = z.lazy(() => policySchema);

const modelNodeSchema = z
  .strictObject({
    kind: z.literal('model'),
    model: modelNameSchema,
    version: versionNumberSchema.optional(),
    alias: aliasNameSchema.optional(),
  })
  .refine((node) => (node.version === undefined) !== (node.alias === undefined), 'give either a version or an alias')
  .meta({ id: 'ModelNode' });

const splitNodeSchema = z
  .strictObject({
    kind: z.literal('split'),
    arms: z
      .array(z.strictObject({ name: armNameSchema, weight: z.number().min(0).max(1), policy: nested }))
      .min(1)
      .max(100),
    salt: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('changing it reshuffles every unit; the endpoint and node path unless given'),
    experiment: z.string().min(1).max(64).optional(),
  })
  .meta({ id: 'SplitNode' });

const rulesNodeSchema = z
  .strictObject({
    kind: z.literal('rules'),
    rules: z
      .array(
        z.strictObject({
          name: armNameSchema,
          when: z.string().min(1).max(4_000).describe('a condition in CEL'),
          policy: nested,
        }),
      )
      .min(1)
      .max(100),
    otherwise: nested,
  })
  .meta({ id: 'RulesNode' });

export const policySchema: z.ZodType<Policy> = z
  .discriminatedUnion('kind', [modelNodeSchema, splitNodeSchema, rulesNodeSchema])
  .meta({ id: 'Policy' });
