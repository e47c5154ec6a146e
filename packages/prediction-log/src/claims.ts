import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';

/**
 * Who may touch a writer's directory.
 *
 * Everybody who wants it puts a claim file there first and then looks at all the others. Whoever sees
 * a living claim beside its own takes its own back: of two that come at once at least one sees the other,
 * so two never both succeed (both may step back; the caller tries again).
 * A claim's name is never used twice, so removing the claim of a dead process cannot hit a living one:
 * this is why there is no single lock file that somebody would have to steal.
 */
export type ClaimKind = 'writer' | 'recovery';

interface ClaimFile extends ProcessIdentity {
  readonly kind: ClaimKind;
}

export interface Claim {
  release(): void;
}

export type ClaimResult =
  | { readonly ok: true; readonly claim: Claim }
  | { readonly ok: false; readonly holder: { readonly pid: number; readonly kind: ClaimKind } };

const SUFFIX = '.claim';

function readClaim(path: string): ClaimFile | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ClaimFile;
  } catch {
    return undefined;
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody else removed it: what we wanted.
  }
}

/** The living claim of somebody else, if there is one. Removes claims of the dead on the way. */
function findHolder(directory: string, ownName: string): ClaimFile | undefined {
  let holder: ClaimFile | undefined;
  for (const name of readdirSync(directory)) {
    if (!name.endsWith(SUFFIX) || name === ownName) {
      continue;
    }
    const path = join(directory, name);
    const claim = readClaim(path);
    if (claim !== undefined && isAlive(claim)) {
      // A writer outranks a recovery, which is over in a moment.
      holder = holder?.kind === 'writer' ? holder : claim;
    } else {
      removeIfThere(path);
    }
  }
  return holder;
}

/** True while a living process (this one included) holds the directory. */
export function isClaimed(directory: string): boolean {
  return findHolder(directory, '') !== undefined;
}

export function claimDirectory(directory: string, kind: ClaimKind): ClaimResult {
  const identity = ownIdentity();
  const name = `${kind}-${identity.pid}-${randomBytes(8).toString('hex')}${SUFFIX}`;
  const path = join(directory, name);
  // Renamed into place, so nobody ever reads half a claim and takes it for a dead one.
  const temporary = `${path}.new`;
  try {
    writeFileSync(temporary, JSON.stringify({ ...identity, kind } satisfies ClaimFile), { flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    // On a full disk the name is there already, and who tries again and again would leave one each time.
    removeIfThere(temporary);
    throw error;
  }
  const holder = findHolder(directory, name);
  if (holder !== undefined) {
    removeIfThere(path);
    return { ok: false, holder: { pid: holder.pid, kind: holder.kind } };
  }
  return { ok: true, claim: { release: () => removeIfThere(path) } };
}
