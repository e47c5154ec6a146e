import {
  type ErrorCode,
  errorRegistry,
  type FieldProblem,
  type PredictRequest,
  predictResponseSchema,
  problemSchema,
  SwitchyardError,
  type Trial,
  type tryEndpointSchema,
} from '@switchyard/contracts';
import type { z } from 'zod';

export interface TrialLimits {
  /** Trials on their way to a gateway at once; more are refused. */
  readonly maximumAtOnce: number;
  /** The longest that a gateway is waited for, whatever the endpoint allows. */
  readonly maximumWaitMs: number;
}

export const TRIAL_LIMITS: TrialLimits = { maximumAtOnce: 8, maximumWaitMs: 30_000 };
/** What the way to the gateway and back may add to the endpoint's own time limit. */
const ON_THE_WAY_MS = 1_000;
const SOURCE = 'dashboard';

export type TryEndpoint = (
  endpoint: string,
  row: z.output<typeof tryEndpointSchema>,
  options: { readonly requestId: string; readonly timeoutMs: number },
) => Promise<Trial>;

/**
 * Sends single rows to a gateway for people who want to see what an endpoint answers. They are ordinary predictions:
 * logged, counted and billed to the same limits, so only their context says where they come from.
 * Fails with what the gateway said, or not_ready, deadline_exceeded and overloaded when it said nothing.
 */
export function createTryEndpoint(gatewayUrl: string, limits: TrialLimits = TRIAL_LIMITS): TryEndpoint {
  let underWay = 0;
  return async (endpoint, row, { requestId, timeoutMs }) => {
    if (underWay >= limits.maximumAtOnce) {
      throw new SwitchyardError('overloaded', `${underWay} trials are under way; wait for one of them to end.`, {
        retryAfterSeconds: 1,
      });
    }
    underWay += 1;
    try {
      const body: PredictRequest = {
        instances: [row.features],
        ...(row.unit === undefined ? {} : { unit: row.unit }),
        ...(row.segment === undefined ? {} : { segment: row.segment }),
        context: { ...row.context, source: SOURCE },
      };
      return await ask(
        gatewayUrl,
        endpoint,
        body,
        requestId,
        Math.min(timeoutMs + ON_THE_WAY_MS, limits.maximumWaitMs),
      );
    } finally {
      underWay -= 1;
    }
  };
}

async function ask(
  gatewayUrl: string,
  endpoint: string,
  body: PredictRequest,
  requestId: string,
  waitMs: number,
): Promise<Trial> {
  const startedAt = performance.now();
  let response: Response;
  let content: unknown;
  try {
    response = await fetch(`${gatewayUrl}/v1/models/${encodeURIComponent(endpoint)}:predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': requestId },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(waitMs),
    });
    content = await response.json().catch(() => undefined);
  } catch (error) {
    throw (error as Error).name === 'TimeoutError'
      ? new SwitchyardError('deadline_exceeded', `The gateway did not answer within ${waitMs} ms.`, { cause: error })
      : new SwitchyardError('not_ready', `No gateway can be reached at ${gatewayUrl}.`, {
          cause: error,
          retryAfterSeconds: 1,
        });
  }
  if (!response.ok) throw toFailure(content, response.status);
  const { predictions, ids, served } = predictResponseSchema.parse(content);
  const [answer, id, by] = [predictions[0], ids[0], served[0]];
  if (answer === undefined || id === undefined || by === undefined)
    throw new Error('the gateway answered without a row');
  return {
    id,
    answer,
    served: by,
    revision: numberOf(response.headers.get('x-switchyard-revision')),
    requestId: response.headers.get('x-request-id') ?? requestId,
    overheadMicros: numberOf(response.headers.get('x-switchyard-overhead-us')),
    roundTripMicros: Math.round((performance.now() - startedAt) * 1_000),
  };
}

/** What the gateway refused, as a failure of this call: rows of one are fields of the body that was sent here. */
function toFailure(content: unknown, status: number): Error {
  const problem = problemSchema.safeParse(content);
  if (!problem.success) return new Error(`the gateway answered with status ${status} and no problem`);
  const { code, detail, errors } = problem.data;
  // The gateway knows the endpoint a moment later than control does.
  const known: ErrorCode = code === 'endpoint_not_found' ? 'not_ready' : code;
  const problems = (errors ?? []).map(
    ({ field, index, ...rest }): FieldProblem => ({
      ...(index === undefined
        ? { field: field ?? '' }
        : { field: field === undefined ? 'features' : `features.${field}` }),
      detail: rest.detail,
    }),
  );
  return new SwitchyardError(
    known,
    known === code ? detail : 'The gateway does not serve this endpoint yet; try again in a moment.',
    { problems, ...(errorRegistry[known].retryable ? { retryAfterSeconds: 1 } : {}) },
  );
}

function numberOf(header: string | null): number | null {
  return header === null || !Number.isFinite(Number(header)) ? null : Number(header);
}
