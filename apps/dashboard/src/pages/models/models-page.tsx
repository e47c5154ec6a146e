import type { ControlAnswer } from '@switchyard/client';
import type { Model, PeriodSummary } from '@switchyard/contracts';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Boxes, Plus } from 'lucide-react';
import { useMemo } from 'react';
import { useListModelQualityQuery, useListModelsQuery } from '../../api/api.ts';
import { useModelColor } from '../../charts/use-entity-colors.ts';
import { formatCount, formatMicros, formatPercent, plural } from '../../format/format.ts';
import { Page } from '../../shell/page.tsx';
import { useTimeRange } from '../../time/use-time-range.tsx';
import { Badge, Swatch } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { TextInput } from '../../ui/field.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Empty, QueryView, SkeletonRows } from '../../ui/query-view.tsx';
import { CreateModelDialog } from './create-model-dialog.tsx';
import styles from './models.module.css';

const route = getRouteApi('/models');
type Quality = ControlAnswer<'listModelQuality'>['items'];

interface Row {
  readonly model: Model;
  /** Of the busiest version of the range; null when none answered. */
  readonly summary: PeriodSummary | null;
  readonly predictions: number;
}

/** Which models are there, what do they answer, and how well? */
export function ModelsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const range = useTimeRange();
  const models = useListModelsQuery();
  const quality = useListModelQualityQuery({ query: { from: range.from, to: range.to } });
  const color = useModelColor();
  const columns = useMemo(() => columnsOf(color), [color]);
  const filter = search.filter ?? '';
  const rows = useMemo(
    () => rowsOf(models.data?.items ?? [], quality.data?.items ?? [], filter),
    [models.data, quality.data, filter],
  );
  const create = (dialog: 'create' | undefined) =>
    void navigate({ search: (before) => ({ ...before, dialog }) as never, replace: true });
  const newModel = (
    <Button kind="primary" icon={<Plus size={14} aria-hidden="true" />} onClick={() => create('create')}>
      Create a model
    </Button>
  );
  return (
    <Page title="Models" lead={models.data === undefined ? ' ' : sentence(models.data.items)} actions={newModel}>
      <Panel
        title="All models"
        note="numbers of the range, of the version with the most traffic"
        flush
        aside={
          <div className={styles.filter}>
            <TextInput
              label="Filter models"
              hideLabel
              type="search"
              placeholder="Filter   /"
              value={filter}
              data-filter
              onChange={(event) =>
                void navigate({
                  search: (before) =>
                    ({ ...before, filter: event.target.value === '' ? undefined : event.target.value }) as never,
                  replace: true,
                })
              }
            />
          </div>
        }
      >
        <QueryView
          query={models}
          skeleton={<SkeletonRows rows={6} />}
          isEmpty={(list) => list.items.length === 0}
          empty={
            <Empty
              icon={<Boxes size={17} />}
              title="There is no model yet."
              cause="A model is a name and a task. Versions are uploaded to it as ONNX files."
              action={newModel}
            />
          }
        >
          {() =>
            rows.length === 0 ? (
              <Empty
                title={`No model is called “${filter}”.`}
                action={
                  <Link to="/models" search={{}}>
                    Clear the filter
                  </Link>
                }
              />
            ) : (
              <DataTable
                caption="Models"
                columns={columns}
                rows={rows}
                rowKey={(row) => row.model.name}
                onOpen={(row) => void navigate({ to: '/models/$model', params: { model: row.model.name } })}
              />
            )
          }
        </QueryView>
      </Panel>
      {search.dialog === 'create' && (
        <CreateModelDialog
          onClose={() => create(undefined)}
          onCreated={(name) => void navigate({ to: '/models/$model', params: { model: name } })}
        />
      )}
    </Page>
  );
}

function sentence(models: readonly Model[]): string {
  const deployed = models.filter((model) => model.endpoints.length > 0).length;
  return models.length === 0 ? 'None yet.' : `${plural(models.length, 'model')}, ${deployed} of them deployed.`;
}

function rowsOf(models: readonly Model[], quality: Quality, filter: string): Row[] {
  return models
    .filter((model) => `${model.name} ${model.description} ${model.task}`.toLowerCase().includes(filter.toLowerCase()))
    .map((model) => {
      const own = quality.filter((item) => item.model === model.name);
      const busiest = own.toSorted((a, b) => b.summary.predictions - a.summary.predictions)[0];
      return {
        model,
        summary: busiest?.summary ?? null,
        predictions: own.reduce((sum, item) => sum + item.summary.predictions, 0),
      };
    });
}

const columnsOf = (color: (model: string) => string): Column<Row>[] => [
  {
    id: 'name',
    header: 'Model',
    isName: true,
    sortBy: (row) => row.model.name,
    cell: ({ model }) => (
      <span className={styles.name}>
        <Swatch color={color(model.name)} />
        <Link to="/models/$model" params={{ model: model.name }}>
          {model.name}
        </Link>
      </span>
    ),
  },
  { id: 'task', isExtra: true, header: 'Task', sortBy: (row) => row.model.task, cell: (row) => row.model.task },
  {
    id: 'versions',
    isExtra: true,
    header: 'Versions',
    align: 'right',
    sortBy: (row) => row.model.versionCount,
    cell: ({ model }) =>
      model.versionCount === 0 ? <span className={styles.faint}>none uploaded</span> : formatCount(model.versionCount),
  },
  {
    id: 'champion',
    header: 'Champion',
    cell: ({ model }) =>
      model.aliases.champion === undefined ? (
        <span className={styles.faint}>not named</span>
      ) : (
        <Badge tone="accent">v{model.aliases.champion}</Badge>
      ),
  },
  {
    id: 'endpoints',
    header: 'Endpoints',
    cell: ({ model }) =>
      model.endpoints.length === 0 ? (
        <span className={styles.faint}>not deployed</span>
      ) : (
        <span className={styles.links}>
          {model.endpoints.map((name) => (
            <Link key={name} to="/endpoints/$endpoint" params={{ endpoint: name }}>
              {name}
            </Link>
          ))}
        </span>
      ),
  },
  {
    id: 'traffic',
    header: 'Predictions',
    align: 'right',
    sortBy: (row) => row.predictions,
    cell: (row) => (row.predictions === 0 ? <span className={styles.faint}>none</span> : formatCount(row.predictions)),
  },
  {
    id: 'p95',
    header: 'p95',
    align: 'right',
    sortBy: (row) => row.summary?.p95LatencyMicros ?? null,
    cell: (row) => formatMicros(row.summary?.p95LatencyMicros),
  },
  {
    id: 'accuracy',
    header: 'Accuracy',
    align: 'right',
    sortBy: (row) => row.summary?.accuracy ?? null,
    cell: (row) => formatPercent(row.summary?.accuracy),
  },
  {
    id: 'f1',
    header: 'F1',
    align: 'right',
    sortBy: (row) => row.summary?.f1 ?? null,
    cell: (row) => formatPercent(row.summary?.f1),
  },
];
