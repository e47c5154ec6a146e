import type { ControlAnswer } from '@switchyard/client';
import { BellOff, CircleAlert, Info, TriangleAlert } from 'lucide-react';
import { formatAgo } from '../../format/format.ts';
import { Badge } from '../../ui/badge.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Empty, type QueryState, QueryView, SkeletonRows } from '../../ui/query-view.tsx';
import styles from './alerts-panel.module.css';

const ICONS = { info: Info, warning: TriangleAlert, critical: CircleAlert } as const;

export function AlertsPanel(props: { query: QueryState<ControlAnswer<'listAlerts'>> }) {
  const count = props.query.data?.items.length ?? 0;
  return (
    <Panel title="Alerts" flush aside={count > 0 ? <Badge tone="bad">{count}</Badge> : undefined}>
      <QueryView
        query={props.query}
        skeleton={<SkeletonRows rows={3} />}
        isEmpty={(alerts) => alerts.items.length === 0}
        empty={
          <Empty
            icon={<BellOff size={17} />}
            title="Nothing is alerting."
            cause="The platform itself is watched: gateways, loaded models, stores and the shipping of the log. There are no alert rules for quality or drift yet."
          />
        }
      >
        {(alerts) => (
          <ul className={styles.list}>
            {alerts.items.map((alert) => {
              const Icon = ICONS[alert.severity];
              return (
                <li key={alert.id} data-severity={alert.severity}>
                  <Icon size={15} aria-label={alert.severity} />
                  <div>
                    <p>{alert.title}</p>
                    <p className={styles.detail}>{alert.detail}</p>
                  </div>
                  <time dateTime={alert.since}>{formatAgo(alert.since, Date.now())}</time>
                </li>
              );
            })}
          </ul>
        )}
      </QueryView>
    </Panel>
  );
}
