import { parseArgs } from 'node:util';
import { configSources } from '@switchyard/contracts';

export type Flags = Readonly<Record<string, string | undefined>>;

export type ArgumentsResult =
  | { readonly ok: true; readonly flags: Flags; readonly switches: ReadonlySet<string> }
  | { readonly ok: false; readonly problem: string };

/** Reads flags; `extra` are value flags and `switches` are flags without a value that one command adds. */
export function readArguments(
  args: readonly string[],
  extra: readonly string[] = [],
  switches: readonly string[] = [],
): ArgumentsResult {
  const names = [...Object.values(configSources).map((source) => source.flag), 'config', ...extra];
  const booleans = ['help', 'print-config', ...switches];
  try {
    const { values } = parseArgs({
      args: [...args],
      allowPositionals: false,
      strict: true,
      options: {
        ...Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
        ...Object.fromEntries(booleans.map((name) => [name, { type: 'boolean' as const }])),
      },
    });
    const flags: Record<string, string> = {};
    const given = new Set<string>();
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === 'string') flags[name] = value;
      else if (value === true) given.add(name);
    }
    return { ok: true, flags, switches: given };
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) };
  }
}
