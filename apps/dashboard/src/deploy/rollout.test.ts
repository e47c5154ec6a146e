import type { EndpointRehearsal, PlatformStatus } from '@switchyard/contracts';
import { expect, test } from 'vitest';
import { describeClientCheck, describeRehearsal, isRefused, isUnsettled, rolloutOf } from './rollout.ts';

const rehearsal: EndpointRehearsal = {
  endpoint: 'fraud',
  revision: 5,
  rows: 32,
  refused: 0,
  reasons: [],
  compared: 31,
  meanAbsoluteDifference: 0.0123,
  maximumAbsoluteDifference: 0.31,
  changedLabelShare: 2 / 31,
};
const gateway = (patch: object) => ({
  id: 'g',
  reachable: true,
  snapshot: { hash: 'new', version: 5 },
  snapshotError: null,
  rehearsal: { snapshot: 'new', at: '', endpoints: [rehearsal] },
  ...patch,
});
const status = (...gateways: object[]) =>
  ({ snapshot: { hash: 'new', version: 5 }, gateways }) as unknown as PlatformStatus;
const live = { endpoint: 'fraud', revision: 5 };

test('each gateway serves what is newest, is on the way, keeps what it has, or is away', () => {
  const rollout = rolloutOf(
    status(
      gateway({}),
      gateway({ snapshot: { hash: 'old', version: 4 } }),
      gateway({ snapshot: { hash: 'old', version: 4 }, snapshotError: 'cannot answer 3 of 32 recent requests' }),
      gateway({ snapshot: null, reachable: false, snapshotError: 'was so before it went' }),
    ),
    live,
  );
  expect(rollout.map(({ state, reason }) => [state, reason])).toEqual([
    ['serving', null],
    ['taking-over', null],
    ['held', 'cannot answer 3 of 32 recent requests'],
    ['away', null],
  ]);
  expect(isUnsettled(rollout)).toBe(true);
  expect(isUnsettled(rollout.filter(({ state }) => state !== 'taking-over'))).toBe(false);
});

test('a gateway that keeps what it has refuses the revision only when that is what failed', () => {
  const held = { snapshot: { hash: 'old', version: 4 }, snapshotError: "endpoint 'other' revision 2 cannot answer" };
  const refused = { snapshot: 'new', at: '', endpoints: [{ ...rehearsal, refused: 3 }] };
  const [other, own] = rolloutOf(status(gateway(held), gateway({ ...held, rehearsal: refused })), live);
  expect([other, own].map((one) => one !== undefined && isRefused(one))).toEqual([false, true]);
});

test('a rehearsal belongs to one revision of one endpoint', () => {
  expect(rolloutOf(status(gateway({})), live)[0]?.rehearsal).toBe(rehearsal);
  expect(rolloutOf(status(gateway({})), { endpoint: 'fraud', revision: 4 })[0]?.rehearsal).toBe(null);
  expect(rolloutOf(status(gateway({})), { endpoint: 'other', revision: 5 })[0]?.rehearsal).toBe(null);
  expect(rolloutOf(status(gateway({ rehearsal: null })), live)[0]?.rehearsal).toBe(null);
});

test('a rehearsal is told with its numbers, and with what could not be compared', () => {
  expect(describeRehearsal(rehearsal)).toBe(
    '32 recent requests tried, none refused; 31 compared: the label differs for 2 (6.5 %), scores or values differ by 0.0123 on average, 0.31 at most',
  );
  expect(
    describeRehearsal({
      ...rehearsal,
      rows: 1,
      compared: 1,
      changedLabelShare: 0,
      meanAbsoluteDifference: 0,
      maximumAbsoluteDifference: 0,
    }),
  ).toBe('1 recent request tried, none refused; 1 compared: no label differs, no score or value differs');
  expect(
    describeRehearsal({
      ...rehearsal,
      refused: 32,
      compared: 0,
      changedLabelShare: null,
      meanAbsoluteDifference: null,
      maximumAbsoluteDifference: null,
    }),
  ).toBe('32 recent requests tried, 32 refused; none could be compared');
});

test('where no request was answered there was nothing to try', () => {
  expect(describeRehearsal({ ...rehearsal, rows: 0, compared: 0 })).toBe(
    'no recent request that was answered could be tried',
  );
  expect(describeClientCheck({ requests: 0, refused: 0, skipped: null, forced: false })).toBe(
    'No recent request that was answered could be tried.',
  );
});

test('what control found is told, or why it could not look', () => {
  const check = { requests: 187, refused: 0, skipped: null, forced: false };
  expect(describeClientCheck(null)).toContain('nobody had asked');
  expect(describeClientCheck(check)).toBe('187 recent requests tried, all would be accepted.');
  expect(describeClientCheck({ ...check, refused: 120, forced: true })).toBe(
    '120 of 187 recent requests would be refused. Published by force.',
  );
  expect(describeClientCheck({ ...check, requests: 0, skipped: 'the analytics store does not answer' })).toBe(
    'Not tried on recent requests: the analytics store does not answer.',
  );
});
