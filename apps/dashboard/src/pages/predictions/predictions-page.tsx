import { downloadCsv } from '@switchyard/charts';
import type { PredictionSummary } from '@switchyard/contracts';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Columns3, Download, ListTree, RotateCw } from 'lucide-react';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { useGetTimeSeriesQuery, useListPredictionsInfiniteQuery } from '../../api/api.ts';
import { predictionColumnToggled } from '../../api/preferences.ts';
import { useAppDispatch, useAppSelector } from '../../api/store.ts';
import { useModelColor } from '../../charts/use-entity-colors.ts';
import { formatAgo, formatCount, formatInstant, formatMicros } from '../../format/format.ts';
import { Page } from '../../shell/page.tsx';
import { isTyping } from '../../shell/use-shortcuts.ts';
import { describeRange, type Zone } from '../../time/time-range.ts';
import { useTimeRange } from '../../time/use-time-range.tsx';
import { Swatch } from '../../ui/badge.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Menu } from '../../ui/menu.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Empty, QueryView, SkeletonRows } from '../../ui/query-view.tsx';
import { FilterBar } from './filter-bar.tsx';
import { PeekPanel } from './peek-panel.tsx';
import { AnswerCell, OutcomeCell } from './prediction-cells.tsx';
import { predictionsCsv } from './prediction-csv.ts';
import type { PredictionSearch } from './prediction-search.ts';
import styles from './predictions.module.css';

const route = getRouteApi('/predictions');
const PAGE_ROWS = 100;

/** Which predictions were these? */
export function PredictionsPage() {
  const { selected, ...filters } = route.useSearch();
  const navigate = route.useNavigate();
  const range = useFrozenRange(filters);
  const query = useListPredictionsInfiniteQuery({
    ...apiFilters(filters),
    from: range.from,
    to: range.to,
    limit: PAGE_ROWS,
  });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const color = useModelColor();
  const hidden = useAppSelector((state) => state.preferences.hiddenPredictionColumns);
  const dispatch = useAppDispatch();
  const all = useMemo(() => columnsOf(range.zone, color), [range.zone, color]);
  const columns = useMemo(() => all.filter((column) => !hidden.includes(column.id)), [all, hidden]);
  const select = useCallback(
    (id: string | undefined) =>
      void navigate({ search: (before) => ({ ...before, selected: id }) as never, replace: true }),
    [navigate],
  );
  useRowKeys(rows, selected, select);
  return (
    <Page
      title="Predictions"
      lead={`${describeRange(range.range, range.toMs, range.zone)}, newest first. The list stands still; refresh it when you want newer ones.`}
    >
      <FilterBar />
      <div className={styles.explorer} data-peek={selected !== undefined || undefined}>
        <Panel
          title="Predictions"
          note={`${query.data === undefined ? '' : `${formatCount(rows.length)} loaded${query.hasNextPage ? ', more below' : ''}, `}as of ${formatInstant(new Date(range.toMs).toISOString(), range.zone, 'time')}`}
          flush
          aside={
            <>
              <Button kind="quiet" size="small" icon={<RotateCw size={13} aria-hidden="true" />} onClick={range.renew}>
                Refresh
              </Button>
              <Menu
                keepOpen
                label="Columns"
                target={<IconButton label="Columns" icon={<Columns3 size={15} aria-hidden="true" />} />}
                items={all
                  .filter((column) => column.isName !== true)
                  .map((column) => ({
                    key: column.id,
                    label: column.header,
                    checked: !hidden.includes(column.id),
                    onSelect: () => dispatch(predictionColumnToggled(column.id)),
                  }))}
              />
              <IconButton
                label={`Export these ${rows.length} rows as CSV`}
                icon={<Download size={15} aria-hidden="true" />}
                disabled={rows.length === 0}
                onClick={() =>
                  downloadCsv(`predictions-${range.from.slice(0, 19).replaceAll(':', '')}.csv`, predictionsCsv(rows))
                }
              />
            </>
          }
        >
          <QueryView
            query={query}
            skeleton={<SkeletonRows rows={14} />}
            isEmpty={() => rows.length === 0}
            empty={<NothingFound filtered={Object.keys(apiFilters(filters)).length > 0} />}
          >
            {() => (
              <>
                <DataTable
                  caption="Predictions"
                  columns={columns}
                  rows={rows}
                  rowKey={(row) => row.id}
                  onOpen={(row) => select(row.id === selected ? undefined : row.id)}
                  openKey={selected}
                />
                {query.hasNextPage && (
                  <div className={styles.more}>
                    <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                      Load {PAGE_ROWS} more
                    </Button>
                  </div>
                )}
              </>
            )}
          </QueryView>
        </Panel>
        {selected !== undefined && (
          <PeekPanel
            id={selected}
            position={rows.findIndex((row) => row.id === selected)}
            count={rows.length}
            onMove={(by) => {
              const next = rows[rows.findIndex((row) => row.id === selected) + by];
              if (next !== undefined) select(next.id);
            }}
            onClose={() => select(undefined)}
          />
        )}
      </div>
    </Page>
  );
}

