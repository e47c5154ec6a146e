import {
  exportChartCsv,
  exportChartPng,
  type PreparedTimeSeries,
  type SeriesStyle,
  TimeSeriesChart,
  type TimeSeriesChartHandle,
  type ValueScale,
} from '@switchyard/charts';
import { Download, Image, Link2 } from 'lucide-react';
import { type ReactNode, useRef } from 'react';
import { describeSpan } from '../time/time-range.ts';
import { useTimeRange, useZoom } from '../time/use-time-range.tsx';
import { Badge, Swatch } from '../ui/badge.tsx';
import { IconButton } from '../ui/button.tsx';
import { Menu } from '../ui/menu.tsx';
import { notify } from '../ui/notify.tsx';
import { Panel } from '../ui/panel.tsx';
import { type QueryState, QueryView, Skeleton } from '../ui/query-view.tsx';
import { useColorScheme } from '../ui/theme-provider.tsx';
import styles from './chart-panel.module.css';

export interface ChartPanelProps<T> {
  readonly title: string;
  readonly note?: ReactNode;
  readonly query: QueryState<T>;
  readonly prepare: (data: T) => PreparedTimeSeries;
  readonly styles: Readonly<Record<string, SeriesStyle>>;
  readonly scale: ValueScale;
  readonly formatValue: (value: number) => string;
  readonly empty: ReactNode;
  readonly height?: number;
  readonly className?: string | undefined;
  readonly onOpenStep?: (from: number, to: number) => void;
}

/** A chart over the time range of the page, with its three other states, a legend and exports. Dragging zooms the page. */
export function ChartPanel<T>(props: ChartPanelProps<T>) {
  const range = useTimeRange();
  const zoom = useZoom();
  const { shown } = useColorScheme();
  const chart = useRef<TimeSeriesChartHandle>(null);
  const height = props.height ?? 196;
  const prepared = props.query.data === undefined ? undefined : props.prepare(props.query.data);
  const file = `${props.title.toLowerCase().replace(/\W+/g, '-')}-${range.from.slice(0, 19).replaceAll(':', '')}`;
  const exportPng = () => {
    const canvas = chart.current?.canvas();
    if (canvas == null || prepared === undefined) return;
    exportChartPng(`${file}.png`, {
      canvas,
      title: props.title,
      range: describeSpan(range.fromMs, range.toMs, range.zone),
      prepared,
      styles: props.styles,
    });
  };
  return (
    <Panel
      title={props.title}
      note={props.note}
      className={props.className}
      aside={
        prepared !== undefined && !prepared.empty ? (
          <Menu
            target={<IconButton label={`Export ${props.title}`} icon={<Download size={14} aria-hidden="true" />} />}
            items={[
              {
                key: 'csv',
                label: 'Numbers as CSV',
                icon: <Download size={14} aria-hidden="true" />,
                onSelect: () => exportChartCsv(`${file}.csv`, prepared),
              },
              {
                key: 'png',
                label: 'Picture as PNG',
                icon: <Image size={14} aria-hidden="true" />,
                onSelect: exportPng,
              },
              {
                key: 'link',
                label: 'Copy a link to this view',
                icon: <Link2 size={14} aria-hidden="true" />,
                onSelect: () =>
                  void navigator.clipboard.writeText(location.href).then(() => notify({ title: 'Link copied' })),
              },
            ]}
          />
        ) : undefined
      }
    >
      <QueryView
        query={props.query}
        skeleton={<Skeleton height={height + 26} />}
        isEmpty={() => prepared?.empty ?? true}
        empty={props.empty}
      >
        {() =>
          prepared !== undefined && (
            <>
              <ul className={styles.legend}>
                {prepared.series.map((series) => (
                  <li key={series.key}>
                    <Swatch color={props.styles[series.key]?.color ?? '--series-0'} />
                    {series.label}
                    {series.lower !== null && <Badge>95 % interval</Badge>}
                  </li>
                ))}
              </ul>
              <TimeSeriesChart
                ref={chart}
                title={props.title}
                prepared={prepared}
                styles={props.styles}
                scale={props.scale}
                zone={range.zone}
                formatValue={props.formatValue}
                height={height}
                theme={shown}
                syncKey="page"
                onZoom={zoom}
                {...(props.onOpenStep === undefined
                  ? {}
                  : { onOpenStep: props.onOpenStep, hint: 'Click: predictions of this step · drag: zoom' })}
              />
            </>
          )
        }
      </QueryView>
    </Panel>
  );
}
