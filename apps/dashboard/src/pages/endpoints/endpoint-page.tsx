import type { Endpoint, EndpointRevision } from '@switchyard/contracts';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Copy, Undo2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useGetEndpointQuery, useGetStatusQuery, useGetTimeSeriesQuery, useListRevisionsQuery } from '../../api/api.ts';
import { useModelColor } from '../../charts/use-entity-colors.ts';
import { RollbackDialog } from '../../deploy/rollback-dialog.tsx';
import { formatAgo, formatInstant } from '../../format/format.ts';
import { Page } from '../../shell/page.tsx';
import { useTimeRange } from '../../time/use-time-range.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { notify } from '../../ui/notify.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Empty, QueryView, Skeleton, SkeletonRows } from '../../ui/query-view.tsx';
import { exampleInstance, feedbackCurl, predictCurl } from './curl.ts';
import styles from './endpoints.module.css';
import { PolicyTree } from './policy-tree.tsx';

const route = getRouteApi('/endpoints/$endpoint');

/** What answers this endpoint, since when, and how to go back. */
export function EndpointPage() {
  const { endpoint: name } = route.useParams();
  const endpoint = useGetEndpointQuery({ params: { endpoint: name } });
  const [rollback, setRollback] = useState<{ revision?: number }>();
  const live = endpoint.data?.live;
  return (
    <Page
      title={name}
      above={<Link to="/endpoints">Endpoints</Link>}
      lead={
        live === undefined ? (
          ' '
        ) : (
          <>
            Revision {live.revision}, published {formatAgo(live.createdAt, Date.now())}
            {live.author !== '' && ` by ${live.author}`}
            {live.note !== '' && `: ${live.note}`}.{' '}
            <Link to="/predictions" search={{ endpoint: name }}>
              Its predictions
            </Link>
          </>
        )
      }
      actions={
        <Button
          icon={<Undo2 size={14} aria-hidden="true" />}
          disabled={endpoint.data?.previousRevision == null}
          onClick={() => setRollback({})}
        >
          Roll back
        </Button>
      }
    >
      <QueryView query={endpoint} skeleton={<Skeleton height={320} />}>
        {(found) => (
          <>
            <div className={styles.split}>
              <div className={styles.stack}>
                <LivePolicy endpoint={found} />
                <Revisions endpoint={found} onRollback={(revision) => setRollback({ revision })} />
              </div>
              <div className={styles.stack}>
                <HowToCall endpoint={found} />
                <Settings revision={found.live} />
              </div>
            </div>
            {rollback !== undefined && (
              <RollbackDialog endpoint={found} revision={rollback.revision} onClose={() => setRollback(undefined)} />
            )}
          </>
        )}
      </QueryView>
    </Page>
  );
}

function LivePolicy(props: { endpoint: Endpoint }) {
  const { endpoint } = props;
  const range = useTimeRange();
  const color = useModelColor();
  const traffic = useGetTimeSeriesQuery({
    query: { from: range.from, to: range.to, endpoint: endpoint.name, groupBy: 'path', points: 1 },
  });
  const share = useMemo(() => {
    const totals = (traffic.data?.series ?? []).map(
      (series) => [series.key, series.points.reduce((sum, point) => sum + point.predictions, 0)] as const,
    );
    const all = totals.reduce((sum, [, count]) => sum + count, 0);
    return (path: string) =>
      all === 0
        ? null
        : totals
            .filter(([key]) => key === path || key.startsWith(`${path}/`))
            .reduce((sum, [, count]) => sum + count, 0) / all;
  }, [traffic.data]);
  return (
    <Panel
      title="Live policy"
      note={
        traffic.data !== undefined && traffic.data.series.length === 0
          ? 'no traffic in the range'
          : 'with the traffic of the range'
      }
    >
      <PolicyTree policy={endpoint.live.policy} share={share} color={color} />
    </Panel>
  );
}

