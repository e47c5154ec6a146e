import type { Endpoint, ModelNode } from '@switchyard/contracts';
import { Pencil } from 'lucide-react';
import { useMemo } from 'react';
import {
  useGetEndpointTrafficQuery,
  useGetOverviewQuery,
  useGetStatusQuery,
  useListModelsQuery,
} from '../../api/api.ts';
import { isApiError } from '../../api/api-error.ts';
import { useModelColor } from '../../charts/use-entity-colors.ts';
import { formatCount, plural } from '../../format/format.ts';
import { useTimeRange } from '../../time/use-time-range.tsx';
import { Button } from '../../ui/button.tsx';
import { Panel } from '../../ui/panel.tsx';
import styles from './endpoints.module.css';
import { PolicyTree } from './policy-tree.tsx';

/** The version that a reference stands for now, as far as the registry is known here. */
export function useVersionOf(): (node: Pick<ModelNode, 'model' | 'version' | 'alias'>) => string | undefined {
  const models = useListModelsQuery().data?.items;
  return useMemo(() => {
    const byName = new Map((models ?? []).map((model) => [model.name, model]));
    return (node) => node.version ?? byName.get(node.model)?.aliases[node.alias ?? ''];
  }, [models]);
}

export function LivePolicy(props: { endpoint: Endpoint; onEdit: () => void }) {
  const { endpoint } = props;
  const range = useTimeRange();
  const color = useModelColor();
  const versionOf = useVersionOf();
  const traffic = useGetEndpointTrafficQuery({
    params: { endpoint: endpoint.name },
    query: { from: range.from, to: range.to },
  });
  const status = useGetStatusQuery();
  // Requests that were refused took no path, so the tree below cannot show them.
  const refused = useGetOverviewQuery({ query: { from: range.from, to: range.to, endpoint: endpoint.name } }).data
    ?.current.rejected;
  const total = traffic.data?.paths.reduce((sum, one) => sum + one.summary.predictions, 0);
  return (
    <Panel
      title="Live policy"
      note={
        total === undefined
          ? undefined
          : total === 0
            ? `no prediction in the range${refusedText(refused)}`
            : `${plural(total, 'prediction')} in the range${refusedText(refused)}`
      }
      aside={
        <Button size="small" icon={<Pencil size={13} aria-hidden="true" />} onClick={props.onEdit}>
          Edit
        </Button>
      }
    >
      {traffic.error !== undefined && <Missing what="The traffic" error={traffic.error} retry={traffic.refetch} />}
      {status.error !== undefined && (
        <Missing what="The health of the models" error={status.error} retry={status.refetch} />
      )}
      <PolicyTree
        policy={endpoint.live.policy}
        traffic={traffic.data}
        status={status.data}
        color={color}
        versionOf={versionOf}
      />
    </Panel>
  );
}

const refusedText = (refused: number | undefined): string =>
  refused === undefined || refused === 0 ? '' : `, ${formatCount(refused)} more requests refused`;

/** The policy is there, but not everything that belongs beside it. */
function Missing(props: { what: string; error: unknown; retry: () => unknown }) {
  return (
    <div className={styles.missing} role="alert">
      {props.what} cannot be shown: {isApiError(props.error) ? props.error.detail : 'something unexpected went wrong.'}{' '}
      <code>{isApiError(props.error) ? props.error.code : 'unknown'}</code>
      <Button size="small" onClick={() => props.retry()}>
        Retry
      </Button>
    </div>
  );
}
