import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { configSchema, configSources } from './config.ts';
import { errorRegistry } from './errors.ts';
import { configurationPage, errorsPage } from './reference-pages.ts';

const read = (name: string) => readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8');

describe('pages read off the contracts', () => {
  it('are up to date: run `node scripts/generate-docs.ts`', () => {
    expect(read('errors')).toBe(errorsPage());
    expect(read('configuration')).toBe(configurationPage());
  });

  it('have every code and every setting', () => {
    for (const code of Object.keys(errorRegistry)) expect(errorsPage()).toContain(`| \`${code}\` |`);
    const keys = (value: object, prefix = ''): string[] =>
      Object.entries(value).flatMap(([key, child]) =>
        typeof child === 'object' && child !== null ? keys(child, `${prefix}${key}.`) : [`${prefix}${key}`],
      );
    const optional = ['metadataUrl', 'clickhouseUrl', 'cacheUrl'];
    expect([...keys(configSchema.parse({})), ...optional].sort()).toEqual(Object.keys(configSources).sort());
  });

  it('name each flag and each variable once', () => {
    const sources = Object.values(configSources);
    expect(new Set(sources.map((source) => source.flag)).size).toBe(sources.length);
    expect(new Set(sources.map((source) => source.variable)).size).toBe(sources.length);
  });
});
