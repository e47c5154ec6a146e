import { buildPath, controlRequests } from '@switchyard/client';
import type { Model, ModelVersion, PeriodSummary } from '@switchyard/contracts';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Download, Rocket, Upload } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useGetModelQuery, useListModelQualityQuery, useListVersionsQuery } from '../../api/api.ts';
import { DeployDialog } from '../../deploy/deploy-dialog.tsx';
import { formatBytes, formatCount, formatInstant, formatMicros, formatPercent, plural } from '../../format/format.ts';
import { Page } from '../../shell/page.tsx';
import type { Zone } from '../../time/time-range.ts';
import { useTimeRange } from '../../time/use-time-range.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { notify } from '../../ui/notify.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Empty, QueryView, Skeleton, SkeletonRows } from '../../ui/query-view.tsx';
import { ModelCharts } from './model-charts.tsx';
import styles from './models.module.css';
import { UploadDialog } from './upload-dialog.tsx';
import { LineageView, SignatureView, VersionPicker } from './version-views.tsx';

const route = getRouteApi('/models/$model');
const TABS = [
  { tab: 'versions', label: 'Versions' },
  { tab: 'signature', label: 'Signature' },
  { tab: 'lineage', label: 'Lineage and metrics' },
] as const;

export function ModelPage() {
  const { model: name } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const model = useGetModelQuery({ params: { model: name } });
  const versions = useListVersionsQuery({ params: { model: name } });
  const [uploading, setUploading] = useState(false);
  const [deploying, setDeploying] = useState<string>();
  const tab = search.tab ?? 'versions';
  const chosen = versions.data?.items.find((one) => one.version === search.version) ?? versions.data?.items[0];
  const upload = (
    <Button
      kind="primary"
      icon={<Upload size={14} aria-hidden="true" />}
      disabled={model.data === undefined}
      onClick={() => setUploading(true)}
    >
      Upload a version
    </Button>
  );
  return (
    <Page title={name} above={<Link to="/models">Models</Link>} lead={<Lead model={model.data} />} actions={upload}>
      <nav className={styles.tabs} aria-label="Parts of the model">
        {TABS.map((one) => (
          <Link
            key={one.tab}
            from="/models/$model"
            to="."
            search={(before) => ({ ...before, tab: one.tab }) as never}
            aria-current={tab === one.tab ? 'page' : undefined}
          >
            {one.label}
          </Link>
        ))}
      </nav>
      <QueryView query={model} skeleton={<Skeleton height={180} />}>
        {(found) => (
          <QueryView
            query={versions}
            skeleton={<SkeletonRows rows={5} />}
            isEmpty={(list) => list.items.length === 0}
            empty={
              <Panel title="Versions">
                <Empty
                  title="No version has been uploaded."
                  cause="Export the trained model as an ONNX file; its signature is read from it."
                  action={upload}
                />
              </Panel>
            }
          >
            {(list) => (
              <>
                {tab === 'versions' && (
                  <>
                    <Versions model={found} versions={list.items} onDeploy={setDeploying} />
                    <ModelCharts model={name} />
                  </>
                )}
                {tab !== 'versions' && chosen !== undefined && (
                  <>
                    <VersionPicker
                      versions={list.items}
                      chosen={chosen.version}
                      onChoose={(version) =>
                        void navigate({ search: (before) => ({ ...before, version }) as never, replace: true })
                      }
                    />
                    {tab === 'signature' ? (
                      <SignatureView version={chosen} />
                    ) : (
                      <LineageView version={chosen} versions={list.items} />
                    )}
                  </>
                )}
              </>
            )}
          </QueryView>
        )}
      </QueryView>
      {uploading && model.data !== undefined && (
        <UploadDialog
          model={model.data}
          onClose={() => setUploading(false)}
          onUploaded={(version) => {
            setUploading(false);
            notify({
              title: `Version ${version.version} of ${name} is stored.`,
              detail: (
                <>
                  It answers nothing until it is deployed.{' '}
                  <Button size="small" onClick={() => setDeploying(version.version)}>
                    Deploy it
                  </Button>
                </>
              ),
              lasting: true,
            });
          }}
        />
      )}
      {deploying !== undefined && (
        <DeployDialog key={deploying} model={name} version={deploying} onClose={() => setDeploying(undefined)} />
      )}
    </Page>
  );
}

