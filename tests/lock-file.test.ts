import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface LockedPackage {
  readonly optional?: boolean;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type Packages = Readonly<Record<string, LockedPackage>>;

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  readonly packages: Packages;
};

/** As npm looks: in the `node_modules` of the asking package's folder, then of every folder above it. */
function isLocked(packages: Packages, asking: string, name: string): boolean {
  const folders = asking === '' ? [] : asking.split('/');
  for (let depth = folders.length; depth >= 0; depth -= 1) {
    if (packages[[...folders.slice(0, depth), 'node_modules', name].join('/')] !== undefined) return true;
  }
  return false;
}

function notLocked(packages: Packages): string[] {
  return Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !isLocked(packages, path, name))
      .map((name) => `${path || 'the root'} wants ${name}`),
  );
}

// npm drops the packages of other platforms when it rewrites the lock file beside an installed node_modules, and then
// `npm ci` refuses it in every clone. `rm -rf node_modules && npm install --package-lock-only` brings them back.
it('locks every dependency, those of other platforms too, so that a fresh clone installs', () => {
  expect(notLocked(lock.packages)).toEqual([]);
});

it('notices a dependency that is not locked', () => {
  expect(notLocked({ '': { optionalDependencies: { 'for-another-platform': '1.0.0' } } })).toEqual([
    'the root wants for-another-platform',
  ]);
});

it('names no registry, so that every user installs from their own', () => {
  const addresses = Object.values(lock.packages).flatMap(({ resolved, link }) =>
    resolved === undefined || link === true ? [] : [resolved],
  );
  expect(addresses).toEqual([]);
});
