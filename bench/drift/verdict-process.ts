// Measured alone in its process, so that its memory is its own: raw columns in memory, stored profile, verdict.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { assessDrift, createDriftWindow, decodeProfile } from '@switchyard/drift';
import { COLUMNS, ROWS } from './data.ts';

const folder = process.argv[2]!;
const columns = Array.from({ length: COLUMNS }, (_, k) => {
  const values = new Float64Array(ROWS);
  const file = openSync(join(folder, `current-${k}.f64`), 'r');
  readSync(file, values);
  closeSync(file);
  return values;
});
const before = process.cpuUsage();
const started = performance.now();
const decoded = decodeProfile(readFileSync(join(folder, 'profile.bin')));
if (!decoded.ok) throw new Error(decoded.needed);
const created = createDriftWindow(decoded.profile);
if (!created.ok) throw new Error(created.needed);
columns.forEach((values, k) => {
  created.window.addValues(`column${k}`, values);
});
const report = assessDrift(created.window);
const elapsedMs = performance.now() - started;
const { user, system } = process.cpuUsage(before);
if (!report.ok) throw new Error(report.needed);
console.log(
  JSON.stringify({
    elapsedMs,
    processorMs: (user + system) / 1000,
    peakMb: process.resourceUsage().maxRSS / 1024,
    drifted: report.driftedFeatures.length,
  }),
);