/** The range as it was when the filters or the range of the address last changed, so that rows do not move while they are read. */
function useFrozenRange(filters: Record<string, unknown>) {
  const range = useTimeRange();
  const key = JSON.stringify([range.range, range.zone, filters]);
  const [frozen, setFrozen] = useState({ key, range });
  if (frozen.key !== key) setFrozen({ key, range });
  const renew = () => {
    range.refreshNow();
    setFrozen({ key: '', range });
  };
  return { ...(frozen.key === key ? frozen.range : range), renew };
}

type Filters = Omit<PredictionSearch, 'selected'>;

function apiFilters(search: Filters & { from?: string; to?: string; refresh?: string }): Filters {
  const { from: _from, to: _to, refresh: _refresh, ...filters } = search;
  return filters;
}

/** J and K go through the rows, Escape closes. */
function useRowKeys(
  rows: readonly PredictionSummary[],
  selected: string | undefined,
  select: (id: string | undefined) => void,
): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
      if (document.querySelector('[role="dialog"][aria-modal="true"]') !== null) return;
      const at = rows.findIndex((row) => row.id === selected);
      if (event.key === 'j') select((rows[at + 1] ?? rows.at(-1))?.id);
      else if (event.key === 'k') select((rows[at - 1] ?? rows[0])?.id);
      else if (event.key === 'Escape' && selected !== undefined) select(undefined);
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [rows, selected, select]);
  useEffect(() => {
    if (selected !== undefined)
      document.querySelector(`[data-row="${CSS.escape(selected)}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [selected]);
}

/** Says when there was something last, so that nobody searches an empty hour. */
function NothingFound(props: { filtered: boolean }) {
  const navigate = route.useNavigate();
  const [now] = useState(Date.now);
  const week = useGetTimeSeriesQuery({
    query: { from: new Date(now - 30 * 86_400_000).toISOString(), to: new Date(now).toISOString(), points: 720 },
  });
  const last = week.data?.series[0]?.points.findLast((point) => point.predictions > 0);
  return (
    <Empty
      icon={<ListTree size={17} />}
      title={props.filtered ? 'No prediction matches these filters in this range.' : 'No prediction in this range.'}
      cause={
        last === undefined
          ? week.data === undefined
            ? undefined
            : 'There was none in the last 30 days.'
          : `The last ones of any kind were ${formatAgo(last.at, now)}.`
      }
      action={
        last === undefined ? (
          <Link to="/endpoints">How to call an endpoint</Link>
        ) : (
          <Button
            size="small"
            onClick={() => {
              const from = Date.parse(last.at);
              void navigate({
                search: (before) =>
                  ({
                    ...before,
                    from: new Date(from).toISOString(),
                    to: new Date(from + (week.data?.stepSeconds ?? 3_600) * 1_000).toISOString(),
                  }) as never,
              });
            }}
          >
            Go there
          </Button>
        )
      }
    />
  );
}

const columnsOf = (zone: Zone, color: (model: string) => string): Column<PredictionSummary>[] => [
  {
    id: 'at',
    header: 'Time',
    isName: true,
    cell: (row) => (
      <Link to="/predictions/$id" params={{ id: row.id }} className={styles.time} title={formatInstant(row.at, zone)}>
        {formatInstant(row.at, zone, 'time')}
      </Link>
    ),
  },
  { id: 'endpoint', header: 'Endpoint', cell: (row) => row.endpoint },
  {
    id: 'path',
    header: 'Path',
    cell: (row) =>
      row.path === '' ? (
        <span className={styles.faint}>none</span>
      ) : (
        <span className={styles.path} title={row.path}>
          {row.path.replaceAll('/', ' › ')}
        </span>
      ),
  },
  {
    id: 'model',
    header: 'Model',
    cell: (row) =>
      row.model === '' ? (
        <span className={styles.faint}>none</span>
      ) : (
        <span className={styles.model}>
          <Swatch color={color(row.model)} />
          <span title={row.model}>{row.model}</span>
        </span>
      ),
  },
  { id: 'version', header: 'Version', cell: (row) => (row.version === '' ? '' : `v${row.version}`) },
  { id: 'answer', header: 'Answer', cell: (row) => <AnswerCell prediction={row} /> },
  { id: 'outcome', header: 'Outcome', cell: (row) => <OutcomeCell prediction={row} /> },
  { id: 'unit', header: 'Unit', cell: (row) => row.unit },
  { id: 'latency', header: 'Latency', align: 'right', cell: (row) => formatMicros(row.totalMicros) },
];
