import { isWhole, type Refusal, refuse } from '../refusal.ts';
import type { FeatureReference, ReferenceProfile } from './reference-profile.ts';

const sound = new WeakSet<ReferenceProfile>();

/**
 * Refuses what is no profile as `buildReferenceProfile` makes it: one that went through JSON, for instance, where lists
 * of numbers become objects without a length and every count would go to a cell that is not there.
 */
export function checkProfile(profile: ReferenceProfile): Refusal | undefined {
  if (sound.has(profile)) return undefined;
  const needed = 'a profile from buildReferenceProfile or decodeProfile';
  if (!Array.isArray(profile?.features) || profile.version !== 1) {
    return refuse('invalid-input', needed, String(profile));
  }
  const names = new Set<unknown>();
  for (const feature of profile.features) {
    const name: unknown = feature?.name;
    if (typeof name !== 'string' || names.has(name) || !isReference(feature.reference)) {
      return refuse('invalid-input', needed, `one whose feature ${String(name)} is not as it was built`);
    }
    names.add(name);
  }
  sound.add(profile);
  return undefined;
}

function isReference(reference: FeatureReference | undefined): boolean {
  if (!(reference?.counts instanceof Float64Array) || !isWhole(reference.missing, 0)) return false;
  const { counts } = reference;
  if (!counts.every((count) => isWhole(count, 0))) return false;
  if (reference.kind === 'categorical') {
    const { categories, isSplit } = reference;
    return (
      Array.isArray(categories) &&
      categories.length + 1 === counts.length &&
      categories.every((category) => typeof category === 'string') &&
      typeof isSplit === 'boolean'
    );
  }
  const { kind, edges, representatives, mean, standardDeviation } = reference;
  return (
    kind === 'numeric' &&
    edges instanceof Float64Array &&
    representatives instanceof Float64Array &&
    edges.length + 1 === counts.length &&
    representatives.length === counts.length &&
    edges.every((edge, cell) => Number.isFinite(edge) && (cell === 0 || edge > edges[cell - 1]!)) &&
    representatives.every(Number.isFinite) &&
    Number.isFinite(mean) &&
    standardDeviation >= 0 &&
    Number.isFinite(standardDeviation)
  );
}
