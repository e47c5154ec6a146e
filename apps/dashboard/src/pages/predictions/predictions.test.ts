import type { PredictionSummary } from '@switchyard/contracts';
import { expect, test } from 'vitest';
import { outcomeState } from '../../format/answer.ts';
import { predictionsCsv } from './prediction-csv.ts';
import { predictionSearch } from './prediction-search.ts';
import { timingParts } from './timings.ts';

const row: PredictionSummary = {
  id: '019a0000-0000-7000-8000-000000000000',
  at: '2026-01-01T00:00:00.000Z',
  endpoint: 'fraud',
  revision: 3,
  path: 'low',
  model: 'rules',
  version: '1',
  status: 'ok',
  error: '',
  unit: '=cmd|calc',
  answer: { label: 1, score: 0.9 },
  outcome: null,
  totalMicros: 512.5,
};

test('an export holds raw numbers, and text of callers cannot run in a spreadsheet', () => {
  const [header, line] = predictionsCsv([row]).split('\r\n');
  expect(header).toBe(
    'id,at,endpoint,revision,path,model,version,status,error,unit,label,score,value,outcome,total_micros',
  );
  expect(line).toBe(
    "019a0000-0000-7000-8000-000000000000,2026-01-01T00:00:00.000Z,fraud,3,low,rules,1,ok,,'=cmd|calc,1,0.9,,,512.5",
  );
});

test('filters that are not understood are left out', () => {
  expect(predictionSearch({ endpoint: 'fraud', status: 'maybe', outcome: 'wrong', unit: '', other: 'x' })).toEqual({
    endpoint: 'fraud',
    outcome: 'wrong',
  });
});

test('parts of the time add up to the whole, however they overlap', () => {
  const parts = timingParts({ totalMicros: 100, queueMicros: 30, modelMicros: 90 });
  expect(parts.map((part) => part.micros)).toEqual([30, 70, 0]);
  expect(timingParts({ totalMicros: 0, queueMicros: 0, modelMicros: 0 }).every((part) => part.share === 0)).toBe(true);
});

test('labels are compared as text, and a value has nothing to compare with', () => {
  expect(outcomeState({ answer: { label: 1 }, outcome: '1' })).toBe('correct');
  expect(outcomeState({ answer: { label: 1 }, outcome: 0 })).toBe('wrong');
  expect(outcomeState({ answer: { label: 1 }, outcome: null })).toBe('waiting');
  expect(outcomeState({ answer: { value: 3 }, outcome: 4 })).toBe('known');
});
