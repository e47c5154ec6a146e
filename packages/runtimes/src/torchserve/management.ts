import { UpstreamFailure } from '../upstream/failures.ts';
import { expectSuccess, type HttpClient } from '../upstream/http-client.ts';
import { asRecord, parseModelJson } from '../upstream/json.ts';

/** One version of a model, as the management API describes it. */
export interface TorchserveModel {
  readonly model: string;
  readonly version: string;
  readonly minimumWorkers: number;
  readonly maximumWorkers: number;
  readonly batchSize: number;
  readonly maximumBatchDelayMs: number;
  readonly workers: readonly { readonly id: string; readonly status: string }[];
}

export interface ManagementClient {
  /** One version; the default one unless named. */
  describe(model: string, version: string | undefined, signal: AbortSignal): Promise<TorchserveModel>;
  /** Names of all models, over all pages. */
  list(signal: AbortSignal): Promise<string[]>;
  close(): Promise<void>;
}

/** A server that goes on handing out pages is not believed for ever. */
const MAXIMUM_PAGES = 1_000;

/** TorchServe's management API, the part that only reads. */
export function createManagementClient(http: HttpClient): ManagementClient {
  return {
    async describe(model, version, signal) {
      const path = `/models/${model}${version === undefined ? '' : `/${version}`}`;
      return parseDescription(expectSuccess(await http.send({ method: 'GET', path }, signal)));
    },
    async list(signal) {
      const names: string[] = [];
      let page = '';
      for (let count = 0; count < MAXIMUM_PAGES; count += 1) {
        const path = `/models?limit=100${page === '' ? '' : `&next_page_token=${encodeURIComponent(page)}`}`;
        const parsed = parseModelJson(expectSuccess(await http.send({ method: 'GET', path }, signal)));
        const { models, nextPageToken } = asRecord(parsed, 'The list of models');
        if (!Array.isArray(models)) throw new UpstreamFailure('unreadable', 'The list of models holds no models.');
        for (const each of models) names.push(String(asRecord(each, 'A model').modelName));
        if (nextPageToken === undefined || nextPageToken === null || nextPageToken === '') return names;
        page = String(nextPageToken);
      }
      throw new UpstreamFailure('unreadable', `The list of models goes on for more than ${MAXIMUM_PAGES} pages.`);
    },
    close: () => http.close(),
  };
}

/** The answer of DescribeModel, which is a list of one, over REST and, as text, over gRPC. */
export function parseDescription(bytes: Buffer): TorchserveModel {
  const parsed = parseModelJson(bytes);
  const described = asRecord(Array.isArray(parsed) ? parsed[0] : parsed, 'The description of the model');
  const workers = Array.isArray(described.workers) ? described.workers : [];
  return {
    model: String(described.modelName),
    version: String(described.modelVersion),
    minimumWorkers: Number(described.minWorkers),
    maximumWorkers: Number(described.maxWorkers),
    batchSize: Number(described.batchSize),
    maximumBatchDelayMs: Number(described.maxBatchDelay),
    workers: workers.map((each) => {
      const worker = asRecord(each, 'A worker');
      return { id: String(worker.id), status: String(worker.status) };
    }),
  };
}

/** A model is ready when a worker of it is. */
export function assertServing({ model, workers }: TorchserveModel): void {
  if (workers.some(({ status }) => status === 'READY')) return;
  const states = workers.map(({ status }) => status).join(', ');
  throw new UpstreamFailure(
    'server_overloaded',
    `The model '${model}' has no worker that is ready (${states || 'none'}).`,
  );
}
