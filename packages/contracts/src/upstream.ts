import { z } from 'zod';
import { instantSchema } from './names.ts';
import { tensorSpecSchema } from './signature.ts';

/** Where cloud machines hand out their credentials; nothing there is a model server. */
const FORBIDDEN_HOSTS = [
  /^169\.254\./,
  /^\[fe[89ab][0-9a-f]:/,
  // 169.254.x.y at the end of an IPv6 address: mapped, or on the way through a translator.
  /^\[.*:a9fe:[0-9a-f]{1,4}\]$/,
  // The same services at addresses that are not link-local.
  /^\[fd00:ec2::/,
  /^100\.100\.100\.200$/,
  /^metadata\.(?:google\.internal|goog)\.?$/,
];
const SCHEMES = { rest: ['http:', 'https:'], grpc: ['grpc:', 'grpcs:'] } as const;

/** What is wrong with the address of a model server; undefined when nothing is. */
export function upstreamUrlProblem(text: string, protocol: 'rest' | 'grpc'): string | undefined {
  const scheme = /^[a-z]+:(?=\/\/)/.exec(text)?.[0] ?? '';
  const allowed: readonly string[] = SCHEMES[protocol];
  if (!allowed.includes(scheme)) {
    return `protocol '${protocol}' needs an address that starts with ${allowed.map((each) => `${each}//`).join(' or ')}`;
  }
  let url: URL;
  try {
    // Only addresses of well-known schemes are normalised: a host such as 0xa9fea9fe would go unrecognised otherwise.
    url = new URL(text.replace(/^grpc/, 'http'));
  } catch {
    return 'is not an address';
  }
  if (url.username !== '' || url.password !== '' || text.includes('@')) {
    return 'may not hold credentials: name an environment variable in bearerTokenVariable instead';
  }
  if (url.search !== '' || url.hash !== '') return "may not hold '?' or '#'";
  if (FORBIDDEN_HOSTS.some((pattern) => pattern.test(url.hostname)))
    return 'is an address of link-local services or of the metadata of a cloud';
  if (protocol === 'grpc' && (url.port === '' || !/^[a-z]+:\/\/[^/]+$/.test(text))) return 'needs a port and no path';
  return undefined;
}

const remoteName = (what: string) =>
  z
    .string()
    .max(200)
    .regex(/^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?$/, `${what} is made of letters, digits, '.', '_' and '-'`);
const digits = z.string().regex(/^[0-9]{1,18}$/, 'a version of this server is a whole number, as text');

const common = {
  url: z
    .string()
    .max(2_000)
    .describe('http(s)://host[:port][/path] for rest, grpc(s)://host:port for grpc; no credentials'),
  inputs: z
    .array(tensorSpecSchema)
    .min(1)
    .max(10_000)
    .optional()
    .describe("the server's input tensors; needed where it cannot say itself"),
  outputs: z.array(tensorSpecSchema).min(1).max(100).optional().describe("the server's output tensors, likewise"),
  roles: z
    .strictObject({ label: z.string().optional(), probabilities: z.string().optional(), value: z.string().optional() })
    .optional()
    .describe('which output holds what; found out where only one choice is possible'),
  timeoutMs: z.int().min(1).max(600_000).default(5_000).describe('for one call, connecting included'),
  maxConnections: z.int().min(1).max(1_000).default(32).describe('calls under way at once; others wait'),
  maxQueuedCalls: z
    .int()
    .min(0)
    .max(100_000)
    .default(1_000)
    .describe('calls that may wait; beyond it they are refused'),
  responseMaximumBytes: z.int().min(1_024).max(1_073_741_824).default(33_554_432),
  probeEveryMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(5_000)
    .describe('how often the server is asked whether it is ready'),
  bearerTokenVariable: z
    .string()
    .regex(/^SWITCHYARD_UPSTREAM_[A-Z0-9_]{1,100}$/, 'the name of a variable that starts with SWITCHYARD_UPSTREAM_')
    .optional()
    .describe('environment variable of control and the gateways whose value is sent as a bearer token'),
};

const checkUrl = (
  upstream: { readonly url: string; readonly protocol: 'rest' | 'grpc' },
  context: z.core.$RefinementCtx,
): void => {
  const problem = upstreamUrlProblem(upstream.url, upstream.protocol);
  if (problem !== undefined) context.addIssue({ code: 'custom', path: ['url'], message: problem });
};

const protocol = z.enum(['rest', 'grpc']);

/** Triton, MLServer, KServe and whatever else speaks the Open Inference Protocol v2. */
export const openInferenceUpstreamSchema = z
  .strictObject({
    kind: z.literal('open-inference'),
    protocol,
    model: remoteName('a model of the server'),
    version: remoteName('a version of the server').optional(),
    ...common,
  })
  .superRefine(checkUrl)
  .meta({ id: 'OpenInferenceUpstream' });

export const tensorflowServingUpstreamSchema = z
  .strictObject({
    kind: z.literal('tensorflow-serving'),
    protocol,
    model: remoteName('a model of the server'),
    version: digits.optional(),
    versionLabel: remoteName('a version label').optional(),
    signatureName: z.string().min(1).max(200).default('serving_default'),
    ...common,
  })
  .superRefine(checkUrl)
  .refine((upstream) => upstream.version === undefined || upstream.versionLabel === undefined, {
    path: ['versionLabel'],
    message: 'give either a version or a label',
  })
  .meta({ id: 'TensorflowServingUpstream' });

export const torchserveUpstreamSchema = z
  .strictObject({
    kind: z.literal('torchserve'),
    protocol,
    model: remoteName('a model of the server'),
    version: remoteName('a version of the server').optional(),
    body: z
      .enum(['rows', 'instances', 'row'])
      .default('rows')
      .describe(
        'what the model\'s handler takes: rows: [[…], …] and answers with one item a row; instances: {"instances": […]} and answers {"predictions": […]}; row: one call for each row, […]',
      ),
    inputName: z.string().min(1).max(200).default('data').describe('gRPC: the key under which the body is sent'),
    managementUrl: z
      .string()
      .max(2_000)
      .optional()
      .describe('management API, of the same protocol: readiness is then that of the model, not of the server'),
    ...common,
  })
  .superRefine((upstream, context) => {
    checkUrl(upstream, context);
    const { managementUrl } = upstream;
    const problem = managementUrl === undefined ? undefined : upstreamUrlProblem(managementUrl, upstream.protocol);
    if (problem !== undefined) context.addIssue({ code: 'custom', path: ['managementUrl'], message: problem });
  })
  .meta({ id: 'TorchserveUpstream' });

export const mlflowUpstreamSchema = z
  .strictObject({
    kind: z.literal('mlflow'),
    protocol: z.literal('rest').default('rest'),
    ...common,
  })
  .superRefine(checkUrl)
  .meta({ id: 'MlflowUpstream' });

/**
 * A model that another server runs. Whoever may register one makes the gateways send requests to an address of their
 * choice, so it is part of the administrators' API only.
 */
export const upstreamSchema = z
  .discriminatedUnion('kind', [
    openInferenceUpstreamSchema,
    tensorflowServingUpstreamSchema,
    torchserveUpstreamSchema,
    mlflowUpstreamSchema,
  ])
  .meta({ id: 'Upstream' });
export type Upstream = z.infer<typeof upstreamSchema>;
export type UpstreamKind = Upstream['kind'];
export type UpstreamOf<Kind extends UpstreamKind> = Extract<Upstream, { kind: Kind }>;

/** What a gateway knows about a model server. */
export const upstreamHealthSchema = z
  .object({
    kind: z.string(),
    url: z.string(),
    state: z
      .enum(['unknown', 'up', 'down', 'mismatched'])
      .describe('mismatched: it answers, but its model is not the one that was registered'),
    since: instantSchema.describe('when that state began'),
    checkedAt: instantSchema.nullable(),
    lastError: z.string().nullable().describe('what the last failed probe said, kept after it is up again'),
    latencyMicros: z.number().nullable().describe('of the last probe that was answered'),
  })
  .meta({ id: 'UpstreamHealth' });
export type UpstreamHealth = z.infer<typeof upstreamHealthSchema>;
