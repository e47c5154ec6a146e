import { getRouteApi, Link } from '@tanstack/react-router';
import { Undo2 } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { useGetEndpointQuery } from '../../api/api.ts';
import { useAppSelector } from '../../api/store.ts';
import { RollbackDialog } from '../../deploy/rollback-dialog.tsx';
import { formatAgo } from '../../format/format.ts';
import { Page } from '../../shell/page.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { QueryView, Skeleton } from '../../ui/query-view.tsx';
import styles from './endpoints.module.css';
import { HowToCall } from './how-to-call.tsx';
import { LivePolicy } from './live-policy.tsx';
import { Revisions } from './revisions.tsx';
import { RolloutPanel } from './rollout-panel.tsx';
import { Settings } from './settings-panel.tsx';

const route = getRouteApi('/endpoints/$endpoint');
const EndpointEditor = lazy(() =>
  import('./editor/endpoint-editor.tsx').then((module) => ({ default: module.EndpointEditor })),
);
const TryPanel = lazy(() => import('./try/try-panel.tsx').then((module) => ({ default: module.TryPanel })));

const TABS = [
  { tab: undefined, label: 'Live' },
  { tab: 'edit', label: 'Edit' },
  { tab: 'try', label: 'Try it' },
] as const;

/** What answers this endpoint and how it goes, how to change that, and how to go back. */
export function EndpointPage() {
  const { endpoint: name } = route.useParams();
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const endpoint = useGetEndpointQuery({ params: { endpoint: name } });
  const [rollback, setRollback] = useState<{ revision?: number }>();
  const hasDraft = useAppSelector((state) => state.endpointDrafts[name] !== undefined);
  const live = endpoint.data?.live;
  const show = (next: 'edit' | undefined) => void navigate({ search: (before) => ({ ...before, tab: next }) as never });
  return (
    <Page
      title={name}
      above={<Link to="/endpoints">Endpoints</Link>}
      lead={
        live === undefined ? (
          ' '
        ) : (
          <>
            Revision {live.revision}, published {formatAgo(live.createdAt, Date.now())}
            {live.author !== '' && ` by ${live.author}`}
            {live.note !== '' && `: ${live.note}`}.{' '}
            <Link to="/predictions" search={{ endpoint: name }}>
              Its predictions
            </Link>
          </>
        )
      }
      actions={
        <Button
          icon={<Undo2 size={14} aria-hidden="true" />}
          disabled={endpoint.data?.previousRevision == null}
          onClick={() => setRollback({})}
        >
          Roll back
        </Button>
      }
    >
      <nav className={styles.tabs} aria-label="Parts of the endpoint">
        {TABS.map((one) => (
          <Link
            key={one.label}
            from="/endpoints/$endpoint"
            to="."
            search={(before) => ({ ...before, tab: one.tab }) as never}
            aria-current={tab === one.tab ? 'page' : undefined}
            // The router would take every part for the open one: they differ by the search alone.
            activeOptions={{ exact: true, includeSearch: true, explicitUndefined: true }}
          >
            {one.label}
            {one.tab === 'edit' && hasDraft && <Badge tone="accent">draft</Badge>}
          </Link>
        ))}
      </nav>
      <QueryView query={endpoint} skeleton={<Skeleton height={320} />}>
        {(found) => (
          <>
            {tab === undefined && (
              <>
                <LivePolicy endpoint={found} onEdit={() => show('edit')} />
                <div className={styles.split}>
                  <div className={styles.stack}>
                    <Revisions endpoint={found} onRollback={(revision) => setRollback({ revision })} />
                    <RolloutPanel endpoint={found} />
                  </div>
                  <div className={styles.stack}>
                    <Settings revision={found.live} onEdit={() => show('edit')} />
                    <HowToCall endpoint={found} />
                  </div>
                </div>
              </>
            )}
            <Suspense fallback={<Skeleton height={320} />}>
              {tab === 'edit' && <EndpointEditor key={name} endpoint={found} onPublished={() => show(undefined)} />}
              {tab === 'try' && <TryPanel key={name} endpoint={found} />}
            </Suspense>
            {rollback !== undefined && (
              <RollbackDialog endpoint={found} revision={rollback.revision} onClose={() => setRollback(undefined)} />
            )}
          </>
        )}
      </QueryView>
    </Page>
  );
}
