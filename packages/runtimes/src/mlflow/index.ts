import type { UpstreamOf } from '@switchyard/contracts';
import { expectSuccess } from '../upstream/http-client.ts';
import { asRecord, parseModelJson } from '../upstream/json.ts';
import type { TransportContext } from '../upstream/make-transport.ts';
import { createRestClient } from '../upstream/rest-client.ts';
import { itemsToTensors, tensorsToRows } from '../upstream/row-items.ts';
import type { Transport } from '../upstream/transport.ts';

/**
 * MLflow's scoring server (`mlflow models serve`). Rows go as `dataframe_split`, the one form that keeps the types of
 * the columns. The server says nothing about its model, so the features name the columns.
 */
export function createMlflowTransport(upstream: UpstreamOf<'mlflow'>, context: TransportContext): Transport {
  const http = createRestClient(upstream, context);
  const { signature } = context;
  const columns = JSON.stringify(signature?.features.map(({ name }) => name) ?? []);
  return {
    async call({ inputs, outputs, rowCount }, signal) {
      const data = tensorsToRows(inputs, rowCount).join(',');
      const body = `{"dataframe_split":{"columns":${columns},"data":[${data}]}}`;
      const answer = await http.send({ method: 'POST', path: '/invocations', body }, signal);
      const { predictions } = asRecord(parseModelJson(expectSuccess(answer)), 'The answer');
      return itemsToTensors(predictions, outputs, signature);
    },
    async probe(signal) {
      expectSuccess(await http.send({ method: 'GET', path: '/health' }, signal));
    },
    describe: async () => undefined,
    openConnections: http.openConnections,
    close: http.close,
  };
}
