import type { Histogram } from './histogram.ts';

export type Labels = Readonly<Record<string, string>>;
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}
export interface HistogramSample {
  readonly labels: Labels;
  readonly histogram: Pick<Histogram, 'bounds' | 'counts' | 'sum' | 'count'>;
}

/** Lines of the Prometheus text format for one counter or gauge. */
export function renderSamples(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  samples: readonly Sample[],
): string {
  if (samples.length === 0) return '';
  return `${header(name, type, help)}${samples.map(({ labels, value }) => `${name}${renderLabels(labels)} ${value}\n`).join('')}`;
}

/** @param divisor what turns observed values into the unit of the name, such as microseconds into seconds */
export function renderHistograms(name: string, help: string, samples: readonly HistogramSample[], divisor = 1): string {
  if (samples.length === 0) return '';
  let text = header(name, 'histogram', help);
  for (const { labels, histogram } of samples) {
    let cumulative = 0;
    histogram.bounds.forEach((bound, index) => {
      cumulative += histogram.counts[index] as number;
      text += `${name}_bucket${renderLabels({ ...labels, le: String(bound / divisor) })} ${cumulative}\n`;
    });
    text += `${name}_bucket${renderLabels({ ...labels, le: '+Inf' })} ${histogram.count}\n`;
    text += `${name}_sum${renderLabels(labels)} ${histogram.sum / divisor}\n`;
    text += `${name}_count${renderLabels(labels)} ${histogram.count}\n`;
  }
  return text;
}

function header(name: string, type: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
