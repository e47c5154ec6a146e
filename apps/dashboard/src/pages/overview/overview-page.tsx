import type { Overview, TimeSeries } from '@switchyard/contracts';
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import {
  useGetOverviewQuery,
  useGetStatusQuery,
  useGetTimeSeriesQuery,
  useListAlertsQuery,
  useListEndpointsQuery,
  useListModelQualityQuery,
  useListModelsQuery,
} from '../../api/api.ts';
import { isApiError } from '../../api/api-error.ts';
import { ChartPanel } from '../../charts/chart-panel.tsx';
import { AccuracyChart, LatencyChart } from '../../charts/measure-charts.tsx';
import { prepareTraffic } from '../../charts/prediction-series.ts';
import { useModelColor } from '../../charts/use-entity-colors.ts';
import { formatNumber } from '../../format/format.ts';
import { judgeHealth } from '../../health/judge-health.ts';
import { Page } from '../../shell/page.tsx';
import { describeRange } from '../../time/time-range.ts';
import { useTimeRange } from '../../time/use-time-range.tsx';
import { Empty, Failed, type QueryState, QueryView, Skeleton } from '../../ui/query-view.tsx';
import { AlertsPanel } from './alerts-panel.tsx';
import { LiveFeedPanel } from './live-feed-panel.tsx';
import { MetricCards } from './metric-cards.tsx';
import { ModelStatusPanel } from './model-status-panel.tsx';
import styles from './overview-page.module.css';
import { PlatformPanel } from './platform-panel.tsx';
import { Verdict } from './verdict.tsx';

const POINTS = 120;
const POLL = { pollingInterval: 5_000, skipPollingIfUnfocused: true } as const;

/** Is everything healthy? */
export function OverviewPage() {
  const range = useTimeRange();
  const query = { from: range.from, to: range.to };
  const overview = useGetOverviewQuery({ query });
  const total = useGetTimeSeriesQuery({ query: { ...query, points: POINTS } });
  const byModel = useGetTimeSeriesQuery({ query: { ...query, points: POINTS, groupBy: 'model' } });
  const quality = useListModelQualityQuery({ query });
  const status = useGetStatusQuery(undefined, POLL);
  const alerts = useListAlertsQuery(undefined, { ...POLL, pollingInterval: 15_000 });
  const endpoints = useListEndpointsQuery();
  const models = useListModelsQuery();
  const verdict = judgeHealth({
    status: status.data,
    statusError: isApiError(status.error) ? status.error.detail : undefined,
    alerts: alerts.data?.items ?? [],
    overview: overview.data,
    endpointCount: endpoints.data?.items.length,
    modelCount: models.data?.items.length,
    now: Date.now(),
  });
  return (
    <Page
      title="Overview"
      lead={`${describeRange(range.range, range.toMs, range.zone)}, each number against the equal period before`}
    >
      <Verdict verdict={verdict} />
      <Cards overview={overview} total={total.data} />
      <Charts total={total} byModel={byModel} />
      <div className={styles.split}>
        <LiveFeedPanel />
        <div className={styles.stack}>
          <AlertsPanel query={alerts} />
          <PlatformPanel query={status} />
        </div>
      </div>
      <ModelStatusPanel quality={quality} status={status.data} />
    </Page>
  );
}

function Cards(props: { overview: QueryState<Overview>; total: TimeSeries | undefined }) {
  if (props.overview.data === undefined && props.overview.error !== undefined && !props.overview.isFetching) {
    return (
      <div className={styles.cardsFailed}>
        <Failed error={props.overview.error} retry={props.overview.refetch} />
      </div>
    );
  }
  return (
    <div>
      <QueryView
        query={props.overview}
        skeleton={
          <div className={styles.cards}>
            {['a', 'b', 'c', 'd', 'e'].map((key) => (
              <Skeleton key={key} height={148} />
            ))}
          </div>
        }
      >
        {(overview) => (
          <div className={styles.cards}>
            <MetricCards overview={overview} series={props.total} />
          </div>
        )}
      </QueryView>
    </div>
  );
}

function Charts(props: { total: QueryState<TimeSeries>; byModel: QueryState<TimeSeries> }) {
  const { total, byModel } = props;
  const navigate = useNavigate();
  const color = useModelColor();
  const trafficStyles = useMemo(
    () =>
      Object.fromEntries([
        ...(byModel.data?.series ?? []).map(
          (series) => [series.key, { color: series.key === '' ? '--text-3' : color(series.key) }] as const,
        ),
        ['other', { color: '--text-3' }] as const,
      ]),
    [byModel.data, color],
  );
  const openStep = (search: Record<string, string>) => (from: number, to: number) =>
    void navigate({
      to: '/predictions',
      search: { ...search, from: new Date(from).toISOString(), to: new Date(to).toISOString() },
    });
  const empty = (
    <Empty title="No prediction in this range." cause="Choose a longer one, or send requests to an endpoint." />
  );
  return (
    <div className={styles.charts}>
      <ChartPanel
        title="Traffic"
        note="predictions per second, by model"
        query={byModel}
        prepare={(data) => prepareTraffic(data, byModel.fulfilledTimeStamp ?? Date.now())}
        styles={trafficStyles}
        scale={{ kind: 'zero' }}
        formatValue={(value) => `${formatNumber(value)}/s`}
        empty={empty}
        onOpenStep={openStep({})}
      />
      <LatencyChart query={total} empty={empty} onOpenStep={openStep({})} />
      <AccuracyChart query={total} onOpenStep={openStep({ outcome: 'known' })} />
    </div>
  );
}
