import type { EndpointTraffic } from '@switchyard/contracts';

/** What happened on a path and below it. */
export interface BranchTraffic {
  readonly predictions: number;
  /** Of the endpoint's predictions. */
  readonly share: number | null;
  readonly perSecond: number;
  /** Of those on the path; null when there were none. */
  readonly errorShare: number | null;
  readonly meanMicros: number | null;
  /** Of a single path only: quantiles of several cannot be added up. */
  readonly p95Micros: number | null;
  readonly accuracy: number | null;
  readonly labelled: number;
}

/** What a model did that was asked beside or before the one that answered. */
export interface MemberTraffic {
  readonly asked: number;
  readonly failedShare: number | null;
  readonly p95Micros: number | null;
}

type PathTraffic = EndpointTraffic['paths'][number];

/** Figures of the requests that took a path or went below it; '' is every request of the endpoint. */
export function trafficOf(traffic: EndpointTraffic, path: string): BranchTraffic {
  const all = traffic.paths.reduce((sum, one) => sum + one.summary.predictions, 0);
  const on = traffic.paths.filter((one) => path === '' || one.path === path || one.path.startsWith(`${path}/`));
  const sum = (value: (one: PathTraffic) => number) => on.reduce((total, one) => total + value(one), 0);
  const predictions = sum((one) => one.summary.predictions);
  const labelled = sum((one) => one.summary.labelled);
  const [only] = on;
  const seconds = (Date.parse(traffic.to) - Date.parse(traffic.from)) / 1_000;
  return {
    predictions,
    share: all === 0 ? null : predictions / all,
    perSecond: seconds > 0 ? predictions / seconds : 0,
    errorShare: predictions === 0 ? null : sum((one) => one.summary.failed) / predictions,
    meanMicros:
      predictions === 0
        ? null
        : sum((one) => (one.summary.meanLatencyMicros ?? 0) * one.summary.predictions) / predictions,
    p95Micros: on.length === 1 ? (only?.summary.p95LatencyMicros ?? null) : null,
    accuracy: labelled === 0 ? null : sum((one) => (one.summary.accuracy ?? 0) * one.summary.labelled) / labelled,
    labelled,
  };
}

/** What the log says about one member: by its name or its path, of the version it stands for. Null when it says nothing. */
export function memberTrafficOf(
  traffic: EndpointTraffic,
  leaf: { readonly path: string; readonly model: string; readonly version: string | undefined },
): MemberTraffic | null {
  const found = traffic.members.filter(
    (member) =>
      member.model === leaf.model &&
      (leaf.version === undefined || member.version === leaf.version) &&
      // Named from the node that asked it on; the paths of some of those nodes are longer than its own.
      (member.name === leaf.path || leaf.path.endsWith(`/${member.name}`)),
  );
  const asked = found.reduce((sum, member) => sum + member.asked, 0);
  if (asked === 0) return null;
  return {
    asked,
    failedShare: found.reduce((sum, member) => sum + member.failed, 0) / asked,
    p95Micros: found.length === 1 ? (found[0]?.p95Micros ?? null) : null,
  };
}

/** 0.4/s · 12/s · 1,240/s */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return '0/s';
  if (perSecond < 0.01) return '< 0.01/s';
  return `${perSecond.toLocaleString('en', perSecond < 10 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 0 })}/s`;
}
