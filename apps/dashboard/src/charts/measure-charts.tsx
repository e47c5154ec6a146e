import type { TimeSeries } from '@switchyard/contracts';
import type { ReactNode } from 'react';
import { formatMicros, formatPercent } from '../format/format.ts';
import { Empty, type QueryState } from '../ui/query-view.tsx';
import { ChartPanel } from './chart-panel.tsx';
import { prepareAccuracy, prepareLatency } from './prediction-series.ts';

interface MeasureChartProps {
  readonly query: QueryState<TimeSeries>;
  readonly onOpenStep: (from: number, to: number) => void;
}

const LATENCY_STYLES = {
  p50: { color: '--series-2' },
  p95: { color: '--series-0' },
  p99: { color: '--series-4' },
} as const;
const ACCURACY_STYLES = { accuracy: { color: '--series-0', width: 2 } } as const;

export function LatencyChart(props: MeasureChartProps & { empty: ReactNode }) {
  const { query } = props;
  return (
    <ChartPanel
      title="Latency"
      note="arrival to answer"
      query={query}
      prepare={(data) => prepareLatency(data, query.fulfilledTimeStamp ?? Date.now())}
      styles={LATENCY_STYLES}
      scale={{ kind: 'zero' }}
      formatValue={formatMicros}
      empty={props.empty}
      onOpenStep={props.onOpenStep}
    />
  );
}

export function AccuracyChart(props: MeasureChartProps) {
  const { query } = props;
  return (
    <ChartPanel
      title="Accuracy"
      note="of predictions whose label has arrived"
      query={query}
      prepare={(data) => prepareAccuracy(data, query.fulfilledTimeStamp ?? Date.now())}
      styles={ACCURACY_STYLES}
      scale={{ kind: 'fit', floor: 0, ceiling: 1 }}
      formatValue={(value) => formatPercent(value)}
      empty={
        <Empty
          title="No label has arrived in this range."
          cause="Send what became of predictions to POST /v1/feedback of the gateway; accuracy follows within seconds."
        />
      }
      onOpenStep={props.onOpenStep}
    />
  );
}
