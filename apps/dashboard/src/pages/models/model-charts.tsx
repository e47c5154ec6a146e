import { useNavigate } from '@tanstack/react-router';
import { useGetTimeSeriesQuery } from '../../api/api.ts';
import { AccuracyChart, LatencyChart } from '../../charts/measure-charts.tsx';
import { useTimeRange } from '../../time/use-time-range.tsx';
import { Empty } from '../../ui/query-view.tsx';
import styles from './models.module.css';

/** How all versions of a model did over the range. */
export function ModelCharts(props: { model: string }) {
  const range = useTimeRange();
  const navigate = useNavigate();
  const series = useGetTimeSeriesQuery({ query: { from: range.from, to: range.to, model: props.model, points: 120 } });
  const openStep = (outcome?: 'known') => (from: number, to: number) =>
    void navigate({
      to: '/predictions',
      search: {
        model: props.model,
        ...(outcome === undefined ? {} : { outcome }),
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
      },
    });
  return (
    <div className={styles.charts}>
      <LatencyChart
        query={series}
        empty={<Empty title="It answered nothing in this range." cause="Choose a longer range, or deploy a version." />}
        onOpenStep={openStep()}
      />
      <AccuracyChart query={series} onOpenStep={openStep('known')} />
    </div>
  );
}
