import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '@switchyard/contracts';
import { type Flags, readArguments } from './arguments.ts';
import { demo } from './commands/demo.ts';
import { dev } from './commands/dev.ts';
import { doctor } from './commands/doctor.ts';
import { start } from './commands/start.ts';
import { loadConfig } from './config.ts';
import { EXAMPLES, type Example, isExample } from './examples.ts';
import { HELP } from './help.ts';

const EXTRA_FLAGS: Readonly<Record<string, readonly string[]>> = {
  start: [],
  demo: ['example', 'rate'],
  dev: ['example', 'rate'],
  doctor: [],
};

const [command = 'help', ...args] = process.argv.slice(2);
process.title = 'switchyard: supervisor';
process.exit(await run(command, args));

async function run(name: string, parameters: readonly string[]): Promise<number> {
  const extra = EXTRA_FLAGS[name];
  if (extra === undefined) {
    process.stderr.write(HELP);
    return name === 'help' || name === '--help' ? 0 : 2;
  }
  const read = readArguments(parameters, extra);
  if (!read.ok) return refuse([read.problem]);
  if (read.switches.has('help')) {
    process.stdout.write(HELP);
    return 0;
  }
  const loaded = loadConfig({
    flags: withDefaults(name, read.flags),
    environment: process.env,
    workingDirectory: process.env.INIT_CWD ?? process.cwd(),
  });
  if (!loaded.ok) return refuse(loaded.problems);
  if (read.switches.has('print-config')) {
    process.stdout.write(`${JSON.stringify(loaded.config, null, 2)}\n`);
    return 0;
  }
  const rate = Number(read.flags.rate ?? '20');
  if (!Number.isFinite(rate) || rate <= 0 || rate > 10_000)
    return refuse(['--rate: predictions per second, above 0 and up to 10000']);
  const example = read.flags.example ?? 'fraud';
  if (!isExample(example)) return refuse([`--example: one of ${Object.keys(EXAMPLES).join(', ')}`]);
  return dispatch(name, loaded.config, example, rate);
}

function dispatch(name: string, config: Config, example: Example, rate: number): Promise<number> {
  if (name === 'demo') return demo(config, example, rate);
  if (name === 'dev') return dev(config, example, rate);
  if (name === 'doctor') return doctor(config);
  return start(config);
}

/** The demo keeps its data apart, so that trying it out never touches what `start` keeps. */
function withDefaults(name: string, flags: Flags): Flags {
  if ((name !== 'demo' && name !== 'dev') || flags['data-dir'] !== undefined || process.env.SWITCHYARD_DATA_DIR)
    return flags;
  const repository = fileURLToPath(new URL('../../../', import.meta.url));
  return { ...flags, 'data-dir': join(repository, '.switchyard', name) };
}

function refuse(problems: readonly string[]): number {
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.stderr.write('Nothing was started. See `switchyard --help`.\n');
  return 2;
}
