import { CircleAlert, RotateCw } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { isApiError } from '../api/api-error.ts';
import { Button } from './button.tsx';
import styles from './query-view.module.css';

/** What RTK Query says about a query, as far as a view needs it. */
export interface QueryState<T> {
  readonly data?: T | undefined;
  readonly error?: unknown;
  readonly isFetching: boolean;
  readonly fulfilledTimeStamp?: number | undefined;
  readonly refetch: () => unknown;
}

/**
 * Loading, empty, failed and stale are four different things to see: a skeleton of the right shape, a reason with what
 * to do about it, the error with its code and a way to retry, and the last numbers with a note that they are old.
 */
export function QueryView<T>(props: {
  query: QueryState<T>;
  skeleton: ReactNode;
  isEmpty?: (data: T) => boolean;
  empty?: ReactNode;
  children: (data: T) => ReactNode;
}) {
  const { query } = props;
  if (query.data === undefined) {
    if (query.error !== undefined && !query.isFetching) return <Failed error={query.error} retry={query.refetch} />;
    return (
      <div aria-busy="true">
        {props.skeleton}
        <span className="visually-hidden" role="status">
          Loading
        </span>
      </div>
    );
  }
  return (
    <>
      {query.error !== undefined && (
        <Stale error={query.error} since={query.fulfilledTimeStamp} retry={query.refetch} />
      )}
      {props.isEmpty?.(query.data) === true ? props.empty : props.children(query.data)}
    </>
  );
}

export function Failed(props: { error: unknown; retry?: (() => unknown) | undefined }) {
  const error = isApiError(props.error) ? props.error : null;
  return (
    <div className={styles.state} role="alert">
      <CircleAlert size={18} className={styles.bad} aria-hidden="true" />
      <p className={styles.title}>{error?.detail ?? 'Something unexpected went wrong in this page.'}</p>
      <p className={styles.detail}>
        <code>{error?.code ?? 'unknown'}</code>
        {error?.requestId != null && <code className={styles.request}>request {error.requestId}</code>}
      </p>
      {props.retry !== undefined && (
        <Button size="small" icon={<RotateCw size={13} aria-hidden="true" />} onClick={props.retry}>
          Retry
        </Button>
      )}
    </div>
  );
}

function Stale(props: { error: unknown; since: number | undefined; retry: () => unknown }) {
  const error = isApiError(props.error) ? props.error : null;
  const age = useAge(props.since);
  return (
    <div className={styles.stale} role="status">
      Stale{age}: <code>{error?.code ?? 'unknown'}</code>
      <button type="button" onClick={props.retry}>
        Retry
      </button>
    </div>
  );
}

function useAge(since: number | undefined): string {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 5_000);
    return () => clearInterval(timer);
  }, []);
  return since === undefined ? '' : `, from ${Math.max(1, Math.round((now - since) / 1_000))} s ago`;
}

/** Nothing is there, why, and what to do. */
export function Empty(props: { icon?: ReactNode; title: string; cause?: ReactNode; action?: ReactNode }) {
  return (
    <div className={styles.state}>
      {props.icon !== undefined && (
        <span className={styles.icon} aria-hidden="true">
          {props.icon}
        </span>
      )}
      <p className={styles.title}>{props.title}</p>
      {props.cause !== undefined && <p className={styles.detail}>{props.cause}</p>}
      {props.action}
    </div>
  );
}

export function Skeleton(props: { height: number; width?: string }) {
  return <span className={styles.skeleton} style={{ height: props.height, width: props.width ?? '100%' }} />;
}

/** `inset`: inside something that has its own margins. */
export function SkeletonRows(props: { rows: number; inset?: boolean }) {
  return (
    <div className={styles.rows} data-inset={props.inset || undefined}>
      {Array.from({ length: props.rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <Skeleton key={row} height={14} width={`${92 - ((row * 17) % 38)}%`} />
      ))}
    </div>
  );
}
