import type { FeatureSpec, ModelVersion, TensorSpec } from '@switchyard/contracts';
import type { ReactNode } from 'react';
import { formatBytes, formatNumber } from '../../format/format.ts';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Select } from '../../ui/field.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Empty } from '../../ui/query-view.tsx';
import styles from './models.module.css';

export function VersionPicker(props: {
  versions: readonly ModelVersion[];
  chosen: string;
  onChoose: (version: string) => void;
}) {
  return (
    <div className={styles.pick}>
      <Select
        label="Version"
        hideLabel
        value={props.chosen}
        onChange={(event) => props.onChoose(event.target.value)}
        options={props.versions.map((one) => ({ value: one.version, label: `Version ${one.version}` }))}
      />
    </div>
  );
}

const FEATURE_COLUMNS: readonly Column<FeatureSpec>[] = [
  {
    id: 'name',
    header: 'Feature',
    isName: true,
    sortBy: (feature) => feature.name,
    cell: (feature) => <code>{feature.name}</code>,
  },
  { id: 'type', header: 'Type', cell: (feature) => feature.type },
  {
    id: 'required',
    header: 'When missing',
    cell: (feature) =>
      feature.default === undefined ? (
        'refused: it is required'
      ) : (
        <>
          taken as <code>{JSON.stringify(feature.default)}</code>
        </>
      ),
  },
  {
    id: 'categories',
    header: 'Values',
    cell: (feature) =>
      feature.categories === undefined ? (
        <span className={styles.faint}>any</span>
      ) : (
        <span title={feature.categories.join(', ')}>
          {feature.categories.slice(0, 4).join(', ')}
          {feature.categories.length > 4 && ` and ${feature.categories.length - 4} more`}
        </span>
      ),
  },
];

export function SignatureView(props: { version: ModelVersion }) {
  const { signature } = props.version;
  return (
    <div className={styles.signature}>
      <Panel title="Features" note={`${signature.features.length} that a caller sends`} flush>
        <div className={styles.scroll}>
          <DataTable
            caption="Features"
            columns={FEATURE_COLUMNS}
            rows={signature.features}
            rowKey={(feature) => feature.name}
          />
        </div>
      </Panel>
      <div className={styles.stack}>
        <Panel title="Answer">
          <Pairs
            pairs={[
              [
                'Labels',
                signature.labels === undefined ? 'none: it answers a number' : signature.labels.map(String).join(', '),
              ],
              [
                'Positive label',
                signature.labels === undefined ? null : String(signature.positiveLabel ?? signature.labels.at(-1)),
              ],
              ['Label from', signature.roles.label],
              ['Probabilities from', signature.roles.probabilities],
              ...(signature.labels === undefined
                ? ([['Value from', signature.roles.value]] as [string, ReactNode][])
                : []),
            ]}
          />
        </Panel>
        <Panel title="Tensors of the file">
          <Pairs
            pairs={[
              [
                'Layout',
                signature.layout === 'single-tensor'
                  ? 'all features are columns of one tensor'
                  : 'one tensor for each feature',
              ],
              ...signature.inputs
                .slice(0, 20)
                .map((tensor): [string, ReactNode] => [`Input ${tensor.name}`, tensorText(tensor)]),
              ...(signature.inputs.length > 20
                ? ([['', `and ${signature.inputs.length - 20} more inputs`]] as [string, ReactNode][])
                : []),
              ...signature.outputs.map((tensor): [string, ReactNode] => [`Output ${tensor.name}`, tensorText(tensor)]),
            ]}
          />
        </Panel>
      </div>
    </div>
  );
}

export function LineageView(props: { version: ModelVersion; versions: readonly ModelVersion[] }) {
  const { version } = props;
  const { lineage } = version;
  const parent = props.versions.find((one) => one.version === lineage.parentVersion);
  const metrics = Object.entries(lineage.metrics ?? {});
  return (
    <div className={styles.signature}>
      <Panel title="Where it comes from">
        <Pairs
          pairs={[
            ['Trained after', lineage.parentVersion === undefined ? null : `version ${lineage.parentVersion}`],
            ['Data set', lineage.dataset],
            [
              'Data set SHA-256',
              lineage.datasetSha256 === undefined ? null : <code key="data">{lineage.datasetSha256}</code>,
            ],
            [
              'Code revision',
              lineage.codeRevision === undefined ? null : <code key="code">{lineage.codeRevision}</code>,
            ],
            ['Run', lineage.run],
            ['Framework', lineage.framework],
            ['Notes', lineage.notes],
            ['File', `${version.format}, ${formatBytes(version.artifact.sizeBytes)}`],
            ['File SHA-256', <code key="sha">{version.artifact.sha256}</code>],
          ]}
        />
      </Panel>
      <Panel
        title="Metrics of training"
        note={parent === undefined ? undefined : `and the change from version ${parent.version}`}
      >
        {metrics.length === 0 ? (
          <Empty title="No metric was given." cause="An upload may say its metrics in the lineage." />
        ) : (
          <Pairs
            pairs={metrics.map(([name, value]) => [
              name,
              <MetricValue key={name} value={value} before={parent?.lineage.metrics?.[name]} />,
            ])}
          />
        )}
      </Panel>
    </div>
  );
}

function MetricValue(props: { value: number; before: number | undefined }) {
  const change = props.before === undefined ? null : props.value - props.before;
  return (
    <>
      {formatNumber(props.value)}{' '}
      {change !== null && (
        <span className={styles.faint}>
          {change > 0 ? '+' : change < 0 ? '−' : '±'}
          {/* What follows the second digit of a change says nothing. */}
          {formatNumber(Number(Math.abs(change).toPrecision(2)))}
        </span>
      )}
    </>
  );
}

const tensorText = (tensor: TensorSpec): ReactNode => (
  <code>
    {tensor.datatype} [{tensor.shape.map((size) => (size === -1 ? 'n' : size)).join(', ')}]
  </code>
);

/** What is not said is told so. */
function Pairs(props: { pairs: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className={styles.pairs}>
      {props.pairs.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value ?? <span className={styles.faint}>not said</span>}</dd>
        </div>
      ))}
    </dl>
  );
}
