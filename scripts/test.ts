import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServices } from './services.ts';

/**
 * Runs every lane one after the other and ends with the plain line `N passed, N failed`.
 * `--lane fast,services,simulation` picks lanes; `--require-all` fails when something was left out; other arguments go to vitest.
 */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const root = fileURLToPath(new URL('../', import.meta.url));
const { lanes, requireAll, rest } = readArguments(process.argv.slice(2));

const services = await startServices();
for (const line of services.available) console.log(`tests run with ${line}`);
for (const line of services.leftOut) console.log(`LEFT OUT: ${line}`);

const folder = mkdtempSync(join(tmpdir(), 'switchyard-test-'));
let passed = 0;
let failed = 0;
const skipped: string[] = [];
try {
  for (const lane of lanes) {
    console.log(`\n=== ${lane} ===`);
    const report = join(folder, `${lane}.json`);
    const code = await vitest(lane, report);
    if (!existsSync(report)) {
      failed += 1;
      continue;
    }
    const result = JSON.parse(readFileSync(report, 'utf8')) as Report;
    passed += result.numPassedTests;
    // A file that does not load fails without a failed test; it counts all the same.
    failed +=
      result.numFailedTests === 0 && code !== 0 ? Math.max(1, result.numFailedTestSuites) : result.numFailedTests;
    for (const file of result.testResults) {
      for (const test of file.assertionResults) {
        if (test.status !== 'passed' && test.status !== 'failed')
          skipped.push(`${file.name.replace(root, '')}: ${test.fullName}`);
      }
    }
  }
} finally {
  await services.stop();
  rmSync(folder, { recursive: true, force: true });
}

for (const line of services.leftOut) console.log(`LEFT OUT: ${line}`);
for (const line of skipped) console.log(`SKIPPED: ${line}`);
const incomplete = requireAll && (services.leftOut.length > 0 || skipped.length > 0);
if (incomplete) {
  console.log('Something was left out, and --require-all was given.');
  failed += 1;
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

function vitest(lane: string, report: string): Promise<number> {
  const parameters = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', lane, '--passWithNoTests'];
  parameters.push('--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...rest);
  return new Promise((resolve) => {
    const child = spawn(process.execPath, parameters, {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, ...services.environment },
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

function readArguments(args: readonly string[]): { lanes: string[]; requireAll: boolean; rest: string[] } {
  let lanes = ['fast', 'services', 'simulation'];
  let requireAll = false;
  const rest: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index];
    if (argument === '--require-all') requireAll = true;
    else if (argument === '--lane') {
      index += 1;
      lanes = (args[index] ?? '').split(',').filter((lane) => lane !== '');
    } else if (argument !== undefined) rest.push(argument);
  }
  return { lanes, requireAll, rest };
}
