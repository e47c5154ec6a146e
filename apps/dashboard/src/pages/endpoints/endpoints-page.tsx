import type { Endpoint } from '@switchyard/contracts';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { Plus, Undo2, Waypoints } from 'lucide-react';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useGetTimeSeriesQuery, useListCacheUseQuery, useListEndpointsQuery } from '../../api/api.ts';
import { useModelColor } from '../../charts/use-entity-colors.ts';
import { RollbackDialog } from '../../deploy/rollback-dialog.tsx';
import { formatAgo, formatCount, formatPercent, NOTHING, plural } from '../../format/format.ts';
import { Page } from '../../shell/page.tsx';
import { useTimeRange } from '../../time/use-time-range.tsx';
import { Badge, Swatch } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Empty, QueryView, Skeleton, SkeletonRows } from '../../ui/query-view.tsx';
import styles from './endpoints.module.css';

const route = getRouteApi('/endpoints');
const NewEndpointPage = lazy(() =>
  import('./editor/new-endpoint-page.tsx').then((module) => ({ default: module.NewEndpointPage })),
);

export function EndpointsPage() {
  return route.useSearch().view === 'new' ? (
    <Suspense
      fallback={
        <Page title="New endpoint">
          <Skeleton height={320} />
        </Page>
      }
    >
      <NewEndpointPage />
    </Suspense>
  ) : (
    <EndpointList />
  );
}

/** What can clients call, and what answers them? */
function EndpointList() {
  const endpoints = useListEndpointsQuery();
  const range = useTimeRange();
  const traffic = useGetTimeSeriesQuery({ query: { from: range.from, to: range.to, groupBy: 'endpoint', points: 1 } });
  const cacheUse = useListCacheUseQuery({ query: { from: range.from, to: range.to } }).data?.items;
  const [rollingBack, setRollingBack] = useState<Endpoint>();
  const navigate = useNavigate();
  const color = useModelColor();
  const columns = useMemo((): Column<Endpoint>[] => {
    const counts = new Map(
      (traffic.data?.series ?? []).map((series) => [
        series.key,
        series.points.reduce((sum, point) => sum + point.predictions, 0),
      ]),
    );
    const rates = new Map((cacheUse ?? []).map(({ endpoint, hitRate }) => [endpoint, hitRate]));
    return [
      {
        id: 'name',
        header: 'Endpoint',
        isName: true,
        sortBy: (one) => one.name,
        cell: (one) => (
          <Link to="/endpoints/$endpoint" params={{ endpoint: one.name }}>
            {one.name}
          </Link>
        ),
      },
      {
        id: 'models',
        header: 'Answered by',
        cell: (one) => (
          <span className={styles.models}>
            {[...new Map(one.models.map((used) => [`${used.model} v${used.version}`, used.model]))].map(
              ([label, model]) => (
                <span key={label} className={styles.model}>
                  <Swatch color={color(model)} />
                  {label}
                </span>
              ),
            )}
          </span>
        ),
      },
      { id: 'revision', header: 'Revision', cell: (one) => <Badge>{one.live.revision}</Badge> },
      {
        id: 'published',
        header: 'Published',
        sortBy: (one) => one.live.createdAt,
        cell: (one) =>
          `${formatAgo(one.live.createdAt, Date.now())}${one.live.author === '' ? '' : ` by ${one.live.author}`}`,
      },
      {
        id: 'traffic',
        header: 'Predictions',
        align: 'right',
        sortBy: (one) => counts.get(one.name) ?? 0,
        cell: (one) =>
          counts.has(one.name) ? formatCount(counts.get(one.name)) : <span className={styles.faint}>none</span>,
      },
      {
        id: 'cache',
        header: 'From cache',
        align: 'right',
        sortBy: (one) => rates.get(one.name) ?? -1,
        cell: (one) => {
          if (rates.has(one.name)) return formatPercent(rates.get(one.name));
          return <span className={styles.faint}>{one.live.settings.cache ? NOTHING : 'off'}</span>;
        },
      },
      {
        id: 'actions',
        header: '',
        align: 'right',
        cell: (one) => (
          <Button
            size="small"
            icon={<Undo2 size={13} aria-hidden="true" />}
            disabled={one.previousRevision === null}
            onClick={() => setRollingBack(one)}
          >
            Roll back<span className="visually-hidden"> {one.name}</span>
          </Button>
        ),
      },
    ];
  }, [traffic.data, cacheUse, color]);
  return (
    <Page
      title="Endpoints"
      lead={
        endpoints.data === undefined
          ? ' '
          : endpoints.data.items.length === 0
            ? 'None yet.'
            : `${plural(endpoints.data.items.length, 'endpoint')} that clients can call.`
      }
      actions={
        <Button
          kind="primary"
          icon={<Plus size={14} aria-hidden="true" />}
          onClick={() => void navigate({ to: '/endpoints', search: { view: 'new' } })}
        >
          New endpoint
        </Button>
      }
    >
      <Panel title="All endpoints" flush>
        <QueryView
          query={endpoints}
          skeleton={<SkeletonRows rows={4} />}
          isEmpty={(list) => list.items.length === 0}
          empty={
            <Empty
              icon={<Waypoints size={17} />}
              title="There is no endpoint yet."
              cause="An endpoint is the name that clients call. Deploying a version of a model makes one, or write its policy here."
              action={<Link to="/models">Choose a model to deploy</Link>}
            />
          }
        >
          {(list) => (
            <DataTable
              caption="Endpoints"
              columns={columns}
              rows={list.items}
              rowKey={(one) => one.name}
              onOpen={(one) => void navigate({ to: '/endpoints/$endpoint', params: { endpoint: one.name } })}
            />
          )}
        </QueryView>
      </Panel>
      {rollingBack !== undefined && <RollbackDialog endpoint={rollingBack} onClose={() => setRollingBack(undefined)} />}
    </Page>
  );
}
