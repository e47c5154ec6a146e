import type { EndpointRevision } from '@switchyard/contracts';
import { plural } from '../format/format.ts';
import { describeRehearsal, type GatewayRollout } from './rollout.ts';
import { useRollout } from './use-rollout.ts';

/** What became of a revision that was just published, in a sentence that follows it. */
export function RolloutLine(props: { revision: EndpointRevision }) {
  const { rollout } = useRollout(props.revision);
  return <span>{rollout === undefined ? sentence([]) : sentence(rollout)}</span>;
}

function sentence(rollout: readonly GatewayRollout[]): string {
  const held = rollout.find(({ state }) => state === 'held');
  if (held !== undefined) return `${held.gateway} keeps what it has: ${held.reason}.`;
  const serving = rollout.filter(({ state }) => state === 'serving');
  const rest = rollout.filter(({ state }) => state === 'taking-over').length;
  if (serving.length === 0 || rest > 0) return 'Gateways are taking it over, without a failed request.';
  const rehearsal = serving.find((one) => one.rehearsal !== null)?.rehearsal;
  const tried = rehearsal == null ? '' : ` ${describeRehearsal(rehearsal)}.`;
  return `${plural(serving.length, 'gateway')} ${serving.length === 1 ? 'serves' : 'serve'} it.${tried}`;
}
