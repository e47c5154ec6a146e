// Entry of every npm script. Plain JavaScript, because it runs on whatever Node the machine has (20.19 or newer):
// it installs what is missing, builds the dashboard when its sources are newer than the build,
// and hands over to the Node 24 that came with the dependencies.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [task = 'help', ...args] = process.argv.slice(2);

const cli = ['apps/cli/src/main.ts'];
const tasks = {
  start: { dashboard: true, command: [...cli, 'start'] },
  demo: { dashboard: true, command: [...cli, 'demo'] },
  dev: { dashboard: false, command: [...cli, 'dev'] },
  doctor: { dashboard: false, command: [...cli, 'doctor'] },
  test: { dashboard: true, command: ['scripts/test.ts'] },
  check: { dashboard: false, command: ['scripts/check.ts'] },
  bench: { dashboard: false, command: ['bench/main.ts'] },
};

if (!Object.hasOwn(tasks, task)) {
  console.error(`usage: node scripts/run.mjs ${Object.keys(tasks).join('|')} [options]`);
  process.exit(2);
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Switchyard needs Node 20.19 or newer to install itself; this is ${process.versions.node}.`);
  process.exit(2);
}

await installWhenNeeded();
const node = bundledNode();
if (tasks[task].dashboard) await buildDashboardWhenNeeded();
process.exit(await run(node, [...tasks[task].command, ...args], { forwardSignals: true }));

async function installWhenNeeded() {
  if (isInstalled()) return;
  console.error('Installing dependencies (about 1.5 GB unpacked, once) …');
  const npm = process.env.npm_execpath;
  const install = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const code = npm?.endsWith('.js')
    ? await run(process.execPath, [npm, ...install])
    : await run(process.platform === 'win32' ? 'npm.cmd' : 'npm', install);
  if (code !== 0) {
    console.error('Installing failed; nothing was started. The lines above say why.');
    process.exit(code);
  }
}

/** Whether what npm last installed is what the lock file asks for; platform packages of other machines may be missing. */
function isInstalled() {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (installed === undefined) return false;
  const wanted = readPackages(join(root, 'package-lock.json')) ?? {};
  return Object.entries(wanted).every(
    ([path, { version, link, optional }]) =>
      !path.startsWith('node_modules/') ||
      (installed[path] === undefined ? optional === true : link === true || installed[path].version === version),
  );
}

function readPackages(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined;
}

function bundledNode() {
  const { platform, arch } = process;
  const prefix = platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node';
  const path = join(root, 'node_modules', `${prefix}-${platform}-${arch}`, 'bin', 'node');
  if (existsSync(path)) return path;
  if (major >= 24) return process.execPath;
  console.error(`No Node 24 package exists for ${platform}-${arch}: run this with Node 24 or newer.`);
  process.exit(2);
}

async function buildDashboardWhenNeeded() {
  const sources = ['apps/dashboard', 'packages/charts', 'packages/client', 'packages/contracts'].map((path) =>
    join(root, path),
  );
  const marker = join(root, 'apps/dashboard/dist/.built');
  const built = existsSync(marker) ? statSync(marker).mtimeMs : 0;
  if (built > Math.max(...sources.map(newestChange))) return;
  console.error('Building the dashboard …');
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  const code = await run(node, [vite, 'build', '--logLevel', 'warn'], { cwd: join(root, 'apps/dashboard') });
  if (code !== 0) process.exit(code);
  mkdirSync(dirname(marker), { recursive: true });
  writeFileSync(marker, '');
}

function newestChange(folder) {
  if (!existsSync(folder)) return 0;
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name === 'test') continue;
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestChange(path) : statSync(path).mtimeMs);
  }
  return newest;
}

/** Runs to its end and gives the exit code; signals meant for us reach the child. */
function run(command, parameters, { cwd = root, forwardSignals = false } = {}) {
  return new Promise((resolve) => {
    const path = `${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`;
    const child = spawn(command, parameters, { cwd, stdio: 'inherit', env: { ...process.env, PATH: path } });
    // Ctrl-C reaches the whole process group; staying alive here lets the child end in order.
    for (const signal of forwardSignals ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : []) {
      process.on(signal, () => {
        if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
      });
    }
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(127);
    });
    child.on('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}
