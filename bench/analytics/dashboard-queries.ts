// How long the dashboard's queries take over 10 million predictions with 7 million labels in 30 days, on chDB.
// node bench/analytics/dashboard-queries.ts [rows] [directory to keep the data in]
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openChdbAnalytics } from '@switchyard/storage/analytics';
import { listAnswered } from '../../apps/control/src/overview/cache-use.ts';
import { getOverview, getTimeSeries, listModelQuality } from '../../apps/control/src/overview/queries.ts';
import { getPrediction, listPredictions } from '../../apps/control/src/predictions/queries.ts';

const rows = Number(process.argv[2] ?? 10_000_000);
const kept = process.argv[3];
const directory = kept ?? mkdtempSync(join(tmpdir(), 'bench-analytics-'));
const DAYS = 30;
const DAY_MS = 86_400_000;
const RUNS = 20;

const analytics = await openChdbAnalytics({ directory });
const [existing] = await analytics.query<{ count: number; newest: number }>(
  'SELECT toFloat64(count()) AS count, toFloat64(toUnixTimestamp64Milli(max(at))) AS newest FROM predictions',
);
if ((existing?.count ?? 0) < rows) {
  await generate();
}
const [{ newest } = { newest: 0 }] = await analytics.query<{ newest: number }>(
  'SELECT toFloat64(toUnixTimestamp64Milli(max(at))) AS newest FROM predictions',
);

/** Made inside the engine, a day at a time. Four models, three paths, two endpoints, 2 % positive, 1 % failed. */
async function generate(): Promise<void> {
  const end = Date.now();
  const perDay = Math.ceil(rows / DAYS);
  for (let day = 0; day < DAYS; day += 1) {
    const start = end - (DAYS - day) * DAY_MS;
    await analytics.command(`
      INSERT INTO predictions (id, at, request_id, endpoint, revision, snapshot, gateway, unit, segment, context, features,
        path, decision, propensity, model, version, status, error, label, label_json, score, probabilities, value, members,
        total_micros, queue_micros, model_micros, batch_rows, cached)
      WITH ${start} + intDiv(number * ${DAY_MS}, ${perDay}) AS millis, cityHash64(number, ${day}) AS hash,
        leftPad(lower(hex(millis)), 12, '0') AS time, lower(hex(hash)) AS noise,
        if(hash % 50 = 0, 'fraud', 'legit') AS class, (hash % 1000) / 1000 AS share
      SELECT toUUID(concat(substring(time, -12, 8), '-', substring(time, -4), '-7', substring(noise, 1, 3), '-8', substring(noise, 4, 3), '-', leftPad(lower(hex(number)), 12, '0'))),
        fromUnixTimestamp64Milli(toInt64(millis), 'UTC'), concat('r', noise), if(hash % 10 = 0, 'other', 'fraud'), 1,
        repeat('a', 64), 'gateway-0', concat('user-', toString(hash % 100000)), '{"tier":"gold"}', '{}',
        concat('{"amount":', toString(share), ',"noise":"', repeat(noise, 20), '"}'),
        ['small', 'middle/a', 'middle/b'][hash % 3 + 1], '[]', 0.5,
        ['rules', 'forest', 'network', 'boosted'][hash % 4 + 1], '1', if(hash % 97 = 0, 'error', 'ok'), '', class,
        concat('"', class, '"'), share, '{"legit":0.9,"fraud":0.1}', NULL, '[]', exp(4 + 4 * share), 5, 50, 1, false
      FROM numbers(${perDay})`);
    process.stdout.write('.');
  }
  await analytics.command(`
    INSERT INTO outcomes (id, at, endpoint, model, version, path, predicted, score, value, outcome, outcome_json, judged,
      reward, values, received_at, sequence, sign)
    SELECT id, at, endpoint, model, version, path, if(status = 'ok', label, NULL) AS predicted, score, value,
      if(cityHash64(id) % 100 < 3, 'fraud', 'legit') AS outcome, concat('"', outcome, '"'), if(isNull(predicted), NULL, outcome),
      NULL, map(), at, id, 1
    FROM predictions WHERE cityHash64(id) % 10 < 7`);
  console.log(' generated');
}

