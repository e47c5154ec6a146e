import type { UpstreamOf } from '@switchyard/contracts';
import { UpstreamFailure } from '../upstream/failures.ts';
import { expectSuccess } from '../upstream/http-client.ts';
import { asRecord, parseModelJson } from '../upstream/json.ts';
import type { TransportContext } from '../upstream/make-transport.ts';
import { createRestClient } from '../upstream/rest-client.ts';
import type { Transport } from '../upstream/transport.ts';
import { callHandler } from './bodies.ts';
import { assertServing, createManagementClient } from './management.ts';

export function createRestTransport(upstream: UpstreamOf<'torchserve'>, context: TransportContext): Transport {
  const http = createRestClient(upstream, context);
  const { managementUrl, model, version } = upstream;
  const management =
    managementUrl === undefined
      ? undefined
      : createManagementClient(createRestClient({ ...upstream, maxConnections: 1 }, context, managementUrl));
  const path = `/predictions/${model}${version === undefined ? '' : `/${version}`}`;
  return {
    call: (call, signal) =>
      callHandler(upstream, context, call, async (body) =>
        expectSuccess(await http.send({ method: 'POST', path, body }, signal)),
      ),
    async probe(signal) {
      const answer = await http.send({ method: 'GET', path: '/ping' }, signal);
      const { status } = asRecord(parseModelJson(expectSuccess(answer)), 'The health');
      if (status !== 'Healthy') throw new UpstreamFailure('server_overloaded', `The model server is '${status}'.`);
      if (management !== undefined) assertServing(await management.describe(model, version, signal));
    },
    // What a model takes and gives is known to its handler only.
    describe: async () => undefined,
    openConnections: http.openConnections,
    async close() {
      await Promise.all([http.close(), management?.close()]);
    },
  };
}
