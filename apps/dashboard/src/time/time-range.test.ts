import { expect, test } from 'vitest';
import {
  describeRange,
  parseInstant,
  parseTypedRange,
  refreshIntervalMs,
  resolveRange,
  zoomOut,
} from './time-range.ts';

const now = Date.parse('2026-11-24T14:05:30.500Z');
const iso = (text: string, roundUp = false) => {
  const parsed = parseInstant(text, now, 'utc', roundUp);
  return parsed.ok ? new Date(parsed.at).toISOString() : parsed.reason;
};

test('relative expressions shift and round in order', () => {
  expect(iso('now')).toBe('2026-11-24T14:05:30.500Z');
  expect(iso('now-15m')).toBe('2026-11-24T13:50:30.500Z');
  expect(iso('now/d')).toBe('2026-11-24T00:00:00.000Z');
  expect(iso('now/d+8h')).toBe('2026-11-24T08:00:00.000Z');
  expect(iso('now-1d/d')).toBe('2026-11-23T00:00:00.000Z');
  expect(iso('now-1d/d', true)).toBe('2026-11-24T00:00:00.000Z');
  expect(iso('now/w')).toBe('2026-11-23T00:00:00.000Z');
  expect(iso('now/M', true)).toBe('2026-12-01T00:00:00.000Z');
  expect(iso('now-9M')).toBe('2026-02-24T14:05:30.500Z');
});

test('a month shorter than the day is its last day, not the next month', () => {
  const march = parseInstant('now-1M', Date.parse('2026-03-31T00:00:00Z'), 'utc', false);
  expect(march).toEqual({ ok: true, at: Date.parse('2026-02-28T00:00:00Z') });
});

test('instants, days and Unix milliseconds are read as they are', () => {
  expect(iso('2026-11-24T10:00:00+02:00')).toBe('2026-11-24T08:00:00.000Z');
  expect(iso('2026-11-24 10:00')).toBe('2026-11-24T10:00:00.000Z');
  expect(iso('2026-11-24')).toBe('2026-11-24T00:00:00.000Z');
  expect(iso('2026-11-24', true)).toBe('2026-11-25T00:00:00.000Z');
  expect(iso('1764000000000')).toBe(new Date(1_764_000_000_000).toISOString());
});

test('what is not understood says so', () => {
  expect(iso('now-15q')).toContain('not understood');
  expect(iso('yesterdayish')).toContain('not understood');
  expect(iso('2026-13-45')).toContain('no date');
  expect(resolveRange({ from: 'now', to: 'now-1h' }, now, 'utc')).toMatchObject({ ok: false });
});

test('typed ranges', () => {
  expect(parseTypedRange('15m', now, 'utc')).toEqual({ ok: true, range: { from: 'now-15m', to: 'now' } });
  expect(parseTypedRange('last 2h', now, 'utc')).toEqual({ ok: true, range: { from: 'now-2h', to: 'now' } });
  expect(parseTypedRange('Yesterday', now, 'utc')).toMatchObject({ ok: true, range: { from: 'now-1d/d' } });
  expect(parseTypedRange('now-24h to now-12h', now, 'utc')).toMatchObject({ ok: true, range: { to: 'now-12h' } });
  expect(parseTypedRange('', now, 'utc')).toMatchObject({ ok: false });
});

test('descriptions', () => {
  expect(describeRange({ from: 'now-1h', to: 'now' }, now, 'utc')).toBe('Last 1 hour');
  expect(describeRange({ from: 'now-3d', to: 'now' }, now, 'utc')).toBe('Last 3 days');
  expect(describeRange({ from: '2026-11-24T10:00:00.000Z', to: '2026-11-24T12:00:00.000Z' }, now, 'utc')).toContain(
    '24 Nov 2026',
  );
});

test('zooming out doubles the span and does not go beyond now', () => {
  const out = zoomOut(now - 3_600_000, now, now);
  expect(Date.parse(out.to)).toBe(now);
  expect(Date.parse(out.to) - Date.parse(out.from)).toBe(7_200_000);
});

test('automatic refresh is no faster than a pixel', () => {
  expect(refreshIntervalMs('auto', 3_600_000)).toBe(7_000);
  expect(refreshIntervalMs('auto', 60_000)).toBe(5_000);
  expect(refreshIntervalMs('auto', 1e12)).toBe(300_000);
  expect(refreshIntervalMs('off', 1)).toBe(null);
  expect(refreshIntervalMs('1m', 1)).toBe(60_000);
});
