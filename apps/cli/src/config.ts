import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { type Config, configSchema, configSources } from '@switchyard/contracts';

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly string[] };

export interface ConfigInput {
  /** Flag name without dashes → value. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Directory that a relative data directory is relative to. */
  readonly workingDirectory: string;
}

type Tree = { [key: string]: unknown };

/**
 * Settings from, later wins: defaults, `--config FILE` (JSON), environment, flags.
 * All problems are reported together, each with the source it came from.
 */
export function loadConfig({ flags, environment, workingDirectory }: ConfigInput): ConfigResult {
  const problems: string[] = [];
  const merged: Tree = {};
  const origins = new Map<string, string>();
  const file = flags.config ?? environment.SWITCHYARD_CONFIG;
  if (file !== undefined) {
    try {
      const content: unknown = JSON.parse(readFileSync(resolve(workingDirectory, file), 'utf8'));
      if (typeof content !== 'object' || content === null || Array.isArray(content))
        throw new Error('it is not an object');
      Object.assign(merged, content);
    } catch (error) {
      problems.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  for (const [key, source] of Object.entries(configSources)) {
    const fromEnvironment = environment[source.variable];
    const fromFlag = flags[source.flag];
    const value = fromFlag ?? (fromEnvironment === '' ? undefined : fromEnvironment);
    if (value === undefined) continue;
    setAt(merged, key, value);
    origins.set(key, fromFlag === undefined ? source.variable : `--${source.flag}`);
  }
  const parsed = configSchema.safeParse(merged);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const key = issue.path.join('.');
      problems.push(`${origins.get(key) ?? (file === undefined ? key : `${file}: ${key}`)}: ${issue.message}`);
    }
  }
  if (!parsed.success || problems.length > 0) return { ok: false, problems };
  const config = { ...parsed.data, dataDir: resolve(workingDirectory, parsed.data.dataDir) };
  if (!isLoopback(config.host)) {
    problems.push(
      `${origins.get('host') ?? 'host'}: ${config.host} is beyond loopback, which needs authentication, and that is not set up`,
    );
  }
  if (config.port !== 0 && config.port === config.gatewayPort) {
    problems.push(
      `${origins.get('gatewayPort') ?? 'gatewayPort'}: control and gateway cannot share port ${config.port}`,
    );
  }
  if (config.grpcPort !== 0 && (config.grpcPort === config.port || config.grpcPort === config.gatewayPort)) {
    problems.push(`${origins.get('grpcPort') ?? 'grpcPort'}: gRPC needs a port of its own, not ${config.grpcPort}`);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config };
}

/** Addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const family = isIP(host);
  return family === 4 ? host.startsWith('127.') : family === 6 && (host === '::1' || host === '0:0:0:0:0:0:0:1');
}

function setAt(tree: Tree, dottedKey: string, value: unknown): void {
  const keys = dottedKey.split('.');
  const last = keys.pop();
  if (last === undefined) return;
  let at = tree;
  for (const key of keys) {
    const next = at[key];
    const child: Tree = typeof next === 'object' && next !== null ? { ...(next as Tree) } : {};
    at[key] = child;
    at = child;
  }
  at[last] = value;
}
