/** Filters and selection of the explorer, as the URL holds them. */
export interface PredictionSearch {
  readonly endpoint?: string;
  readonly model?: string;
  readonly version?: string;
  readonly status?: 'ok' | 'error';
  readonly outcome?: 'known' | 'unknown' | 'correct' | 'wrong';
  readonly label?: string;
  readonly unit?: string;
  readonly path?: string;
  /** Id of the prediction in the peek panel. */
  readonly selected?: string;
}

const STATUSES = ['ok', 'error'] as const;
const OUTCOMES = ['known', 'unknown', 'correct', 'wrong'] as const;
const TEXTS = ['endpoint', 'model', 'version', 'label', 'unit', 'path', 'selected'] as const;

/** What is not understood is left out, so that an old link still opens. */
export function predictionSearch(search: Record<string, unknown>): PredictionSearch {
  const found: Record<string, string> = {};
  for (const name of TEXTS) {
    const value = search[name];
    if (typeof value === 'string' && value !== '') found[name] = value;
  }
  const status = STATUSES.find((one) => one === search.status);
  const outcome = OUTCOMES.find((one) => one === search.outcome);
  return { ...found, ...(status === undefined ? {} : { status }), ...(outcome === undefined ? {} : { outcome }) };
}
