import {
  type KeyboardEvent,
  type ReactNode,
  type Ref,
  useEffect,
  useId,
  useImperativeHandle,
  useMemo,
  useRef,
  useState,
} from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { PreparedTimeSeries } from '../prepare/time-grid.ts';
import { stepLabel } from '../prepare/time-labels.ts';
import { timeSeriesRows } from '../prepare/time-series-rows.ts';
import './charts.css';
import { FALLBACK_STYLE, type PlotSettings, plotData, plotOptions } from './plot-options.ts';

export interface TimeSeriesChartHandle {
  /** The plotting canvas as it is drawn now, null before it is. */
  readonly canvas: () => HTMLCanvasElement | null;
}

export interface TimeSeriesChartProps extends PlotSettings {
  readonly title: string;
  readonly prepared: PreparedTimeSeries;
  readonly height: number;
  /** Changes when the theme does, so that the canvas is drawn again with its colours. */
  readonly theme: string;
  /** A span was dragged: Unix milliseconds. */
  readonly onZoom?: (from: number, to: number) => void;
  /** A step was clicked, or Enter was pressed on it: Unix milliseconds. */
  readonly onOpenStep?: (from: number, to: number) => void;
  /** Shown in the tooltip below the values, such as how to open the step. */
  readonly hint?: ReactNode;
  readonly ref?: Ref<TimeSeriesChartHandle>;
}

const SCREEN_READER_ROWS = 24;
/** A shorter drag is a click. */
const MINIMUM_DRAG_PIXELS = 4;

