import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { dataLayout } from '@switchyard/contracts';

/**
 * Makes the data directory, for its owner only: it holds features, labels and the internal token.
 * Throws the file system's error. One directory after the other: asked for all at once, Node 24 tries for ever where
 * the system says of a parent that is there that it is not, as below /proc.
 */
export function prepareDataDirectory(directory: string): void {
  const path = resolve(directory);
  if (existsSync(path)) {
    // Says what is wrong with something that is there and is no directory.
    if (!statSync(path).isDirectory()) mkdirSync(path);
    return;
  }
  prepareDataDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!existsSync(path)) throw error;
  }
}

/** The secret that gateway and control share; made at the first start. */
export function readOrCreateInternalToken(directory: string): string {
  const path = join(directory, dataLayout.internalToken);
  if (existsSync(path)) {
    const token = readFileSync(path, 'utf8').trim();
    if (token.length >= 32) return token;
  }
  const token = randomBytes(32).toString('hex');
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, token, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, path);
  return token;
}
