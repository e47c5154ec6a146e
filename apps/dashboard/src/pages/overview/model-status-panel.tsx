import type { ControlAnswer } from '@switchyard/client';
import type { PlatformStatus } from '@switchyard/contracts';
import { Link } from '@tanstack/react-router';
import { Boxes } from 'lucide-react';
import { useMemo } from 'react';
import { useModelColor } from '../../charts/use-entity-colors.ts';
import { formatCount, formatMicros, formatPercent, NOTHING } from '../../format/format.ts';
import { Badge, Swatch } from '../../ui/badge.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Empty, type QueryState, QueryView, SkeletonRows } from '../../ui/query-view.tsx';
import { type ModelStatusRow, modelStatusRows } from './model-status.ts';
import styles from './model-status-panel.module.css';

export function ModelStatusPanel(props: {
  quality: QueryState<ControlAnswer<'listModelQuality'>>;
  status: PlatformStatus | undefined;
}) {
  const color = useModelColor();
  const columns = useMemo(() => columnsOf(color), [color]);
  return (
    <Panel title="Models" note="loaded or answering in this range" flush>
      <QueryView query={props.quality} skeleton={<SkeletonRows rows={5} />}>
        {(quality) => {
          const rows = modelStatusRows(quality.items, props.status);
          return rows.length === 0 ? (
            <Empty
              icon={<Boxes size={17} />}
              title="No model is loaded."
              cause="A gateway loads the versions that an endpoint uses."
              action={<Link to="/models">Go to models</Link>}
            />
          ) : (
            <DataTable caption="Status of models" columns={columns} rows={rows} rowKey={(row) => row.key} />
          );
        }}
      </QueryView>
    </Panel>
  );
}

const columnsOf = (color: (model: string) => string): Column<ModelStatusRow>[] => [
  {
    id: 'model',
    header: 'Model',
    isName: true,
    sortBy: (row) => row.key,
    cell: (row) => (
      <span className={styles.model}>
        <Swatch color={color(row.model)} />
        <Link to="/models/$model" params={{ model: row.model }}>
          {row.model}
        </Link>
        <small>v{row.version}</small>
      </span>
    ),
  },
  { id: 'state', header: 'State', cell: (row) => <StateBadge row={row} /> },
  {
    id: 'share',
    header: 'Traffic',
    align: 'right',
    sortBy: (row) => row.summary?.predictions ?? 0,
    cell: (row) =>
      row.summary === null || row.summary.predictions === 0 ? (
        <span className={styles.none}>none</span>
      ) : (
        <span title={`${formatCount(row.summary.predictions)} predictions`}>{formatPercent(row.share)}</span>
      ),
  },
  {
    id: 'p95',
    header: 'p95',
    align: 'right',
    sortBy: (row) => row.summary?.p95LatencyMicros ?? null,
    cell: (row) => formatMicros(row.summary?.p95LatencyMicros),
  },
  {
    id: 'errors',
    header: 'Errors',
    align: 'right',
    sortBy: (row) => row.summary?.errorRate ?? null,
    cell: (row) => formatPercent(row.summary?.errorRate, 2),
  },
  {
    id: 'accuracy',
    header: 'Accuracy',
    align: 'right',
    sortBy: (row) => row.summary?.accuracy ?? null,
    cell: (row) =>
      row.summary?.accuracy == null ? (
        <span title="No label has arrived for its predictions in this range.">{NOTHING}</span>
      ) : (
        <span title={`${formatCount(row.summary.labelled)} labelled`}>{formatPercent(row.summary.accuracy)}</span>
      ),
  },
];

function StateBadge(props: { row: ModelStatusRow }) {
  const { state, error } = props.row;
  if (state === null) return <Badge title="No gateway holds it now.">not loaded</Badge>;
  if (state === 'failed')
    return (
      <Badge tone="bad" dot title={error ?? 'no reason given'}>
        failed
      </Badge>
    );
  return (
    <Badge tone={state === 'ready' ? 'good' : 'warning'} dot>
      {state}
    </Badge>
  );
}
