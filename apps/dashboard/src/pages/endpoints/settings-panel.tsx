import type { EndpointRevision } from '@switchyard/contracts';
import { Pencil } from 'lucide-react';
import { useListCacheUseQuery } from '../../api/api.ts';
import { formatCount, formatPercent, plural } from '../../format/format.ts';
import { SETTING_LABELS } from '../../policy/document.ts';
import { useTimeRange } from '../../time/use-time-range.tsx';
import { Button } from '../../ui/button.tsx';
import { Panel } from '../../ui/panel.tsx';
import styles from './endpoints.module.css';

/** How requests are treated, and what the cache saves. */
export function Settings(props: { revision: EndpointRevision; onEdit: () => void }) {
  const { settings, endpoint } = props.revision;
  return (
    <Panel
      title="Settings"
      aside={
        <Button size="small" icon={<Pencil size={13} aria-hidden="true" />} onClick={props.onEdit}>
          Edit<span className="visually-hidden"> the settings</span>
        </Button>
      }
    >
      <dl className={styles.settings}>
        <div>
          <dt>{SETTING_LABELS.timeoutMs}</dt>
          <dd>{formatCount(settings.timeoutMs)} ms</dd>
        </div>
        <div>
          <dt>{SETTING_LABELS.maximumQueuedRows}</dt>
          <dd>{formatCount(settings.maximumQueuedRows)} rows</dd>
        </div>
        <div>
          <dt>{SETTING_LABELS.unknownFeatures}</dt>
          <dd>{settings.unknownFeatures === 'reject' ? 'are refused' : 'are ignored'}</dd>
        </div>
        <div>
          <dt>{SETTING_LABELS.onLogFailure}</dt>
          <dd>{settings.onLogFailure === 'refuse' ? 'requests are refused' : 'answers go out unlogged'}</dd>
        </div>
        <div>
          <dt>{SETTING_LABELS.cache}</dt>
          <dd>
            {settings.cache
              ? `are given again for ${formatCount(settings.cache.ttlSeconds)} s`
              : 'are asked for each time'}
          </dd>
        </div>
        <CacheUse endpoint={endpoint} isOn={Boolean(settings.cache)} />
      </dl>
    </Panel>
  );
}

/** Shown where there is a cache, or was one in the range. */
function CacheUse(props: { endpoint: string; isOn: boolean }) {
  const { from, to } = useTimeRange();
  const use = useListCacheUseQuery({ query: { from, to } });
  const found = use.data?.items.find(({ endpoint }) => endpoint === props.endpoint);
  if (!props.isOn && (found === undefined || found.answered === 0)) return null;
  return (
    <div>
      <dt>Answered from the cache</dt>
      <dd
        title={
          found === undefined ? undefined : `${plural(found.cached, 'prediction')} of ${formatCount(found.answered)}`
        }
      >
        {use.data === undefined
          ? use.error === undefined
            ? '…'
            : 'cannot be said now'
          : found === undefined || found.hitRate === null
            ? 'nothing was answered in the range'
            : `${formatPercent(found.hitRate)} of ${plural(found.answered, 'prediction')}`}
      </dd>
    </div>
  );
}
