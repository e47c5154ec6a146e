import type { ControlAnswer } from '@switchyard/client';
import type { PeriodSummary, PlatformStatus } from '@switchyard/contracts';

export interface ModelStatusRow {
  readonly key: string;
  readonly model: string;
  readonly version: string;
  /** The worst state over all gateways; null when no gateway holds it. */
  readonly state: 'ready' | 'loading' | 'failed' | null;
  readonly error: string | null;
  readonly summary: PeriodSummary | null;
  /** Of the predictions of the range. */
  readonly share: number | null;
}

const WORSE = { ready: 0, loading: 1, failed: 2 } as const;

/** Versions that a gateway holds or that answered in the range, the busiest first. */
export function modelStatusRows(
  quality: ControlAnswer<'listModelQuality'>['items'],
  status: PlatformStatus | undefined,
): ModelStatusRow[] {
  const rows = new Map<string, ModelStatusRow>();
  const total = quality.reduce((sum, item) => sum + item.summary.predictions, 0);
  for (const { model, version, summary } of quality) {
    // Predictions that failed before a model was chosen have none.
    if (model === '') continue;
    const key = `${model} ${version}`;
    rows.set(key, {
      key,
      model,
      version,
      state: null,
      error: null,
      summary,
      share: total === 0 ? null : summary.predictions / total,
    });
  }
  for (const gateway of status?.gateways ?? []) {
    for (const held of gateway.models) {
      const key = `${held.model} ${held.version}`;
      const row = rows.get(key) ?? {
        key,
        model: held.model,
        version: held.version,
        state: null,
        error: null,
        summary: null,
        share: null,
      };
      if (row.state === null || WORSE[held.state] > WORSE[row.state])
        rows.set(key, { ...row, state: held.state, error: held.error });
      else rows.set(key, row);
    }
  }
  return [...rows.values()].toSorted(
    (a, b) => (b.summary?.predictions ?? 0) - (a.summary?.predictions ?? 0) || a.key.localeCompare(b.key),
  );
}
