import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readArguments } from '../src/arguments.ts';
import { isLoopback, loadConfig } from '../src/config.ts';

const directory = mkdtempSync(join(tmpdir(), 'switchyard-config-'));
const load = (flags: Record<string, string>, environment: Record<string, string> = {}) =>
  loadConfig({ flags, environment, workingDirectory: directory });

function fileWith(content: string): string {
  const path = join(directory, `${Math.random().toString(36).slice(2)}.json`);
  writeFileSync(path, content);
  return path;
}

describe('loadConfig', () => {
  it('takes flags over environment over file over defaults', () => {
    const config = fileWith(JSON.stringify({ port: 1001, gatewayPort: 1002, workers: 3, log: { fsync: 'off' } }));
    const result = load({ config, port: '3001' }, { SWITCHYARD_PORT: '2001', SWITCHYARD_GATEWAY_PORT: '2002' });
    expect(result).toMatchObject({
      ok: true,
      config: {
        port: 3001,
        gatewayPort: 2002,
        workers: 3,
        log: { fsync: 'off', segmentMaximumAgeMs: 1_000 },
        host: '127.0.0.1',
      },
    });
  });

  it('makes the data directory absolute from where the user stands', () => {
    expect(load({ 'data-dir': 'here' })).toMatchObject({ ok: true, config: { dataDir: join(directory, 'here') } });
  });

  it('reports all problems together, each with its source', () => {
    const config = fileWith(JSON.stringify({ workers: 0, colour: 'red' }));
    const result = load({ config, port: 'eighty' }, { SWITCHYARD_LOG_FSYNC: 'sometimes' });
    expect(result.ok).toBe(false);
    const problems = result.ok ? [] : result.problems.join('\n');
    for (const part of ['--port', 'SWITCHYARD_LOG_FSYNC', 'workers', 'colour']) expect(problems).toContain(part);
  });

  it.each([
    ['a file that is not there', { config: 'nowhere.json' }, 'nowhere.json'],
    ['an address beyond loopback', { host: '0.0.0.0' }, 'beyond loopback'],
    ['one port for both planes', { port: '7070', 'gateway-port': '7070' }, 'cannot share port'],
    ['a port for gRPC that is taken', { 'grpc-port': '7071' }, '--grpc-port: gRPC needs a port of its own'],
  ])('refuses %s', (_what, flags, message) => {
    const result = load(flags as Record<string, string>);
    expect(result.ok ? '' : result.problems.join('\n')).toContain(message);
  });

  it('takes an address of a cache, and repeats none that is wrong: it may hold a password', () => {
    const cacheUrl = 'rediss://reader:secret@cache.example:6380/2';
    expect(load({ 'cache-url': cacheUrl })).toMatchObject({ ok: true, config: { cacheUrl } });
    for (const wrong of [
      'http://reader:secret@cache',
      'redis://reader:secret@:x',
      'reader:secret@cache',
      'redis:secret',
    ]) {
      const result = load({}, { SWITCHYARD_CACHE_URL: wrong });
      const problems = result.ok ? '' : result.problems.join('\n');
      expect(problems).toContain('SWITCHYARD_CACHE_URL: a redis:// or rediss:// address is needed');
      expect(problems).not.toContain('secret');
    }
  });

  it.each([
    ['SWITCHYARD_METADATA_URL', 'a postgres:// address', ['mysql://reader:secret@host/db', 'reader:secret@host']],
    [
      'CLICKHOUSE_URL',
      'an http:// or https:// address',
      ['clickhouse:reader:secret@host', 'http://reader:secret#x@host:1'],
    ],
  ])('repeats no address in %s that is wrong', (variable, needed, addresses) => {
    for (const wrong of addresses) {
      const result = load({}, { [variable]: wrong });
      const problems = result.ok ? '' : result.problems.join('\n');
      expect(problems).toContain(`${variable}: ${needed} is needed`);
      expect(problems).not.toContain('secret');
    }
    for (const right of ['postgres://reader:secret@host:5432/db', 'postgresql:///db?host=/var/run/postgresql'])
      expect(load({ 'metadata-url': right })).toMatchObject({ ok: true, config: { metadataUrl: right } });
    const clickhouseUrl = 'https://reader:secret@host:8443/db';
    expect(load({ 'clickhouse-url': clickhouseUrl })).toMatchObject({ ok: true, config: { clickhouseUrl } });
  });

  it('refuses a file that is no JSON object', () => {
    for (const content of ['{', '[]', '"text"', 'null']) expect(load({ config: fileWith(content) }).ok).toBe(false);
  });

  it('knows loopback addresses', () => {
    for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) expect(isLoopback(host), host).toBe(true);
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.org', '127.evil.example'])
      expect(isLoopback(host), host).toBe(false);
  });
});

describe('readArguments', () => {
  it('reads known flags and refuses others', () => {
    expect(readArguments(['--port', '1', '--data-dir=x'])).toMatchObject({
      ok: true,
      flags: { port: '1', 'data-dir': 'x' },
    });
    expect(readArguments(['--rate', '5'], ['rate'])).toMatchObject({ ok: true, flags: { rate: '5' } });
    expect(readArguments(['--rate', '5']).ok).toBe(false);
    expect(readArguments(['--prot', '1']).ok).toBe(false);
    expect(readArguments(['stray']).ok).toBe(false);
  });
});
