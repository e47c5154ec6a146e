import { z } from 'zod';
import { configSchema, configSources } from './config.ts';
import { errorRegistry } from './errors.ts';

const GENERATED = '<!-- Generated from packages/contracts by `node scripts/generate-docs.ts`; a test compares it. -->';

/** `docs/errors.md` */
export function errorsPage(): string {
  const rows = Object.entries(errorRegistry)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { status, title, retryable }]) => `| \`${code}\` | ${status} | ${title} | ${retryable ? 'yes' : 'no'} |`,
    );
  return `${[
    '# Errors',
    '',
    GENERATED,
    '',
    'Control and gateway answer failures with `application/problem+json` (RFC 9457): `type`, `title`, `status`, `code`, `detail`,',
    '`requestId` and, where a body is wrong, `errors` with the `field` or the row (`index`). Programs should look at `code` alone:',
    'codes are never renamed or given another meaning. Paths below `/v2` answer `{"error": "…"}`, as the Open Inference Protocol says.',
    '`retry-after` is sent where waiting helps. Failures that are not in this table are `internal_error`; the log has them under the request id.',
    '',
    '| code | status | meaning | the same request may succeed later |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n')}\n`;
}

interface Property {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Property>>;
}

/** `docs/configuration.md` */
export function configurationPage(): string {
  const { $defs } = z.toJSONSchema(configSchema, { io: 'input' }) as { $defs?: Record<string, Property> };
  const schema = $defs?.Config ?? {};
  const defaults = configSchema.parse({}) as Record<string, unknown>;
  const rows = Object.entries(configSources).map(([key, { variable, flag }]) => {
    const property = propertyAt(schema, key);
    const value = valueAt(defaults, key);
    const meaning = [
      property?.description,
      property?.enum?.map((each) => `\`${String(each)}\``).join(' or '),
      range(property),
    ]
      .filter((part) => part)
      .join('; ');
    return `| \`${key}\` | \`--${flag}\` | \`${variable}\` | ${value === undefined ? '' : `\`${String(value)}\``} | ${meaning} |`;
  });
  return `${[
    '# Configuration',
    '',
    GENERATED,
    '',
    'Each setting has a default and can be given in a JSON file (`--config FILE`), by an environment variable, or by a flag; what comes later in this',
    'sentence wins. A dot in a key is nesting in the file: `log.fsync` is `{"log": {"fsync": "always"}}`. Sizes are in bytes, durations in milliseconds,',
    'as the names say. Unknown keys and values out of range are refused at the start, all of them at once.',
    '',
    '| key | flag | variable | default | meaning |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n')}\n`;
}

function propertyAt(schema: Property, key: string): Property | undefined {
  return key.split('.').reduce<Property | undefined>((at, name) => at?.properties?.[name], schema);
}

function valueAt(value: unknown, key: string): unknown {
  return key.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], value);
}

function range(property: Property | undefined): string {
  const { minimum, maximum } = property ?? {};
  const bounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (minimum === undefined || minimum < 0) return '';
  return bounded ? `${minimum} to ${maximum}` : `at least ${minimum}`;
}
