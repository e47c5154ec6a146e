import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClassLabel, LogRecord } from '@switchyard/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AnalyticsStore, UnreadableSegmentError } from './analytics-store.ts';
import { migrateAnalytics } from './migrate.ts';
import { migrations } from './schema.ts';
import { makeFeedback, makeId, makePrediction, makeRejection, makeShadow, writeSegment } from './testing/records.ts';

export interface AnalyticsSubject {
  readonly store: AnalyticsStore;
  /** Another store on the same data, as a second process has one; undefined where the engine takes one process only. */
  openAnother?(): Promise<AnalyticsStore>;
  dispose(): Promise<void>;
}

const tables = ['predictions', 'feedback', 'outcomes', 'rejections', 'shadow_answers'] as const;

/** What every analytics engine must do. The subject's data is emptied before each test. */
export function describeAnalyticsStore(name: string, makeSubject: () => Promise<AnalyticsSubject>): void {
  describe(`analytics store: ${name}`, () => {
    let subject: AnalyticsSubject;
    let store: AnalyticsStore;
    let directory: string;
    let segments = 0;
    const now = Date.now() - 60_000;

    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), 'analytics-'));
      subject = await makeSubject();
      store = subject.store;
    }, 60_000);
    afterAll(async () => {
      await subject?.dispose();
      rmSync(directory, { recursive: true, force: true });
    });
    beforeEach(async () => {
      for (const table of tables) {
        await store.command(`TRUNCATE TABLE ${table}`);
      }
    });

    const segmentOf = (records: readonly LogRecord[], file = `${segments++}.ndjson`) =>
      writeSegment(join(directory, file), records);
    const insert = (records: readonly LogRecord[]) => store.insertSegments([segmentOf(records)]);
    const count = async (table: string) => {
      const [row] = await store.query<{ count: number }>(`SELECT toFloat64(count()) AS count FROM ${table}`);
      return row?.count;
    };
    /** What holds now, by prediction: rows that were taken back cancel out. */
    const outcomes = async () =>
      await store.query<{
        id: string;
        outcome: string | null;
        outcome_json: string | null;
        reward: number | null;
        values: object;
      }>(
        `SELECT id, outcome, outcome_json, reward, values FROM outcomes
         GROUP BY id, outcome, outcome_json, reward, values, sequence HAVING sum(sign) = 1 ORDER BY toUInt128(id)`,
      );
    const netOutcomes = async () => {
      const [row] = await store.query<{ net: number }>('SELECT toFloat64(sum(sign)) AS net FROM outcomes');
      return row?.net;
    };

    it('keeps every field of a prediction', async () => {
      const record = makePrediction(1, now, {
        unit: "O'Brien \\ \t\n ✓ 😀",
        totalMicros: 123.5,
        cached: true,
        batchRows: 7,
      });
      expect(await insert([record])).toEqual({
        predictions: 1,
        feedback: 0,
        rejections: 0,
        shadowAnswers: 0,
        outcomes: 0,
      });
      const [row] = await store.query<Record<string, string>>(
        'SELECT * EXCEPT (at), toFloat64(toUnixTimestamp64Milli(at)) AS at_millis FROM predictions',
      );
      expect(row).toEqual({
        id: record.id,
        at_millis: record.at,
        request_id: record.requestId,
        endpoint: 'fraud',
        revision: 3,
        snapshot: record.snapshot,
        gateway: 'gateway-0',
        unit: record.unit,
        segment: JSON.stringify(record.segment),
        context: JSON.stringify(record.context),
        features: JSON.stringify(record.features),
        path: 'middle/a',
        decision: JSON.stringify(record.decision),
        propensity: 0.5,
        model: 'forest',
        version: '1',
        status: 'ok',
        error: '',
        label: 'fraud',
        label_json: '"fraud"',
        score: 0.75,
        probabilities: JSON.stringify(record.answer.probabilities),
        value: null,
        members: JSON.stringify(record.members),
        total_micros: 123.5,
        queue_micros: 10,
        model_micros: 50,
        batch_rows: 7,
        cached: true,
      });
    });

    const labels: ClassLabel[] = ['1', 1, 0.1, -3, true, 'true', '', '2020-01-01', 'a"b\\c\n✓', 1e-7, 12345678901];
    it('gives labels back with the type they had, and compares them as text', async () => {
      const records = labels.map((label, index) => makePrediction(index, now, { answer: { label } }));
      await insert([
        ...records,
        ...records.map((record, index) => makeFeedback(record.id, index, now, { label: labels[index] ?? null })),
      ]);
      const rows = await store.query<{ label_json: string; outcome_json: string; same: number }>(
        `SELECT label_json, outcome_json, toUInt8(predicted = judged) AS same
         FROM outcomes INNER JOIN predictions USING (id) ORDER BY toUInt32(substring(request_id, 9))`,
      );
      expect(rows.map((row) => JSON.parse(row.label_json))).toEqual(labels);
      expect(rows.map((row) => JSON.parse(row.outcome_json))).toEqual(labels);
      expect(rows.map((row) => row.same)).toEqual(labels.map(() => 1));
    });

    it('counts the number 1 and the text 1 as the same label', async () => {
      const record = makePrediction(1, now, { answer: { label: 1 } });
      await insert([record, makeFeedback(record.id, 1, now, { label: '1' })]);
      expect(await store.query('SELECT toUInt8(predicted = judged) AS same FROM outcomes')).toEqual([{ same: 1 }]);
    });

    it('inserts a segment once, however often, in whatever grouping', async () => {
      const first = [makePrediction(1, now), makePrediction(2, now), makeRejection(now, { count: 4 })];
      const second = [
        makePrediction(3, now + 1),
        makeFeedback(makeId(now, 1), 1, now, { label: 'fraud' }),
        makeShadow(makePrediction(2, now)),
      ];
      const paths = [segmentOf(first), segmentOf(second)];
      for (const group of [paths, [paths[1] ?? ''], [paths[0] ?? ''], paths, [...paths, ...paths].slice(1, 3)]) {
        await store.insertSegments(group);
      }
      expect(await Promise.all(tables.map(count))).toEqual([3, 1, 1, 1, 1]);
      expect(
        await store.query(
          `SELECT toFloat64(sum(n)) AS predictions FROM (
             SELECT count() AS n FROM predictions WHERE toStartOfMinute(at) >= toDateTime(0) GROUP BY toStartOfMinute(at))`,
        ),
      ).toEqual([{ predictions: 3 }]);
    });

    it('finishes what an interrupted insert began, wherever it stopped', async () => {
      const records = [1, 2, 3].map((counter) => makePrediction(counter, now));
      const feedback = records.map((record) => makeFeedback(record.id, 1, now, { label: 'fraud' }));
      const rejection = makeRejection(now);
      const shadows = records.slice(0, 2).map((record) => makeShadow(record));
      // What an earlier attempt may have left: some tables have their rows and the later ones do not.
      await insert([...records.slice(0, 2)]);
      await insert([...records, ...feedback.slice(0, 1), ...shadows.slice(0, 1), rejection]);
      const result = await insert([...records, ...feedback, ...shadows, rejection]);
      expect(result).toEqual({ predictions: 3, feedback: 3, rejections: 1, shadowAnswers: 2, outcomes: 2 });
      expect(await Promise.all(tables.map(count))).toEqual([3, 3, 3, 1, 2]);
    });

    it('joins feedback that comes with, after, and before its prediction', async () => {
      const [same, late, early, never] = [1, 2, 3, 4].map((counter) => makePrediction(counter, now + counter));
      if (!same || !late || !early || !never) {
        throw new Error('four records');
      }
      await insert([
        makeFeedback(early.id, 1, now, { label: 'early' }),
        makeFeedback(never.id, 1, now, { label: 'x' }),
      ]);
      expect(await count('outcomes')).toBe(0);
      await insert([same, late, makeFeedback(same.id, 2, now, { label: 'same' })]);
      expect((await insert([makeFeedback(late.id, 3, now, { label: 'late' })])).outcomes).toBe(1);
      expect((await insert([early])).outcomes).toBe(1);
      expect((await outcomes()).map((row) => row.outcome)).toEqual(['same', 'late', 'early']);
      expect(await count('feedback')).toBe(4);
    });

    it('lets the last feedback win, in order of receipt, whichever segment comes first', async () => {
      const record = makePrediction(1, now);
      const say = (order: number, label: string) => makeFeedback(record.id, order, now, { label });
      await insert([record, say(2, 'second')]);
      await insert([say(1, 'first')]);
      expect((await outcomes()).map((row) => row.outcome)).toEqual(['second']);
      expect((await insert([say(4, 'fourth'), say(3, 'third')])).outcomes).toBe(1);
      expect((await outcomes()).map((row) => row.outcome)).toEqual(['fourth']);
      expect(await netOutcomes()).toBe(1);
      expect(await count('feedback')).toBe(4);
    });

    it('keeps what later feedback does not speak of', async () => {
      const record = makePrediction(1, now);
      await insert([record, makeFeedback(record.id, 1, now, { label: 'fraud', values: { revenue: 1, cost: 2 } })]);
      await insert([makeFeedback(record.id, 2, now, { reward: 0.5, values: { revenue: 3 } })]);
      expect(await outcomes()).toEqual([
        { id: record.id, outcome: 'fraud', outcome_json: '"fraud"', reward: 0.5, values: { revenue: 3, cost: 2 } },
      ]);
      expect(await netOutcomes()).toBe(1);
    });

    it('judges successful predictions with a label only', async () => {
      const failed = makePrediction(1, now, { status: 'error', error: 'model_failed', answer: {} });
      const value = makePrediction(2, now + 1, { answer: { value: 12.5 } });
      const silent = makePrediction(3, now + 2);
      await insert([
        ...[failed, value, silent],
        makeFeedback(failed.id, 1, now, { label: 'fraud' }),
        makeFeedback(value.id, 1, now, { label: 13 }),
        makeFeedback(silent.id, 1, now, { reward: 1 }),
      ]);
      expect(await store.query('SELECT outcome, judged FROM outcomes ORDER BY at')).toEqual([
        { outcome: 'fraud', judged: null },
        { outcome: '13', judged: null },
        { outcome: null, judged: null },
      ]);
    });

    it('takes ids that are no UUIDv7, and times of many days in one segment', async () => {
      const day = 86_400_000;
      const records = Array.from({ length: 150 }, (_, index) => makePrediction(index, now - index * day));
      const odd = makePrediction(200, now, { id: 'ffffffff-ffff-4fff-bfff-ffffffffffff' });
      const old = makePrediction(201, now, { id: '00000000-0000-4000-8000-000000000001' });
      const all = [...records, odd, old];
      const result = await insert([...all, ...all.map((one) => makeFeedback(one.id, 1, now, { label: 'legit' }))]);
      expect(result.outcomes).toBe(152);
      expect(await Promise.all(tables.map(count))).toEqual([152, 152, 152, 0, 0]);
    });

    it('keeps what shadows answered, whether it comes with, before or after its prediction, once', async () => {
      const [same, early, late] = [1, 2, 3].map((counter) => makePrediction(counter, now + counter));
      if (!same || !early || !late) {
        throw new Error('three records');
      }
      const answers = [same, early, late].map((record) => makeShadow(record));
      await insert([late, makeShadow(early)]);
      expect((await insert([same, early, ...answers])).shadowAnswers).toBe(3);
      await insert([...answers].reverse());
      expect(
        await store.query(
          'SELECT id, endpoint, members, toFloat64(toUnixTimestamp64Milli(at)) AS at FROM shadow_answers ORDER BY at',
        ),
      ).toEqual(
        answers.map(({ id, at, endpoint, members }) => ({ id, endpoint, members: JSON.stringify(members), at })),
      );
      expect(await Promise.all(tables.map(count))).toEqual([3, 0, 0, 0, 3]);
    });

    it('drops old rows of every table', async () => {
      const rows = await store.query<{ name: string; engine_full: string }>(
        'SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()',
      );
      for (const table of tables) {
        expect(rows.find(({ name }) => name === table)?.engine_full).toMatch(/ TTL .*toIntervalDay/);
      }
    });

    it.each([
      ['half a line', '{"t":"p","id":'],
      ['zeros', '\0\0\0\0'],
      ['another object', '{}'],
      ['another kind of line', '{"t":"x","at":1}'],
      ['a prediction without an id', '{"t":"p","at":1}'],
      ['the answer of a shadow without an id', '{"t":"s","at":1,"members":[]}'],
      ['a wrong type', '{"t":"p","id":3,"at":"now"}'],
      ['no object', '[1,2]'],
    ])('refuses a segment with %s and inserts nothing of it', async (_, line) => {
      const path = join(directory, 'damaged.ndjson');
      writeFileSync(path, `${JSON.stringify(makePrediction(1, now))}\n${line}\n`);
      await expect(store.insertSegments([path])).rejects.toBeInstanceOf(UnreadableSegmentError);
      expect(await count('predictions')).toBe(0);
      // And the next one is none the worse for it.
      expect((await insert([makePrediction(2, now)])).predictions).toBe(1);
      expect(await count('predictions')).toBe(1);
    });

    it('reads files whatever their path looks like, and empty ones', async () => {
      for (const [index, file] of ["it's.ndjson", 'a{b,c}*?[d].ndjson', 'x :: y.ndjson', 'ü ✓.ndjson'].entries()) {
        await store.insertSegments([segmentOf([makePrediction(index, now)], file)]);
      }
      expect(await count('predictions')).toBe(4);
      writeFileSync(join(directory, 'empty.ndjson'), '');
      expect((await store.insertSegments([join(directory, 'empty.ndjson')])).predictions).toBe(0);
    });

    it('carries out inserts that are asked for at once one after the other', async () => {
      const results = await Promise.all(
        [1, 2, 3, 4].map((counter) => insert([makePrediction(counter, now), makePrediction(counter + 10, now)])),
      );
      expect(results.map((result) => result.predictions)).toEqual([2, 2, 2, 2]);
      expect(await count('predictions')).toBe(8);
    });

    it('binds parameters as values, never as SQL', async () => {
      const text = "'; DROP TABLE predictions; -- \\ {x:String}\n\t✓";
      expect(
        await store.query('SELECT {text:String} AS text, {list:Array(String)} AS list, {number:Int64} = -5 AS same', {
          text,
          list: [text, ''],
          number: -5,
        }),
      ).toEqual([{ text, list: [text, ''], same: 1 }]);
    });

    it('tells a wrong statement from a store that does not answer', async () => {
      await expect(store.query('SELECT nothing')).rejects.toMatchObject({ type: 'UNKNOWN_IDENTIFIER' });
      expect(await store.health()).toEqual({ healthy: true, detail: '' });
    });

    it('stops a query that takes more than it may', async () => {
      await expect(
        store.query('SELECT sum(sipHash64(number)) FROM numbers(100000000000) SETTINGS max_execution_time = 1'),
      ).rejects.toMatchObject({ code: 'storage_unavailable', message: expect.stringContaining('shorter period') });
    });

    it('answers sums by minute and by hour from the roll-ups', async () => {
      await insert([makePrediction(1, now), makeFeedback(makeId(now, 1), 1, now, { label: 'fraud' })]);
      for (const start of ['toStartOfMinute(at)', 'toStartOfHour(at)']) {
        for (const sql of [
          `SELECT count(), sum(total_micros), quantilesDDState(0.01, 0.5, 0.95, 0.99)(total_micros), count(score), sum(score)
           FROM predictions WHERE ${start} >= toDateTime(0) AND endpoint = 'fraud' GROUP BY ${start}, model, status`,
          `SELECT sum(sign) FROM outcomes WHERE ${start} >= toDateTime(0) AND isNotNull(judged)
           GROUP BY ${start}, model, predicted, judged`,
        ]) {
          // The engine refuses when it would have to read the rows.
          await store.command(`${sql} SETTINGS force_optimize_projection = 1`);
        }
      }
    });

    it('is not touched by a program older than its tables', async () => {
      const older = migrations.slice(0, -1);
      await expect(migrateAnalytics(store, older)).rejects.toThrow(
        `at migration ${migrations.at(-1)?.id}, this program knows ${older.at(-1)?.id}`,
      );
    });

    it('can be migrated again, and by several at once', async () => {
      await insert([makePrediction(1, now)]);
      await Promise.all([migrateAnalytics(store), migrateAnalytics(store)]);
      if (subject.openAnother !== undefined) {
        const others = await Promise.all([subject.openAnother(), subject.openAnother()]);
        expect(await others[0]?.query('SELECT toFloat64(count()) AS count FROM predictions')).toEqual([{ count: 1 }]);
        await Promise.all(others.map((other) => other.close()));
      }
      expect(await count('predictions')).toBe(1);
    });
  });
}
