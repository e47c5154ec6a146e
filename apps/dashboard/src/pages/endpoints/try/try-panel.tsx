import type { Endpoint, PredictionDetail } from '@switchyard/contracts';
import { RefreshCw } from 'lucide-react';
import { useState } from 'react';
import { useGetPredictionQuery, useListPredictionsInfiniteQuery, useTryEndpointMutation } from '../../../api/api.ts';
import { isApiError } from '../../../api/api-error.ts';
import { formatAgo } from '../../../format/format.ts';
import { Button } from '../../../ui/button.tsx';
import { Panel } from '../../../ui/panel.tsx';
import { Empty, Failed, SkeletonRows } from '../../../ui/query-view.tsx';
import styles from './try.module.css';
import { TryForm } from './try-form.tsx';
import { TryResult } from './try-result.tsx';
import { valuesOf } from './try-values.ts';

const RECENT = 20;

/** One request to the endpoint as a client would send it, and how it was decided. */
export function TryPanel(props: { endpoint: Endpoint }) {
  const { endpoint } = props;
  const [number, setNumber] = useState(0);
  const recent = useListPredictionsInfiniteQuery({ endpoint: endpoint.name, limit: RECENT });
  const items = recent.data?.pages[0]?.items ?? [];
  const chosen = items[number % Math.max(1, items.length)];
  const source = useGetPredictionQuery({ params: { id: chosen?.id ?? '' } }, { skip: chosen === undefined });
  const [send, sending] = useTryEndpointMutation();
  const isLoading = recent.isLoading || (chosen !== undefined && source.currentData === undefined && source.isFetching);
  const prediction: PredictionDetail | undefined = source.currentData;
  const error = isApiError(sending.error) ? sending.error : undefined;
  return (
    <div className={styles.try}>
      <Panel
        title="Request"
        note={
          prediction !== undefined
            ? `as of a prediction ${formatAgo(prediction.at, Date.now())}`
            : isLoading
              ? undefined
              : recent.error === undefined
                ? 'an example: there is no prediction to start from'
                : 'an example: no prediction could be read'
        }
        aside={
          items.length > 1 && (
            <Button
              size="small"
              icon={<RefreshCw size={13} aria-hidden="true" />}
              disabled={isLoading}
              onClick={() => setNumber(number + 1)}
            >
              Another
            </Button>
          )
        }
      >
        {isLoading ? (
          <div aria-busy="true">
            <SkeletonRows rows={8} inset />
          </div>
        ) : (
          <TryForm
            key={`${prediction?.id ?? 'example'} ${number}`}
            endpoint={endpoint}
            initial={valuesOf(endpoint.features, prediction)}
            refused={error?.fields ?? []}
            isSending={sending.isLoading}
            onSend={(body) => void send({ params: { endpoint: endpoint.name }, body })}
          />
        )}
      </Panel>
      <Panel title="Answer">
        {sending.isLoading ? (
          <div aria-busy="true">
            <SkeletonRows rows={3} inset />
            <span className="visually-hidden" role="status">
              Waiting for the answer
            </span>
          </div>
        ) : sending.data !== undefined ? (
          <TryResult
            key={sending.data.id}
            trial={sending.data}
            body={sending.originalArgs?.body}
            endpoint={endpoint.name}
          />
        ) : sending.error !== undefined ? (
          <Failed error={sending.error} />
        ) : (
          <Empty
            title="Nothing has been sent."
            cause={
              <>
                The request goes to a gateway and is logged as any other prediction, with{' '}
                <code>source = dashboard</code> in its context.
              </>
            }
          />
        )}
      </Panel>
    </div>
  );
}
