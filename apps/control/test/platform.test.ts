import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewayStatus, PlatformStatus } from '@switchyard/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAlertTracker, findAlerts, type PlatformHealth } from '../src/alerts/find-alerts.ts';
import { createGatewayDirectory } from '../src/gateways/gateway-directory.ts';
import { askHealth } from '../src/status/platform-health.ts';
import { INTERNAL_TOKEN, problemOf, type RunningControl, rawRequest, startControl } from './start-control.ts';

const gatewayStatus = (overrides: Partial<GatewayStatus> = {}): GatewayStatus => ({
  id: 'gateway-0',
  pid: 1,
  startedAt: '2026-01-01T00:00:00.000Z',
  state: 'ready',
  snapshot: null,
  snapshotError: null,
  models: [],
  memoryBytes: 1,
  log: { writable: true, unshippedSegments: 0, unshippedBytes: 0 },
  ...overrides,
});
const authorization = { authorization: `Bearer ${INTERNAL_TOKEN}` };

describe('the platform', () => {
  let running: RunningControl;
  let dashboard: string;
  let analyticsHealthy = true;
  const shipping: PlatformStatus['shipping'] = {
    pendingSegments: 2,
    pendingBytes: 10,
    lastShippedAt: null,
    quarantinedSegments: 0,
    problem: null,
  };
  beforeAll(async () => {
    dashboard = await mkdtemp(join(tmpdir(), 'switchyard-dashboard-'));
    await mkdir(join(dashboard, 'assets'));
    await writeFile(
      join(dashboard, 'index.html'),
      '<!doctype html><script>theme()</script><script type="module" src="/assets/index-abc123.js"></script>',
    );
    await writeFile(join(dashboard, 'assets', 'index-abc123.js'), 'export {}');
    await writeFile(join(dashboard, 'favicon.svg'), '<svg/>');
    running = await startControl({
      dashboardDir: dashboard,
      shipping: () => shipping,
      analytics: {
        port: 'analytics',
        engine: 'fake',
        health: async () => (analyticsHealthy ? { healthy: true, detail: '' } : { healthy: false, detail: 'gone' }),
      },
    });
  });
  afterAll(async () => {
    await running.stop();
    await rm(dashboard, { recursive: true, force: true });
  });
  const report = (status: GatewayStatus, id = status.id) =>
    running.call('PUT', `//internal/v1/gateways/${id}/status`, status, authorization);
  const alerts = async () =>
    (await running.call<{ items: { id: string; severity: string }[] }>('GET', '/alerts')).body.items;

  it('says how its stores, shipping and gateways are', async () => {
    expect((await report(gatewayStatus())).status).toBe(204);
    expect((await running.call('GET', '/status')).body).toMatchObject({
      version: '0.0.0-test',
      snapshot: { version: 0 },
      stores: [
        { port: 'metadata', engine: 'pglite', healthy: true },
        { port: 'analytics', engine: 'fake', healthy: true },
        { port: 'objects', engine: 'files', healthy: true },
      ],
      shipping,
      gateways: [{ id: 'gateway-0', reachable: true }],
      gatewayUrl: 'http://127.0.0.1:7071',
    });
  });

  it('has no alerts when nothing is wrong, and one for each thing that is, for as long as it is', async () => {
    expect(await alerts()).toEqual([]);
    analyticsHealthy = false;
    await report(gatewayStatus({ snapshotError: 'forest version 2: out of memory' }));
    expect((await alerts()).map((alert) => alert.id)).toEqual(['snapshot-refused-gateway-0', 'store-analytics']);
    analyticsHealthy = true;
    await report(gatewayStatus());
    expect(await alerts()).toEqual([]);
  });

  it('takes the status of a gateway only under its own name and with the token', async () => {
    expect(problemOf(await report(gatewayStatus(), 'gateway-1')).errors).toMatchObject([{ field: 'id' }]);
    expect(problemOf(await report({ ...gatewayStatus(), state: 'broken' as 'ready' })).errors).toMatchObject([
      { field: 'state' },
    ]);
    expect((await running.call('PUT', '//internal/v1/gateways/gateway-0/status', gatewayStatus())).status).toBe(401);
  });

  it('is alive, and ready while its registry answers', async () => {
    expect((await running.call('GET', '//healthz')).body).toEqual({ status: 'ok' });
    expect((await running.call('GET', '//readyz')).body).toEqual({ status: 'ready' });
  });

  it('is not ready when its registry does not answer', async () => {
    const other = await startControl({
      metadata: { ...running.metadata, health: async () => ({ healthy: false, detail: '' }) },
    });
    const answer = await other.call('GET', '//readyz');
    expect([answer.status, problemOf(answer).code]).toEqual([503, 'not_ready']);
    await other.stop();
  });

  it('has metrics whose labels come from the route table, never from callers', async () => {
    await running.call('GET', '/models/somebody-elses-secret');
    const { body, headers } = await running.call<string>('GET', '//metrics');
    expect(headers.get('content-type')).toContain('text/plain');
    expect(body).toContain('route="/api/v1/models/:model",status="404"');
    expect(body).not.toContain('somebody-elses-secret');
    for (const name of [
      'switchyard_snapshot_version 0',
      'switchyard_gateways_reachable 1',
      'switchyard_shipping_pending_segments 2',
      'process_resident_memory_bytes',
    ]) {
      expect(body).toContain(name);
    }
  });

  it('serves the dashboard: its page anew each time, its hashed files for ever', async () => {
    const page = await running.call<string>('GET', '//');
    expect(page.body).toContain('<!doctype html>');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self' 'sha256-");
    expect(policy).not.toContain("script-src 'self' 'unsafe-inline'");
    const asset = await running.call<string>('GET', '//assets/index-abc123.js');
    expect(asset.body).toBe('export {}');
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect((await running.call('GET', '//favicon.svg')).headers.get('cache-control')).toBe('no-cache');
  });

  it('answers addresses of the dashboard with its page, and only to those who want a page', async () => {
    const html = { accept: 'text/html,*/*' };
    for (const path of ['//models/forest', '//endpoints', '//index.html']) {
      expect((await running.call<string>('GET', path, undefined, html)).body).toContain('<!doctype html>');
    }
    for (const path of ['//assets/gone.js', '//api/v1/nothing', '//internal/nothing']) {
      expect((await running.call('GET', path, undefined, html)).status).toBe(404);
    }
    expect((await running.call('GET', '//models/forest', undefined, { accept: 'application/json' })).status).toBe(404);
    expect((await running.call('POST', '//models/forest', {}, html)).status).toBe(404);
  });

  it.each([
    '/assets/../index.html/../../../etc/passwd',
    '/assets/%2e%2e/%2e%2e/etc/passwd',
    '/assets/..%2f..%2fetc%2fpasswd',
    '/%00',
    '/assets/a%00.js',
    '/.env',
  ])('gives nothing out for %s', async (path) => {
    const { status, body } = await rawRequest(running.port, { path });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(body).not.toContain('root:');
  });
});

