import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * What should hold before every commit: types, lint, unused code, fast tests (the architecture test is one of them).
 * `--static` leaves the tests to whoever runs all of them anyway.
 */
const root = fileURLToPath(new URL('../', import.meta.url));
const steps: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['types', 'tsc', '-p', 'tsconfig.json'],
  ['types of the dashboard', 'tsc', '-p', 'tsconfig.dashboard.json'],
  ['lint and format', 'biome', 'check', '--error-on-warnings', '.'],
  ['unused code and dependencies', 'knip'],
  ['fast tests', 'vitest', 'run', '--project', 'fast', '--reporter=dot'],
];

const isStatic = process.argv.includes('--static');
let failed = 0;
for (const [name, command, ...args] of steps) {
  if (isStatic && command === 'vitest') continue;
  const startedAt = performance.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'}  ${name} (${seconds} s)`);
  if (status !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
