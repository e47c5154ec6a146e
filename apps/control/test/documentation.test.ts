import { controlRoutes, errorRegistry, type RouteSpec } from '@switchyard/contracts';
import { controlDocument, gatewayDocument } from '@switchyard/contracts/openapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemOf, type RunningControl, startControl } from './start-control.ts';

let running: RunningControl;
beforeAll(async () => {
  running = await startControl();
});
afterAll(() => running.stop());

describe('the documentation that is served', () => {
  it('is the documents made from the route tables', async () => {
    const control = await running.call('GET', '//api/openapi.json');
    expect(control.body).toEqual(JSON.parse(JSON.stringify(controlDocument({ version: '0.0.0-test' }))));
    const gateway = await running.call('GET', '//api/openapi-gateway.json');
    expect(gateway.body).toEqual(
      JSON.parse(JSON.stringify(gatewayDocument({ version: '0.0.0-test', url: 'http://127.0.0.1:7071' }))),
    );
  });

  it('has each route on the server: none of them is unknown there', async () => {
    for (const [name, route] of Object.entries(controlRoutes as Record<string, RouteSpec>)) {
      const path = route.path.replaceAll(/\{(\w+)\}/g, (_all, parameter: string) =>
        parameter === 'id' ? '019a0000-0000-7000-8000-000000000000' : '1',
      );
      const answer = await running.call(route.method, path, route.body ? {} : undefined);
      expect(['route_not_found', 'method_not_allowed'], name).not.toContain(problemOf(answer)?.code);
    }
  });

  it('can be read on a page that loads nothing from anywhere', async () => {
    const { body, headers } = await running.call<string>('GET', '//api/docs');
    expect(headers.get('content-type')).toContain('text/html');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(body).not.toMatch(/<script|src=|https?:\/\/(?!127\.0\.0\.1)/);
    for (const route of Object.values(controlRoutes as Record<string, RouteSpec>)) expect(body).toContain(route.path);
    for (const code of Object.keys(errorRegistry)) expect(body).toContain(`id="error-${code}"`);
    for (const [, anchor] of body.matchAll(/href="#([^"]+)"/g)) expect(body, anchor).toContain(`id="${anchor}"`);
  });

  it('is where the type of a problem leads', async () => {
    const { type } = problemOf(await running.call('GET', '/models/nobody'));
    const answer = await running.call('GET', `/${type}`);
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/api/docs#error-model_not_found']);
    expect((await running.call('GET', '//problems/constructor')).status).toBe(404);
  });
});
