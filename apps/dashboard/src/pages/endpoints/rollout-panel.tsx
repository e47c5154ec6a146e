import type { Endpoint } from '@switchyard/contracts';
import { ForceRollout } from '../../deploy/force-rollout.tsx';
import { describeClientCheck, describeRehearsal, type GatewayRollout, isRefused } from '../../deploy/rollout.ts';
import { useRollout } from '../../deploy/use-rollout.ts';
import { Badge } from '../../ui/badge.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Empty, QueryView, SkeletonRows } from '../../ui/query-view.tsx';
import styles from './endpoints.module.css';

const STATES = {
  serving: { label: 'serves it', tone: 'good' },
  'taking-over': { label: 'taking it over', tone: 'accent' },
  held: { label: 'keeps what it has', tone: 'bad' },
  away: { label: 'does not report', tone: 'warning' },
} as const;

/** How the live revision came to be served: what was tried before, on which requests, and where it is now. */
export function RolloutPanel(props: { endpoint: Endpoint }) {
  const { live } = props.endpoint;
  const { rollout, ...status } = useRollout(live);
  return (
    <Panel title="Rollout" note={`of revision ${live.revision}`}>
      <dl className={styles.rollout}>
        <div>
          <dt>Before it was published</dt>
          <dd>{describeClientCheck(live.clients)}</dd>
        </div>
      </dl>
      <QueryView
        query={status}
        skeleton={<SkeletonRows rows={2} inset />}
        isEmpty={(data) => data.gateways.length === 0}
        empty={<Empty title="No gateway reports to this control plane." />}
      >
        {() => (
          <dl className={styles.rollout}>
            {rollout?.map((one) => (
              <OnGateway key={one.gateway} rollout={one} />
            ))}
          </dl>
        )}
      </QueryView>
      {rollout?.some(isRefused) === true && <ForceRollout key={live.revision} endpoint={props.endpoint} />}
    </Panel>
  );
}

function OnGateway(props: { rollout: GatewayRollout }) {
  const { gateway, state, reason, rehearsal } = props.rollout;
  return (
    <div>
      <dt>
        {gateway}{' '}
        <Badge tone={STATES[state].tone} dot>
          {isRefused(props.rollout) ? 'refused it' : STATES[state].label}
        </Badge>
      </dt>
      <dd>
        {reason !== null && <p className={styles.bad}>{reason}. What was there before keeps answering.</p>}
        {rehearsal === null ? (
          <p className={styles.faint}>
            No rehearsal of it is known. Gateways rehearse a policy or a version that is new, where clients have asked
            lately and nobody forced it, and keep the last one.
          </p>
        ) : (
          <>
            <p>{describeRehearsal(rehearsal)}.</p>
            {rehearsal.reasons.length > 0 && (
              <ul className={styles.reasons}>
                {rehearsal.reasons.map((one) => (
                  <li key={one}>{one}</li>
                ))}
              </ul>
            )}
          </>
        )}
      </dd>
    </div>
  );
}
