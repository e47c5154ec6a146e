import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import {
  type GrpcObject,
  loadPackageDefinition,
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceClientConstructor,
  type sendUnaryData,
  setLogVerbosity,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { SwitchyardError } from '@switchyard/contracts';
import type { RejectionCounter } from '../log/rejection-counter.ts';
import type { GatewayMetrics } from '../metrics/gateway-metrics.ts';
import { EXTENSIONS, targetConfig, targetMetadata } from '../open-inference/metadata.ts';
import { loadFromRepository, repositoryIndex, unloadFromRepository } from '../open-inference/repository.ts';
import type { InferOptions } from '../open-inference/start-infer.ts';
import { readStatistics } from '../open-inference/statistics.ts';
import { findTarget } from '../open-inference/targets.ts';
import type { ServingState } from '../snapshot/serving-state.ts';
import { createHealthService } from './health.ts';
import { createInferCalls } from './infer-calls.ts';
import type { NamedRequest, RepositoryRequest } from './messages.ts';
import { toStatus } from './status.ts';

export interface GrpcOptions extends Omit<InferOptions, 'maximumRows'> {
  readonly version: string;
  readonly limits: { readonly bodyMaximumBytes: number; readonly batchMaximumRows: number };
  readonly current: () => ServingState | undefined;
  readonly isDraining: () => boolean;
  readonly rejections: RejectionCounter;
  readonly metrics: GatewayMetrics;
  /** Called once for every failure that nobody foresaw. */
  readonly logFailure: (requestId: string, error: unknown) => void;
}

export interface GrpcServer {
  listen(address: { port: number; host: string; reusePort: boolean }): Promise<number>;
  /** Takes no connections any more, answers what is under way, and ends what is left at the deadline. */
  stop(deadlineMs: number): Promise<void>;
}

/** Names and parameters beside the tensors of the largest request. */
const MESSAGE_OVERHEAD_BYTES = 65_536;
const MAXIMUM_CONCURRENT_CALLS = 1_000;
const MAXIMUM_CONNECTIONS = 5_000;
/** Clients open a new connection when they need one; who is gone without a word must not hold one of ours. */
const IDLE_MS = 600_000;
const ASK_IF_THERE_MS = 60_000;

// It would write plain text between the lines of our log.
setLogVerbosity(logVerbosity.NONE);

/** GRPCInferenceService and grpc.health.v1 on a port of their own, over the same runner, log and limits as HTTP. */
export function createGrpcServer(options: GrpcOptions): GrpcServer {
  const isReady = (): boolean => options.current() !== undefined && !options.isDraining();
  const health = createHealthService(isReady);
  const calls = createInferCalls(options);
  const server = new Server({
    'grpc.max_receive_message_length': options.limits.bodyMaximumBytes + MESSAGE_OVERHEAD_BYTES,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': MAXIMUM_CONCURRENT_CALLS,
    'grpc.max_connection_idle_ms': IDLE_MS,
    'grpc.keepalive_time_ms': ASK_IF_THERE_MS,
  });
  server.addService(loadService('open-inference/open_inference_grpc.proto', ['inference', 'GRPCInferenceService']), {
    ...readCalls(options, isReady),
    ModelInfer: calls.modelInfer,
    ModelStreamInfer: calls.modelStreamInfer,
  });
  server.addService(loadService('grpc-health.proto', ['grpc', 'health', 'v1', 'Health']), health.implementation);
  // The library cannot share a port between processes, so connections are taken here and handed over.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    injector.injectConnection(socket);
  });
  listener.maxConnections = MAXIMUM_CONNECTIONS;

  return {
    listen: ({ port, host, reusePort }) =>
      new Promise((resolve, reject) => {
        listener.once('error', reject);
        listener.listen({ port, host, reusePort, backlog: 1_024 }, () => {
          listener.off('error', reject);
          resolve((listener.address() as AddressInfo).port);
        });
      }),
    async stop(deadlineMs) {
      listener.close();
      health.end();
      calls.endStreams();
      await new Promise<void>((resolve) => {
        const deadline = setTimeout(() => server.forceShutdown(), deadlineMs);
        server.tryShutdown(() => {
          clearTimeout(deadline);
          resolve();
        });
      });
      injector.destroy();
    },
  };
}

/** Everything but inference: answered at once from what the process holds. */
function readCalls(options: GrpcOptions, isReady: () => boolean): UntypedServiceImplementation {
  const { current, metrics, newId, logFailure } = options;
  const requireState = (): ServingState => {
    const state = current();
    if (state === undefined) throw new SwitchyardError('not_ready', 'no serving snapshot is loaded yet');
    return state;
  };
  const target = ({ name, version }: NamedRequest) =>
    findTarget(requireState(), name, version === '' ? undefined : version);
  const unary =
    <Request>(handle: (request: Request) => object) =>
    (call: ServerUnaryCall<Request, object>, callback: sendUnaryData<object>): void => {
      try {
        callback(null, handle(call.request));
      } catch (error) {
        const requestId = newId();
        if (!SwitchyardError.is(error)) logFailure(requestId, error);
        callback(toStatus(error, requestId).status);
      }
    };
  return {
    ServerLive: unary(() => ({ live: true })),
    ServerReady: unary(() => ({ ready: isReady() })),
    ServerMetadata: unary(() => ({ name: 'switchyard', version: options.version, extensions: EXTENSIONS })),
    // What is not known is not ready either: clients ask this to wait for it, and take an error for another thing.
    ModelReady: unary((request: NamedRequest) => ({ ready: isReady() && isKnown(() => target(request)) })),
    ModelMetadata: unary((request: NamedRequest) => targetMetadata(target(request))),
    ModelConfig: unary((request: NamedRequest) => ({ config: targetConfig(target(request)) })),
    ModelStatistics: unary(({ name, version }: NamedRequest) => ({
      model_stats: readStatistics(
        requireState(),
        metrics,
        name === '' ? undefined : name,
        version === '' ? undefined : version,
      ),
    })),
    RepositoryIndex: unary(({ ready }: { ready: boolean }) => ({ models: repositoryIndex(requireState(), ready) })),
    RepositoryModelLoad: unary(({ model_name: name, parameters }: RepositoryRequest) => {
      loadFromRepository(requireState(), name, parameters);
      return {};
    }),
    RepositoryModelUnload: unary(({ model_name: name }: RepositoryRequest) =>
      unloadFromRepository(requireState(), name),
    ),
  };
}

function isKnown(find: () => unknown): boolean {
  try {
    find();
    return true;
  } catch (error) {
    if (SwitchyardError.is(error)) return false;
    throw error;
  }
}

function loadService(file: string, path: readonly string[]) {
  const definition = loadSync(fileURLToPath(import.meta.resolve(`@switchyard/runtimes/protos/${file}`)), {
    keepCase: true,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const found = path.reduce<unknown>((at, name) => (at as GrpcObject)[name], loadPackageDefinition(definition));
  return (found as ServiceClientConstructor).service;
}
