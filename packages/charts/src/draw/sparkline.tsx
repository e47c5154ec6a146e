import { sparklinePath } from '../prepare/sparkline.ts';
import './charts.css';

/** A line without axes beside a number that says the same: decoration for a screen reader. Nothing when there is no value. */
export function Sparkline(props: { values: readonly (number | null)[]; color: string; height?: number }) {
  const height = props.height ?? 28;
  const path = sparklinePath(props.values, 100, height - 4);
  return (
    <svg
      className="sy-sparkline"
      viewBox={`0 -2 100 ${height}`}
      height={height}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {path !== null && <path d={path} style={{ stroke: `var(${props.color})` }} />}
    </svg>
  );
}
