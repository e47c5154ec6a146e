import type { FeaturePlan, ReceivedRow } from './feature-plan.ts';

const BEGINNINGS = ['{"instances":[{', '{"instances": [{'];
const MEMBER = 58;
const LIST_END = 93;
/** What names, numbers and plain texts consist of; no brackets, no line breaks, nothing escaped. */
const PLAIN = new Uint8Array(128);
for (const character of ' "+,-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz') {
  PLAIN[character.charCodeAt(0)] = 1;
}

/** Beyond this, a number has more digits than it can mean. */
export function longestFeatures({ features }: FeaturePlan): number {
  return features.reduce((sum, { name }) => sum + name.length + 32, 64);
}

/**
 * The only row of a request as the caller wrote it, where that is what the log would write: every feature once, in plain
 * characters, within `longest`. Writing numbers anew takes longer than all else that is done for a line.
 * @param text a body that was read and found to be right
 * @param row what was read from it
 */
export function sentFeatures(text: string, row: ReceivedRow, longest: number): string | undefined {
  const beginning = BEGINNINGS.find((one) => text.startsWith(one));
  if (beginning === undefined) return undefined;
  const start = beginning.length - 1;
  const end = text.indexOf('}', start) + 1;
  if (end - start > longest || text.charCodeAt(end) !== LIST_END) return undefined;
  let members = 0;
  for (let at = start + 1; at < end - 1; at += 1) {
    const code = text.charCodeAt(at);
    if (code === MEMBER) members += 1;
    else if (PLAIN[code] !== 1) return undefined;
  }
  // As many members as features, all of which were found: none is repeated, and there are no others.
  if (members !== row.length || row.includes(null)) return undefined;
  // Of two members of one name the last one counts.
  if (text.includes('"instances"', end) || text.includes('\\', end)) return undefined;
  return text.slice(start, end);
}