function Revisions(props: { endpoint: Endpoint; onRollback: (revision: number) => void }) {
  const { endpoint, onRollback } = props;
  const { zone } = useTimeRange();
  const revisions = useListRevisionsQuery({ params: { endpoint: endpoint.name } });
  const columns = useMemo(
    (): Column<EndpointRevision>[] => [
      {
        id: 'revision',
        header: 'Revision',
        isName: true,
        cell: (one) => (
          <>
            {one.revision}{' '}
            {one.revision === endpoint.live.revision && (
              <Badge tone="good" dot>
                live
              </Badge>
            )}
          </>
        ),
      },
      { id: 'at', header: 'Published', cell: (one) => formatInstant(one.createdAt, zone) },
      {
        id: 'author',
        header: 'By',
        cell: (one) => (one.author === '' ? <span className={styles.faint}>not said</span> : one.author),
      },
      {
        id: 'note',
        header: 'Why',
        cell: (one) => (
          <span className={styles.note} title={one.note}>
            {one.rollbackOf !== null && <Badge>back to {one.rollbackOf}</Badge>} {one.note}
          </span>
        ),
      },
      {
        id: 'actions',
        header: '',
        align: 'right',
        cell: (one) =>
          one.revision === endpoint.live.revision ? null : (
            <Button size="small" onClick={() => onRollback(one.revision)}>
              Restore<span className="visually-hidden"> revision {one.revision}</span>
            </Button>
          ),
      },
    ],
    [endpoint, zone, onRollback],
  );
  return (
    <Panel title="History" note="every change is a revision; none is lost" flush>
      <QueryView
        query={revisions}
        skeleton={<SkeletonRows rows={4} />}
        isEmpty={(list) => list.items.length === 0}
        empty={<Empty title="No revision." />}
      >
        {(list) => (
          <DataTable caption="Revisions" columns={columns} rows={list.items} rowKey={(one) => String(one.revision)} />
        )}
      </QueryView>
    </Panel>
  );
}

function HowToCall(props: { endpoint: Endpoint }) {
  const gateway = useGetStatusQuery().data?.gatewayUrl ?? 'http://127.0.0.1:7071';
  const predict = predictCurl(gateway, props.endpoint.name, {
    instances: [exampleInstance(props.endpoint.features)],
    unit: 'customer-1',
  });
  const feedback = feedbackCurl(gateway, '<id of the prediction>', 1);
  return (
    <Panel title="How to call it">
      <Snippet label="Ask for a prediction" code={predict} />
      <Snippet label="Say later what became of it" code={feedback} />
    </Panel>
  );
}

function Snippet(props: { label: string; code: string }) {
  return (
    <>
      <div className={styles.copy}>
        <span>{props.label}</span>
        <IconButton
          label={`Copy: ${props.label}`}
          icon={<Copy size={14} aria-hidden="true" />}
          onClick={() => void navigator.clipboard.writeText(props.code).then(() => notify({ title: 'Copied' }))}
        />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard */}
      <pre className={styles.code} tabIndex={0}>
        {props.code}
      </pre>
    </>
  );
}

function Settings(props: { revision: EndpointRevision }) {
  const { settings } = props.revision;
  return (
    <Panel title="Settings of the live revision">
      <dl className={styles.settings}>
        <div>
          <dt>Time limit</dt>
          <dd>{settings.timeoutMs.toLocaleString('en')} ms</dd>
        </div>
        <div>
          <dt>Queue limit</dt>
          <dd>{settings.maximumQueuedRows.toLocaleString('en')} rows</dd>
        </div>
        <div>
          <dt>Features that nothing knows</dt>
          <dd>{settings.unknownFeatures === 'reject' ? 'are refused' : 'are ignored'}</dd>
        </div>
        <div>
          <dt>When the log cannot be written</dt>
          <dd>{settings.onLogFailure === 'refuse' ? 'requests are refused' : 'answers go out unlogged'}</dd>
        </div>
      </dl>
    </Panel>
  );
}
