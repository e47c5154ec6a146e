import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generateRoutes } from '../scripts/generate-routes.ts';
import { buildPath, CallFailed, controlRequests, createControlClient, createGatewayClient } from '../src/index.ts';

test('the committed request lines are those of the contracts', () => {
  const committed = readFileSync(new URL('../src/routes.generated.ts', import.meta.url), 'utf8');
  expect(committed, 'run npm run generate -w @switchyard/client').toBe(generateRoutes());
});

test('parameters are encoded and undefined query values are left out', () => {
  expect(buildPath(controlRequests.getVersion, { params: { model: 'a/../b', version: '3' } })).toBe(
    '/api/v1/models/a%2F..%2Fb/versions/3',
  );
  expect(buildPath(controlRequests.listPredictions, { query: { endpoint: 'fraud', model: undefined, limit: 5 } })).toBe(
    '/api/v1/predictions?endpoint=fraud&limit=5',
  );
  expect(() => buildPath(controlRequests.getModel)).toThrow('model');
});

test('a call sends what the route says and gives back the body', async () => {
  const seen: { url: string; init: RequestInit }[] = [];
  const gateway = createGatewayClient({
    baseUrl: 'http://gateway',
    fetch: async (url, init) => {
      seen.push({ url: String(url), init: init! });
      return Response.json({ predictions: [{ label: 1 }], ids: ['x'], served: [] });
    },
  });
  const answer = await gateway.predict({ params: { endpoint: 'fraud' }, body: { instances: [{ amount: 1 }] } });
  expect(answer.predictions[0]?.label).toBe(1);
  expect(seen[0]?.url).toBe('http://gateway/v1/models/fraud:predict');
  expect(seen[0]?.init).toMatchObject({ method: 'POST', body: '{"instances":[{"amount":1}]}' });
});

test('a refusal carries its problem, and an answer that is no problem+json carries none', async () => {
  const answers = [
    new Response(JSON.stringify({ code: 'in_use', detail: 'fraud uses it' }), {
      status: 409,
      headers: { 'content-type': 'application/problem+json' },
    }),
    new Response('bad gateway', { status: 502, headers: { 'content-type': 'text/plain' } }),
  ];
  const control = createControlClient({ baseUrl: 'http://control', fetch: async () => answers.shift()! });
  const refused = await control.deleteModel({ params: { model: 'a' } }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(CallFailed);
  expect(refused).toMatchObject({ status: 409, problem: { code: 'in_use' } });
  expect(await control.listModels().catch((error: unknown) => error)).toMatchObject({ status: 502, problem: null });
});