export function TimeSeriesChart(props: TimeSeriesChartProps) {
  const { prepared, height, theme, styles, scale, zone, formatValue, syncKey } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const callbacks = useRef(props);
  callbacks.current = props;
  const latest = useRef(prepared);
  latest.current = prepared;
  const [cursor, setCursor] = useState<{ index: number; left: number; width: number } | null>(null);
  const shape = prepared.series.map((one) => one.key).join('\n');
  useImperativeHandle(props.ref, () => ({ canvas: () => plot.current?.ctx.canvas ?? null }), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the plot is made anew only when what it is drawn with changes; numbers are set below
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const computed = getComputedStyle(element);
    const resolve = (variable: string) => computed.getPropertyValue(variable).trim() || '#888888';
    const options = plotOptions(
      latest.current,
      { styles, scale, zone, formatValue, syncKey },
      { width: Math.max(120, element.clientWidth), height },
      resolve,
    );
    options.hooks = {
      setCursor: [
        (self) => {
          const index = self.cursor.idx ?? null;
          const left = self.cursor.left ?? -1;
          // A synchronised neighbour shows its cursor line only.
          const isOwn = self.over.matches(':hover') || element.contains(document.activeElement);
          if (index === null || left < 0 || !isOwn) return setCursor(null);
          const x = self.valToPos(self.data[0][index] ?? 0, 'x');
          const axis = self.over.offsetLeft;
          setCursor((before) => (before?.index === index ? before : { index, left: x + axis, width: self.width }));
        },
      ],
      setSelect: [
        (self) => {
          if (self.select.width < MINIMUM_DRAG_PIXELS) return;
          const from = self.posToVal(self.select.left, 'x') * 1_000;
          const to = self.posToVal(self.select.left + self.select.width, 'x') * 1_000;
          self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          // A synchronised neighbour selects too; only the chart under the pointer may answer.
          if (self.over.matches(':hover')) callbacks.current.onZoom?.(from, to);
        },
      ],
    };
    const made = new uPlot(options, plotData(latest.current), element);
    plot.current = made;
    let pressedAt = 0;
    const press = (event: MouseEvent) => {
      pressedAt = event.clientX;
    };
    const click = (event: MouseEvent) => {
      const index = made.cursor.idx ?? null;
      if (index !== null && Math.abs(event.clientX - pressedAt) < MINIMUM_DRAG_PIXELS) openStep(index);
    };
    made.over.addEventListener('mousedown', press);
    made.over.addEventListener('click', click);
    const observer = new ResizeObserver(() => made.setSize({ width: Math.max(120, element.clientWidth), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, theme, zone, height, syncKey]);

  useEffect(() => {
    plot.current?.setData(plotData(prepared));
  }, [prepared]);

  function openStep(index: number) {
    const time = latest.current.times[index];
    if (time !== undefined) callbacks.current.onOpenStep?.(time * 1_000, (time + latest.current.stepSeconds) * 1_000);
  }

  function moveCursor(event: KeyboardEvent) {
    const last = prepared.times.length - 1;
    const at = cursor?.index ?? last + 1;
    const target = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 10, PageDown: at + 10, Home: 0, End: last }[
      event.key
    ];
    if (target !== undefined) {
      event.preventDefault();
      const index = Math.max(0, Math.min(last, target));
      const left = plot.current?.valToPos(prepared.times[index] ?? 0, 'x') ?? 0;
      plot.current?.setCursor({ left, top: 10 });
    } else if (event.key === 'Enter' && cursor !== null) {
      event.preventDefault();
      openStep(cursor.index);
    } else if (event.key === 'Escape' && cursor !== null) {
      event.stopPropagation();
      plot.current?.setCursor({ left: -10, top: -10 });
    }
  }

  const help = useId();
  return (
    <div className="sy-chart">
      {/* biome-ignore lint/a11y/useSemanticElements: a chart is no fieldset */}
      <div
        ref={host}
        className="sy-chart-plot"
        style={{ minHeight: height }}
        role="group"
        aria-roledescription="chart"
        aria-label={props.title}
        aria-describedby={help}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the cursor is moved with the arrow keys
        tabIndex={0}
        onKeyDown={moveCursor}
        onBlur={() => plot.current?.setCursor({ left: -10, top: -10 })}
      />
      <span id={help} className="sy-chart-hidden">
        Left and right move the cursor{props.onOpenStep === undefined ? '' : ', Enter opens the predictions of a step'}.
      </span>
      {cursor !== null && prepared.times[cursor.index] !== undefined && (
        <ChartTooltip {...props} index={cursor.index} left={cursor.left} flip={cursor.left > cursor.width / 2} />
      )}
      <ScreenReaderTable prepared={prepared} title={props.title} formatValue={formatValue} />
    </div>
  );
}

function ChartTooltip(props: TimeSeriesChartProps & { index: number; left: number; flip: boolean }) {
  const { prepared, index } = props;
  return (
    <div
      className={`sy-chart-tooltip${props.flip ? ' sy-chart-tooltip-left' : ''}`}
      style={{ left: props.left }}
      role="status"
    >
      <div className="sy-chart-tooltip-time">
        {stepLabel(prepared.times[index] ?? 0, prepared.stepSeconds, props.zone)}
        {index >= prepared.fillingFrom && <em> still filling</em>}
      </div>
      {prepared.series.map((series) => {
        const value = series.values[index] ?? null;
        const lower = series.lower?.[index] ?? null;
        const upper = series.upper?.[index] ?? null;
        const count = series.counts?.[index] ?? null;
        return (
          <div key={series.key} className="sy-chart-tooltip-row">
            <i style={{ background: `var(${(props.styles[series.key] ?? FALLBACK_STYLE).color})` }} />
            <span>{series.label}</span>
            <b>{value === null ? 'no data' : props.formatValue(value)}</b>
            {lower !== null && upper !== null && (
              <small>
                {props.formatValue(lower)} to {props.formatValue(upper)}
              </small>
            )}
            {count !== null && <small>n = {count.toLocaleString('en')}</small>}
          </div>
        );
      })}
      {props.hint !== undefined && <div className="sy-chart-tooltip-hint">{props.hint}</div>}
    </div>
  );
}

function ScreenReaderTable(props: {
  prepared: PreparedTimeSeries;
  title: string;
  formatValue: (value: number) => string;
}) {
  const { header, rows } = useMemo(() => timeSeriesRows(props.prepared), [props.prepared]);
  const shown = rows.slice(-SCREEN_READER_ROWS);
  return (
    <table className="sy-chart-hidden">
      <caption>
        {props.title}: the last {shown.length} of {rows.length} steps with data; the CSV export holds all.
      </caption>
      <thead>
        <tr>
          {header.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {shown.map((row) => (
          <tr key={String(row[0])}>
            {row.map((cell, index) => (
              <td key={header[index]}>{typeof cell === 'number' ? props.formatValue(cell) : (cell ?? 'no data')}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
