import type { PlatformStatus } from '@switchyard/contracts';

type Held = PlatformStatus['gateways'][number]['models'][number];

/** What the gateways say about one version, worst first. */
export interface LeafHealth {
  readonly tone: 'good' | 'warning' | 'bad';
  /** A word or two. */
  readonly label: string;
  /** The reason, when it is not simply ready. */
  readonly detail: string | null;
}

const WORST: readonly Held['state'][] = ['failed', 'loading', 'ready'];

/** Null while no gateway has reported. One that stopped reporting does not count: what it holds is not known. */
export function leafHealth(status: PlatformStatus, model: string, version: string): LeafHealth | null {
  const gateways = status.gateways.filter((gateway) => gateway.reachable);
  if (gateways.length === 0) return null;
  const held = gateways.flatMap((gateway) =>
    gateway.models.filter((one) => one.model === model && one.version === version),
  );
  const count = (state: Held['state']) => held.filter((one) => one.state === state).length;
  const where = (state: Held['state']) => (gateways.length === 1 ? '' : ` on ${count(state)} of ${gateways.length}`);
  const upstream = held.flatMap((one) => one.upstream ?? []);
  const away = upstream.find((one) => one.state === 'down') ?? upstream.find((one) => one.state === 'mismatched');
  const worst = WORST.find((state) => count(state) > 0);
  if (worst === undefined)
    return { tone: 'warning', label: 'not loaded', detail: 'No gateway holds this version yet.' };
  if (worst === 'failed') {
    return {
      tone: 'bad',
      label: `failed${where('failed')}`,
      detail: held.find((one) => one.state === 'failed')?.error ?? null,
    };
  }
  if (away !== undefined) {
    return {
      tone: 'bad',
      label: away.state === 'down' ? 'server down' : 'other model at the server',
      detail: `${away.kind} at ${away.url}${away.lastError === null ? '' : `: ${away.lastError}`}`,
    };
  }
  if (worst === 'loading') return { tone: 'warning', label: `loading${where('loading')}`, detail: null };
  if (held.length < gateways.length) {
    return { tone: 'warning', label: `ready${where('ready')}`, detail: 'The other gateways do not hold it yet.' };
  }
  const unknown = upstream.some((one) => one.state === 'unknown');
  const [server] = upstream;
  return {
    tone: unknown ? 'warning' : 'good',
    label: unknown ? 'server not asked yet' : 'ready',
    detail: server === undefined ? null : `${server.kind} at ${server.url}`,
  };
}
