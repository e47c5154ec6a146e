import type { EndpointRevision } from '@switchyard/contracts';
import { useGetStatusQuery } from '../api/api.ts';
import { isUnsettled, rolloutOf } from './rollout.ts';

const EVERY_MS = 1_500;

/** What became of a revision on each gateway; asked for again while it is on its way. */
export function useRollout(live: Pick<EndpointRevision, 'endpoint' | 'revision'>) {
  const { data } = useGetStatusQuery();
  const moving = data !== undefined && isUnsettled(rolloutOf(data, live));
  const status = useGetStatusQuery(undefined, { pollingInterval: moving ? EVERY_MS : 0, skipPollingIfUnfocused: true });
  return { ...status, rollout: status.data === undefined ? undefined : rolloutOf(status.data, live) };
}
