// Appends numbered lines as fast as it can and tells its parent, after each write, what was acknowledged.
import { openPredictionLog } from '../src/index.ts';

const [directory = '', writer = '', first = '0'] = process.argv.slice(2);
const log = openPredictionLog({
  directory,
  writer,
  fsync: 'every-second',
  segmentMaximumBytes: 20_000,
  segmentMaximumAgeMs: 50,
  maximumUnshippedBytes: 1_000_000_000,
});
let next = Number(first);
function writeSome(): void {
  const lines = Array.from({ length: 1 + (next % 7) }, () =>
    JSON.stringify({ n: next++, filler: 'x'.repeat(next % 300) }),
  );
  log.write(lines);
  process.send?.(next);
  setImmediate(writeSome);
}
writeSome();