describe('the directory of gateways', () => {
  it('knows who reports, who fell silent, and forgets who left', () => {
    let now = new Date('2026-01-01T00:00:00Z');
    const changed: string[] = [];
    const directory = createGatewayDirectory({ now: () => now, onChanged: (id) => changed.push(id) });
    directory.report(gatewayStatus({ id: 'b' }));
    directory.report(gatewayStatus({ id: 'a' }));
    directory.report(gatewayStatus({ id: 'a', memoryBytes: 2 }));
    expect(changed).toEqual(['b', 'a']);
    directory.report(gatewayStatus({ id: 'a', state: 'draining' }));
    expect(changed).toEqual(['b', 'a', 'a']);
    expect(directory.list().map(({ id, reachable }) => [id, reachable])).toEqual([
      ['a', true],
      ['b', true],
    ]);
    now = new Date('2026-01-01T00:00:11Z');
    expect(directory.list().map(({ id, reachable }) => [id, reachable])).toEqual([['b', false]]);
    now = new Date('2026-01-01T02:00:00Z');
    expect(directory.list()).toEqual([]);
  });
});

describe('alerts', () => {
  const healthy: PlatformHealth = {
    stores: [{ port: 'metadata', engine: 'pglite', healthy: true, detail: '' }],
    shipping: { pendingSegments: 0, pendingBytes: 0, lastShippedAt: null, quarantinedSegments: 0, problem: null },
    gateways: [{ ...gatewayStatus(), lastSeenAt: '2026-01-01T00:00:00.000Z', reachable: true }],
  };
  const gateway = (overrides: Partial<PlatformHealth['gateways'][number]>) => ({
    ...healthy,
    gateways: [{ ...healthy.gateways[0]!, ...overrides }],
  });

  it.each<[string, PlatformHealth, string[]]>([
    ['nothing is wrong', healthy, []],
    ['nothing is there yet', { ...healthy, gateways: [], stores: [] }, []],
    [
      'a store fails',
      { ...healthy, stores: [{ port: 'metadata', engine: 'pglite', healthy: false, detail: 'x' }] },
      ['store-metadata'],
    ],
    [
      'a gateway is silent, whatever it said last',
      gateway({ reachable: false, snapshotError: 'old' }),
      ['gateway-unreachable-gateway-0'],
    ],
    ['a gateway refuses the snapshot', gateway({ snapshotError: 'why' }), ['snapshot-refused-gateway-0']],
    [
      'the log cannot be written',
      gateway({ log: { writable: false, unshippedSegments: 0, unshippedBytes: 0 } }),
      ['log-not-writable-gateway-0'],
    ],
    [
      'a model did not load',
      gateway({
        models: [{ model: 'm', version: '1', state: 'failed', error: 'why', execution: null, runMicros: null }],
      }),
      ['model-failed-gateway-0-m-1'],
    ],
    [
      'segments were set aside',
      { ...healthy, shipping: { ...healthy.shipping, quarantinedSegments: 1 } },
      ['segments-quarantined'],
    ],
    [
      'shipping is behind',
      { ...healthy, shipping: { ...healthy.shipping, pendingSegments: 101 } },
      ['shipping-behind'],
    ],
  ])('when %s', (_when, health, ids) => {
    expect(findAlerts(health).map((alert) => alert.id)).toEqual(ids);
  });

  it('say why shipping is behind, where that is known', () => {
    const shipping = { ...healthy.shipping, pendingSegments: 101, problem: 'the disk is full' };
    expect(findAlerts({ ...healthy, shipping })[0]?.detail).toMatch(/wait to be shipped: the disk is full\.$/);
  });

  it('put the worst first', () => {
    const health = { ...gateway({ snapshotError: 'why' }), shipping: { ...healthy.shipping, quarantinedSegments: 1 } };
    expect(findAlerts(health).map((alert) => alert.severity)).toEqual(['critical', 'warning']);
  });

  it('remember since when, and tell when they come and go', () => {
    let now = new Date('2026-01-01T00:00:00Z');
    const changed: string[] = [];
    const tracker = createAlertTracker({ now: () => now, onChanged: (id) => changed.push(id) });
    const findings = findAlerts(gateway({ snapshotError: 'why' }));
    const first = tracker.update(findings);
    now = new Date('2026-01-01T01:00:00Z');
    expect(tracker.update(findings)).toEqual(first);
    expect(tracker.update([])).toEqual([]);
    expect(tracker.update(findings)[0]?.since).toBe('2026-01-01T01:00:00.000Z');
    expect(changed).toEqual(Array(3).fill('snapshot-refused-gateway-0'));
  });
});

describe('asking stores for their health', () => {
  it('takes a failure and a store that never answers for an answer', async () => {
    const source = (port: string, health: () => Promise<{ healthy: boolean; detail: string }>) => ({
      port,
      engine: 'fake',
      health,
    });
    const answers = await askHealth([
      source('a', async () => ({ healthy: true, detail: '' })),
      source('b', () => Promise.reject(new Error('secret'))),
      source('c', () => new Promise(() => {})),
    ]);
    expect(answers.map(({ healthy, detail }) => [healthy, detail])).toEqual([
      [true, ''],
      [false, 'failed to answer'],
      [false, 'did not answer within 2 s'],
    ]);
  });
});
