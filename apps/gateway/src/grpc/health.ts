import {
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

interface HealthRequest {
  readonly service: string;
}
interface HealthResponse {
  readonly status: 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
}
type Watcher = ServerWritableStream<HealthRequest, HealthResponse>;

const KNOWN_SERVICES = new Set(['', 'inference.GRPCInferenceService', 'grpc.health.v1.Health']);
const CHECK_EVERY_MS = 500;
const MAXIMUM_WATCHERS = 1_000;

export interface HealthService {
  readonly implementation: UntypedServiceImplementation;
  /** Tells every watcher that nothing is served any more, and ends its stream. */
  end(): void;
}

/** grpc.health.v1, as load balancers and Kubernetes ask it. */
export function createHealthService(isReady: () => boolean): HealthService {
  const watchers = new Set<Watcher>();
  let told = isReady();
  let timer: NodeJS.Timeout | undefined;

  const read = (): HealthResponse => ({ status: isReady() ? 'SERVING' : 'NOT_SERVING' });
  const look = (): void => {
    if (told === isReady()) return;
    told = isReady();
    for (const watcher of watchers) watcher.write(read());
  };
  const forget = (watcher: Watcher): void => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };

  return {
    implementation: {
      Check(call: ServerUnaryCall<HealthRequest, HealthResponse>, callback: sendUnaryData<HealthResponse>) {
        if (KNOWN_SERVICES.has(call.request.service)) callback(null, read());
        else callback({ code: status.NOT_FOUND, details: 'the service is not known' });
      },
      Watch(call: Watcher) {
        if (!KNOWN_SERVICES.has(call.request.service)) {
          call.write({ status: 'SERVICE_UNKNOWN' });
          return;
        }
        if (watchers.size >= MAXIMUM_WATCHERS) {
          call.emit('error', { code: status.RESOURCE_EXHAUSTED, details: 'too many watch already' });
          return;
        }
        if (timer === undefined) told = isReady();
        timer ??= setInterval(look, CHECK_EVERY_MS).unref();
        watchers.add(call);
        call.on('cancelled', () => forget(call));
        call.write(read());
      },
    },
    end() {
      for (const watcher of [...watchers]) {
        watcher.write({ status: 'NOT_SERVING' });
        watcher.end();
        forget(watcher);
      }
    },
  };
}
