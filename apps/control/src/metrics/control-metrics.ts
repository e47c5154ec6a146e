import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { GatewayDirectory } from '../gateways/gateway-directory.ts';
import type { LiveFeed } from '../live/live-feed.ts';
import type { LearningLoop } from '../routing-state/learning-loop.ts';
import type { SnapshotPublisher } from '../snapshot/snapshot-publisher.ts';
import type { ShippingStatus } from '../status/platform-health.ts';

/** What Prometheus scrapes. Label values come from the route table, never from callers. */
export function registerMetrics(
  server: FastifyInstance,
  sources: {
    readonly snapshots: SnapshotPublisher;
    readonly gateways: GatewayDirectory;
    readonly live: LiveFeed;
    readonly shipping: () => ShippingStatus;
    readonly learning?: Pick<LearningLoop, 'status'> | undefined;
  },
): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Histogram({
    name: 'switchyard_control_request_seconds',
    help: 'Time to answer a request',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10],
    registers,
  });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge(
    'switchyard_snapshot_version',
    'Version of the serving snapshot published last',
    () => sources.snapshots.current().version,
  );
  gauge('switchyard_snapshot_waiters', 'Gateways waiting for the next snapshot', () => sources.snapshots.waiting());
  gauge(
    'switchyard_gateways_reachable',
    'Gateways that report',
    () => sources.gateways.list().filter((gateway) => gateway.reachable).length,
  );
  gauge('switchyard_live_clients', 'Dashboards connected to the live feed', () => sources.live.clients());
  gauge(
    'switchyard_shipping_pending_segments',
    'Sealed segments of the prediction log that wait to be shipped',
    () => sources.shipping().pendingSegments,
  );
  gauge('switchyard_shipping_pending_bytes', 'Size of those', () => sources.shipping().pendingBytes);
  gauge(
    'switchyard_shipping_quarantined_segments',
    'Segments set aside because they cannot be read',
    () => sources.shipping().quarantinedSegments,
  );
  gauge('switchyard_learning_owner', '1 in the control process that works out what routing nodes have learnt', () =>
    Number(sources.learning?.status().isOwner ?? false),
  );
  gauge(
    'switchyard_learning_failing_nodes',
    'Routing nodes whose state could not be worked out last time',
    () => sources.learning?.status().failingNodes ?? 0,
  );
  new Counter({
    name: 'switchyard_learning_states_published_total',
    help: 'States of routing nodes handed to gateways',
    registers,
    collect() {
      this.reset();
      this.inc(sources.learning?.status().published ?? 0);
    },
  });
  new Counter({
    name: 'switchyard_live_clients_dropped_total',
    help: 'Dashboards disconnected because they did not keep up',
    registers,
    collect() {
      this.reset();
      this.inc(sources.live.dropped());
    },
  });

  server.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    requests.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1_000);
  });
  server.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
}
