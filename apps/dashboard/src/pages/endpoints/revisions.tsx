import type { Endpoint, EndpointRevision } from '@switchyard/contracts';
import { useMemo } from 'react';
import { useListRevisionsQuery } from '../../api/api.ts';
import { describeClientCheck } from '../../deploy/rollout.ts';
import { formatAgo, formatInstant } from '../../format/format.ts';
import { useTimeRange } from '../../time/use-time-range.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Empty, QueryView, SkeletonRows } from '../../ui/query-view.tsx';
import styles from './endpoints.module.css';

/** Who changed the endpoint when and why, and a way back to each. */
export function Revisions(props: { endpoint: Endpoint; onRollback: (revision: number) => void }) {
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
      {
        id: 'at',
        header: 'Published',
        cell: (one) => <span title={formatAgo(one.createdAt, Date.now())}>{formatInstant(one.createdAt, zone)}</span>,
      },
      {
        id: 'author',
        header: 'By',
        cell: (one) => (one.author === '' ? <span className={styles.faint}>not said</span> : one.author),
      },
      {
        id: 'note',
        header: 'Why',
        cell: (one) => (
          <span className={styles.note} title={`${one.note}\n${describeClientCheck(one.clients)}`.trim()}>
            {one.rollbackOf !== null && <Badge>back to {one.rollbackOf}</Badge>}{' '}
            {one.clients?.forced === true && <Badge tone="warning">forced</Badge>} {one.note}
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
