import type { EndpointTraffic } from '@switchyard/contracts';
import { Link, useParams } from '@tanstack/react-router';
import { formatCount, formatMicros, formatPercent, NOTHING, plural } from '../../format/format.ts';
import { formatRate, memberTrafficOf, trafficOf } from '../../policy/traffic.ts';
import styles from './policy-tree.module.css';

/** Errors beyond this share are worth looking at. */
const NOTABLE_ERROR_SHARE = 0.01;

/** What took a branch: every number opens the predictions that it counts. */
export function BranchStats(props: { traffic: EndpointTraffic | undefined; path: string; name: string }) {
  const { endpoint } = useParams({ from: '/endpoints/$endpoint' });
  const { traffic, path, name } = props;
  if (traffic === undefined) return <span className={styles.stats} />;
  const figures = trafficOf(traffic, path);
  if (figures.predictions === 0) {
    return (
      <span className={styles.stats} data-muted>
        <span>
          <span className="visually-hidden">{name}: </span>none
        </span>
      </span>
    );
  }
  const search = { endpoint, ...(path === '' ? {} : { path }) };
  return (
    <span className={styles.stats}>
      <span
        className={styles.share}
        title={`${plural(figures.predictions, 'prediction')} of the range${
          figures.accuracy === null
            ? ''
            : `, ${formatPercent(figures.accuracy)} right of ${formatCount(figures.labelled)} labelled`
        }`}
      >
        <span className={styles.bar} aria-hidden="true">
          <i style={{ width: `${Math.max(1, (figures.share ?? 0) * 100)}%` }} />
        </span>
        <Link to="/predictions" search={search} aria-label={`${formatPercent(figures.share)} of traffic: ${name}`}>
          {formatPercent(figures.share)}
        </Link>
      </span>
      <span>{formatRate(figures.perSecond)}</span>
      <span data-bad={(figures.errorShare ?? 0) >= NOTABLE_ERROR_SHARE || undefined}>
        {(figures.errorShare ?? 0) === 0 ? (
          '0 %'
        ) : (
          <Link
            to="/predictions"
            search={{ ...search, status: 'error' }}
            aria-label={`${formatPercent(figures.errorShare)} failed: ${name}`}
          >
            {formatPercent(figures.errorShare)}
          </Link>
        )}
      </span>
      <span data-wide>{formatMicros(figures.meanMicros)}</span>
      <span data-wide title={figures.p95Micros === null ? 'told for single paths: quantiles cannot be added up' : ''}>
        {figures.p95Micros === null ? '' : formatMicros(figures.p95Micros)}
      </span>
    </span>
  );
}

/** What a member or a shadow did: it has no path of its own, so its own answers are counted. */
export function MemberStats(props: {
  traffic: EndpointTraffic | undefined;
  path: string;
  model: string;
  version: string | undefined;
}) {
  if (props.traffic === undefined) return <span className={styles.stats} />;
  const figures = memberTrafficOf(props.traffic, props);
  if (figures === null) {
    return (
      <span className={styles.stats} data-muted>
        <span data-asked>not asked</span>
      </span>
    );
  }
  return (
    <span className={styles.stats} title="of the last hour of the range, at most the newest 20,000 predictions">
      <span data-asked>asked {formatCount(figures.asked)}×</span>
      <span data-bad={(figures.failedShare ?? 0) >= NOTABLE_ERROR_SHARE || undefined}>
        {formatPercent(figures.failedShare)}
      </span>
      <span data-wide />
      <span data-wide>{figures.p95Micros === null ? NOTHING : formatMicros(figures.p95Micros)}</span>
    </span>
  );
}
