import type { Problem } from '@switchyard/contracts';
import { buildPath } from './build-request.ts';
import type {
  ControlAnswer,
  ControlArguments,
  ControlRouteName,
  GatewayAnswer,
  GatewayArguments,
  GatewayRouteName,
} from './route-types.ts';
import { controlRequests, gatewayRequests, type RequestLine } from './routes.generated.ts';

/** A call was answered, but not with success. `problem` is null when the answer was not problem+json. */
export class CallFailed extends Error {
  readonly status: number;
  readonly problem: Problem | null;
  constructor(status: number, problem: Problem | null) {
    super(problem === null ? `answered with status ${status}` : `${problem.code}: ${problem.detail}`);
    this.name = 'CallFailed';
    this.status = status;
    this.problem = problem;
  }
}

export interface ClientOptions {
  /** Without a path, such as http://127.0.0.1:7070 */
  readonly baseUrl: string;
  readonly fetch?: typeof fetch;
}

type CallArguments<T> = Record<never, unknown> extends T ? [args?: T] : [args: T];
export type ControlClient = {
  readonly [N in ControlRouteName]: (...args: CallArguments<ControlArguments<N>>) => Promise<ControlAnswer<N>>;
};
export type GatewayClient = {
  readonly [N in GatewayRouteName]: (...args: CallArguments<GatewayArguments<N>>) => Promise<GatewayAnswer<N>>;
};

/** One method per route of the control plane. Throws CallFailed for what the server refuses. */
export function createControlClient(options: ClientOptions): ControlClient {
  return createClient(controlRequests, options) as ControlClient;
}

/** One method per route of the gateway. Throws CallFailed for what the server refuses. */
export function createGatewayClient(options: ClientOptions): GatewayClient {
  return createClient(gatewayRequests, options) as GatewayClient;
}

interface AnyArguments {
  params?: Record<string, string>;
  query?: Record<string, unknown>;
  body?: unknown;
  form?: FormData;
}

function createClient(requests: Record<string, RequestLine>, options: ClientOptions): unknown {
  const send = options.fetch ?? fetch;
  const call = async (request: RequestLine, args: AnyArguments = {}): Promise<unknown> => {
    const init: RequestInit = { method: request.method, headers: { accept: 'application/json' } };
    if (args.form !== undefined) init.body = args.form;
    else if (args.body !== undefined) {
      init.body = JSON.stringify(args.body);
      init.headers = { accept: 'application/json', 'content-type': 'application/json' };
    }
    const response = await send(options.baseUrl + buildPath(request, args), init);
    const type = response.headers.get('content-type') ?? '';
    const text = await response.text();
    const body: unknown = type.includes('json') && text !== '' ? JSON.parse(text) : undefined;
    if (!response.ok) throw new CallFailed(response.status, type.includes('problem+json') ? (body as Problem) : null);
    return body;
  };
  return Object.fromEntries(
    Object.entries(requests).map(([name, request]) => [name, (args?: AnyArguments) => call(request, args)]),
  );
}
