import { configSources } from '@switchyard/contracts';

const flags = Object.values(configSources)
  .map((source) => `  --${source.flag.padEnd(34)} ${source.variable}`)
  .join('\n');

export const HELP = `Usage: switchyard <command> [options]

  start    start control and gateway in one data directory
  demo     the same, with an example: models and a replay of real data
  dev      the demo with a live-reloading dashboard, restarting on changes
  doctor   check what a start needs and say what is wrong

Options, each with its environment variable (defaults < --config FILE < environment < option):
  --${'config FILE'.padEnd(34)} SWITCHYARD_CONFIG (JSON)
${flags}
  --${'print-config'.padEnd(34)} print what would be used, and end
  --${'example NAME'.padEnd(34)} demo and dev: fraud (default) or e-commerce
  --${'rate N'.padEnd(34)} demo and dev: predictions per second (20)

Every option is described in docs/configuration.md.
`;