function Lead(props: { model: Model | undefined }) {
  const { model } = props;
  if (model === undefined) return ' ';
  return (
    <div className={styles.facts}>
      {model.description !== '' && <span>{model.description}</span>}
      <span>{model.task}</span>
      <span>{plural(model.versionCount, 'version')}</span>
      <span>
        {model.endpoints.length === 0 ? 'not deployed' : 'answers '}
        {model.endpoints.map((name, index) => (
          <span key={name}>
            {index > 0 && ', '}
            <Link to="/endpoints/$endpoint" params={{ endpoint: name }}>
              {name}
            </Link>
          </span>
        ))}
      </span>
      <Link to="/predictions" search={{ model: model.name }}>
        its predictions
      </Link>
    </div>
  );
}

interface Row {
  readonly version: ModelVersion;
  readonly aliases: readonly string[];
  readonly summary: PeriodSummary | null;
}

function Versions(props: { model: Model; versions: readonly ModelVersion[]; onDeploy: (version: string) => void }) {
  const { model, versions, onDeploy } = props;
  const range = useTimeRange();
  const quality = useListModelQualityQuery({ query: { from: range.from, to: range.to, model: model.name } });
  const rows = useMemo(
    () =>
      versions.map(
        (version): Row => ({
          version,
          aliases: Object.entries(model.aliases)
            .filter(([, target]) => target === version.version)
            .map(([alias]) => alias),
          summary:
            quality.data?.items.find((item) => item.model === model.name && item.version === version.version)
              ?.summary ?? null,
        }),
      ),
    [versions, model, quality.data],
  );
  const columns = useMemo(() => columnsOf(range.zone, onDeploy), [range.zone, onDeploy]);
  return (
    <Panel title="Versions" note="newest first, with the numbers of the range" flush>
      <DataTable
        caption={`Versions of ${model.name}`}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.version.version}
      />
    </Panel>
  );
}

const columnsOf = (zone: Zone, onDeploy: (version: string) => void): Column<Row>[] => [
  {
    id: 'version',
    header: 'Version',
    isName: true,
    sortBy: (row) => Number(row.version.version),
    cell: (row) => (
      <span className={styles.tags}>
        <Link
          from="/models/$model"
          to="."
          search={(before) => ({ ...before, tab: 'signature', version: row.version.version }) as never}
        >
          v{row.version.version}
        </Link>
        {row.aliases.map((alias) => (
          <Badge key={alias} tone="accent">
            {alias}
          </Badge>
        ))}
      </span>
    ),
  },
  {
    id: 'created',
    header: 'Uploaded',
    sortBy: (row) => row.version.createdAt,
    cell: (row) => formatInstant(row.version.createdAt, zone),
  },
  {
    id: 'framework',
    isExtra: true,
    header: 'Framework',
    cell: (row) => row.version.lineage.framework ?? <span className={styles.faint}>not said</span>,
  },
  {
    id: 'size',
    isExtra: true,
    header: 'Size',
    align: 'right',
    sortBy: (row) => row.version.artifact.sizeBytes,
    cell: (row) => formatBytes(row.version.artifact.sizeBytes),
  },
  {
    id: 'predictions',
    header: 'Predictions',
    align: 'right',
    sortBy: (row) => row.summary?.predictions ?? 0,
    cell: (row) =>
      row.summary === null ? <span className={styles.faint}>none</span> : formatCount(row.summary.predictions),
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
    id: 'precision',
    header: 'Precision',
    align: 'right',
    sortBy: (row) => row.summary?.precision ?? null,
    cell: (row) => formatPercent(row.summary?.precision),
  },
  {
    id: 'recall',
    header: 'Recall',
    align: 'right',
    sortBy: (row) => row.summary?.recall ?? null,
    cell: (row) => formatPercent(row.summary?.recall),
  },
  {
    id: 'actions',
    header: '',
    align: 'right',
    cell: (row) => (
      <span className={styles.actions}>
        <a
          href={buildPath(controlRequests.getArtifact, {
            params: { model: row.version.model, version: row.version.version },
          })}
          download={`${row.version.model}-${row.version.version}.onnx`}
          aria-label={`Download version ${row.version.version}`}
          className={styles.download}
        >
          <Download size={15} aria-hidden="true" />
        </a>
        <Button
          size="small"
          icon={<Rocket size={13} aria-hidden="true" />}
          onClick={() => onDeploy(row.version.version)}
        >
          Deploy<span className="visually-hidden"> version {row.version.version}</span>
        </Button>
      </span>
    ),
  },
];
