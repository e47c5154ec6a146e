import type { PlatformStatus } from '@switchyard/contracts';
import { formatAgo, formatBytes, formatCount, plural } from '../../format/format.ts';
import { Badge } from '../../ui/badge.tsx';
import { Panel } from '../../ui/panel.tsx';
import { type QueryState, QueryView, SkeletonRows } from '../../ui/query-view.tsx';
import styles from './platform-panel.module.css';

/** What stands behind the numbers: gateways, stores, and how far the log is behind. */
export function PlatformPanel(props: { query: QueryState<PlatformStatus> }) {
  return (
    <Panel
      title="Platform"
      note={props.query.data === undefined ? undefined : `Switchyard ${props.query.data.version}`}
    >
      <QueryView query={props.query} skeleton={<SkeletonRows rows={4} inset />}>
        {(status) => (
          <dl className={styles.list}>
            {status.gateways.map((gateway) => (
              <div key={gateway.id}>
                <dt>{gateway.id}</dt>
                <dd>
                  <span className={styles.detail}>
                    {gateway.snapshot === null ? 'no snapshot' : `snapshot ${gateway.snapshot.version}`} ·{' '}
                    {formatBytes(gateway.memoryBytes)}
                  </span>
                  {gateway.reachable ? (
                    <Badge tone={gateway.state === 'ready' ? 'good' : 'warning'} dot>
                      {gateway.state}
                    </Badge>
                  ) : (
                    <Badge tone="bad" dot>
                      silent since {formatAgo(gateway.lastSeenAt, Date.now())}
                    </Badge>
                  )}
                </dd>
              </div>
            ))}
            {status.gateways.length === 0 && (
              <div>
                <dt>gateway</dt>
                <dd>
                  <Badge tone="bad" dot>
                    none is reporting
                  </Badge>
                </dd>
              </div>
            )}
            {status.stores.map((store) => (
              <div key={store.port}>
                <dt>{store.port}</dt>
                <dd>
                  <span className={styles.detail} title={store.detail}>
                    {store.engine}
                  </span>
                  <Badge tone={store.healthy ? 'good' : 'bad'} dot>
                    {store.healthy ? 'healthy' : 'down'}
                  </Badge>
                </dd>
              </div>
            ))}
            <div>
              <dt>log shipping</dt>
              <dd>
                <span className={styles.detail}>
                  {status.shipping.lastShippedAt === null
                    ? 'nothing shipped yet'
                    : `last ${formatAgo(status.shipping.lastShippedAt, Date.now())}`}
                </span>
                <Badge
                  tone={
                    status.shipping.quarantinedSegments > 0
                      ? 'bad'
                      : status.shipping.pendingSegments > 20
                        ? 'warning'
                        : 'good'
                  }
                  dot
                >
                  {status.shipping.quarantinedSegments > 0
                    ? `${formatCount(status.shipping.quarantinedSegments)} set aside`
                    : status.shipping.pendingSegments === 0
                      ? 'up to date'
                      : `${plural(status.shipping.pendingSegments, 'segment')} waiting`}
                </Badge>
              </dd>
            </div>
          </dl>
        )}
      </QueryView>
    </Panel>
  );
}
