import type { ClientCheck, EndpointRehearsal, EndpointRevision, PlatformStatus } from '@switchyard/contracts';
import { formatNumber, formatPercent, plural } from '../format/format.ts';

type Gateway = PlatformStatus['gateways'][number];

export interface GatewayRollout {
  readonly gateway: string;
  /** `held`: it tried the newest snapshot and keeps the one it has. */
  readonly state: 'serving' | 'taking-over' | 'held' | 'away';
  /** Why it is held. */
  readonly reason: string | null;
  /** How the revision answered recent requests before it was taken over, where that is known. */
  readonly rehearsal: EndpointRehearsal | null;
}

/** What became of the live revision of an endpoint on each gateway. */
export function rolloutOf(
  status: PlatformStatus,
  live: Pick<EndpointRevision, 'endpoint' | 'revision'>,
): GatewayRollout[] {
  return status.gateways.map((gateway) => {
    const state = stateOf(status, gateway);
    return {
      gateway: gateway.id,
      state,
      reason: state === 'held' ? gateway.snapshotError : null,
      rehearsal:
        gateway.rehearsal?.endpoints.find((one) => one.endpoint === live.endpoint && one.revision === live.revision) ??
        null,
    };
  });
}

function stateOf(status: PlatformStatus, gateway: Gateway): GatewayRollout['state'] {
  if (!gateway.reachable) return 'away';
  if (gateway.snapshot?.hash === status.snapshot.hash) return 'serving';
  return gateway.snapshotError === null ? 'taking-over' : 'held';
}

/** True when it is this revision that a gateway does not take, for requests that it could not answer. */
export const isRefused = ({ state, rehearsal }: GatewayRollout): boolean =>
  state === 'held' && rehearsal !== null && rehearsal.refused > 0;

/** True while asking again may tell more. */
export const isUnsettled = (rollout: readonly GatewayRollout[]): boolean =>
  rollout.some(({ state }) => state === 'taking-over');

/** "32 recent requests tried, none refused; 31 compared: the label differs for 1 (3.2 %), scores by 0.012 on average, 0.31 at most" */
export function describeRehearsal(rehearsal: EndpointRehearsal): string {
  const { rows, refused, compared, changedLabelShare, meanAbsoluteDifference, maximumAbsoluteDifference } = rehearsal;
  const tried = `${plural(rows, 'recent request')} tried, ${refused === 0 ? 'none' : refused} refused`;
  if (rows === 0) return 'no recent request that was answered could be tried';
  if (compared === 0) return `${tried}; none could be compared`;
  const changed = changedLabelShare === null ? null : Math.round(changedLabelShare * compared);
  const differences = [
    ...(changed === null
      ? []
      : [
          changed === 0 ? 'no label differs' : `the label differs for ${changed} (${formatPercent(changedLabelShare)})`,
        ]),
    ...(meanAbsoluteDifference === null
      ? []
      : maximumAbsoluteDifference === 0
        ? ['no score or value differs']
        : [
            `scores or values differ by ${formatNumber(meanAbsoluteDifference)} on average, ${formatNumber(maximumAbsoluteDifference)} at most`,
          ]),
  ];
  return `${tried}; ${compared} compared${differences.length === 0 ? '' : `: ${differences.join(', ')}`}`;
}

/** What control found when it tried recent requests on a revision before it was published. */
export function describeClientCheck(clients: ClientCheck | null | undefined): string {
  if (clients == null) return 'The first revision: nobody had asked before.';
  const forced = clients.forced ? ' Published by force.' : '';
  if (clients.skipped !== null) return `Not tried on recent requests: ${clients.skipped}.${forced}`;
  if (clients.requests === 0) return `No recent request that was answered could be tried.${forced}`;
  const found =
    clients.refused === 0
      ? `${plural(clients.requests, 'recent request')} tried, all would be accepted.`
      : `${clients.refused} of ${plural(clients.requests, 'recent request')} would be refused.`;
  return `${found}${forced}`;
}
