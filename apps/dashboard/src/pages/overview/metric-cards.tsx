import type { Overview, TimeSeries } from '@switchyard/contracts';
import { sparkValues } from '../../charts/prediction-series.ts';
import { compare } from '../../format/compare.ts';
import { formatCount, formatMicros, formatPercent } from '../../format/format.ts';
import { MetricCard } from './metric-card.tsx';

const NO_TRAFFIC = 'no successful prediction in this range';

export function MetricCards(props: { overview: Overview; series: TimeSeries | undefined }) {
  const { current, previous } = props.overview;
  const now = Date.now();
  const spark = (measure: Parameters<typeof sparkValues>[1]) => sparkValues(props.series, measure, now);
  return (
    <>
      <MetricCard
        label="Predictions"
        value={formatCount(current.predictions)}
        comparison={compare(current.predictions, previous.predictions, 'relative', 'neither')}
        preference={null}
        spark={spark((point) => point.predictions)}
        color="--series-0"
      />
      <MetricCard
        label="Mean latency"
        value={formatMicros(current.meanLatencyMicros)}
        missing={NO_TRAFFIC}
        comparison={compare(current.meanLatencyMicros, previous.meanLatencyMicros, 'relative', 'lower-is-better')}
        preference="lower is better"
        spark={spark((point) => point.meanLatencyMicros)}
        color="--series-2"
      />
      <MetricCard
        label="Tail latency, p95"
        value={formatMicros(current.p95LatencyMicros)}
        missing={NO_TRAFFIC}
        comparison={compare(current.p95LatencyMicros, previous.p95LatencyMicros, 'relative', 'lower-is-better')}
        preference="lower is better"
        detail={`p99 ${formatMicros(current.p99LatencyMicros)}`}
        spark={spark((point) => point.p95LatencyMicros)}
        color="--series-0"
      />
      <MetricCard
        label="Error rate"
        value={formatPercent(current.errorRate, 2)}
        missing="nothing arrived in this range"
        comparison={compare(current.errorRate, previous.errorRate, 'points', 'lower-is-better')}
        preference="lower is better"
        detail={`${formatCount(current.failed)} failed, ${formatCount(current.rejected)} refused`}
        spark={spark(({ predictions, failed, rejected }) =>
          rejected === null || predictions + rejected === 0 ? null : (failed + rejected) / (predictions + rejected),
        )}
        color="--series-1"
      />
      <MetricCard
        label="Accuracy"
        value={formatPercent(current.accuracy)}
        missing="no label has arrived for predictions of this range"
        comparison={compare(current.accuracy, previous.accuracy, 'points', 'higher-is-better')}
        preference="higher is better"
        detail={
          current.precision === null && current.recall === null
            ? `${formatCount(current.labelled)} labelled`
            : `precision ${formatPercent(current.precision)}, recall ${formatPercent(current.recall)}`
        }
        spark={spark((point) => point.accuracy)}
        color="--series-4"
      />
    </>
  );
}