const iso = (millis: number) => new Date(millis).toISOString();
const positiveLabels = { rules: 'fraud', forest: 'fraud', network: 'fraud', boosted: 'fraud' };
/** A period that ends a little earlier each time, so that nothing is answered from the time before. */
const period = (length: number, run: number) => {
  const to = newest - run * 77_777;
  return { from: iso(to - length), to: iso(to) };
};
const HOUR = 3_600_000;
const list = (query: object) => (run: number) =>
  listPredictions(analytics, { limit: 100, to: iso(newest - run * 77_777), ...query });
const ids = (await listPredictions(analytics, { limit: RUNS, to: iso(newest - 9 * DAY_MS) })).items.map(
  (item) => item.id,
);

const queries: Record<string, (run: number) => Promise<unknown>> = {
  'overview, 15 minutes': (run) => getOverview(analytics, period(HOUR / 4, run), { positiveLabels }),
  'overview, 2 hours': (run) => getOverview(analytics, period(2 * HOUR, run), { positiveLabels }),
  'overview, 24 hours': (run) => getOverview(analytics, period(24 * HOUR, run), { positiveLabels }),
  'overview, 30 days': (run) => getOverview(analytics, period(30 * DAY_MS, run), { positiveLabels }),
  'overview, 30 days, one model': (run) =>
    getOverview(analytics, { ...period(30 * DAY_MS, run), model: 'forest' }, { positiveLabels }),
  'time series, 24 hours': (run) =>
    getTimeSeries(analytics, { ...period(24 * HOUR, run), groupBy: 'none', points: 200 }),
  'time series, 24 hours by model': (run) =>
    getTimeSeries(analytics, { ...period(24 * HOUR, run), groupBy: 'model', points: 200 }),
  'time series, 30 days by path': (run) =>
    getTimeSeries(analytics, { ...period(30 * DAY_MS, run), groupBy: 'path', points: 200 }),
  'time series, 30 days, 2000 points': (run) =>
    getTimeSeries(analytics, { ...period(30 * DAY_MS, run), groupBy: 'none', points: 2_000 }),
  'quality of models, 30 days': (run) => listModelQuality(analytics, period(30 * DAY_MS, run), { positiveLabels }),
  'use of the cache, 24 hours': (run) => listAnswered(analytics, ['fraud', 'other'], period(24 * HOUR, run)),
  'use of the cache, 30 days': (run) => listAnswered(analytics, ['fraud', 'other'], period(30 * DAY_MS, run)),
  'predictions, newest 100': list({}),
  'predictions, wrong ones of a model': list({ outcome: 'wrong', model: 'network' }),
  'predictions, of one unit': (run) => list({ unit: `user-${run * 37}` })(run),
  'predictions, not labelled, failed': list({ outcome: 'unknown', status: 'error' }),
  'predictions, no match at all': list({ label: 'nothing' }),
  'predictions, known outcome, no match at all': list({ outcome: 'known', label: 'nothing' }),
  'predictions, unknown outcome, no match at all': list({ outcome: 'unknown', label: 'nothing' }),
  'one prediction by id': (run) => getPrediction(analytics, ids[run] ?? ''),
};

const [size] = await analytics.query<{ size: string; parts: number }>(
  'SELECT formatReadableSize(sum(bytes_on_disk)) AS size, toUInt32(count()) AS parts FROM system.parts WHERE active AND database = currentDatabase()',
);
console.log(
  `${rows} predictions, ${size?.size} in ${size?.parts} parts, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`,
);
console.log('first (ms)   p50   p95   query');
for (const [name, query] of Object.entries(queries)) {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const started = performance.now();
    await query(run);
    times.push(performance.now() - started);
  }
  const [first = 0] = times;
  times.sort((left, right) => left - right);
  const at = (quantile: number) => (times[Math.ceil(quantile * times.length) - 1] ?? 0).toFixed(0).padStart(5);
  console.log(`${first.toFixed(0).padStart(10)} ${at(0.5)} ${at(0.95)}   ${name}`);
}
console.log(`memory ${Math.round(process.memoryUsage.rss() / 1e6)} MB`);
await analytics.close();
if (kept === undefined) {
  rmSync(directory, { recursive: true });
}
