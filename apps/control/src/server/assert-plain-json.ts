import { SwitchyardError } from '@switchyard/contracts';

const MAXIMUM_DEPTH = 100;

/**
 * Refuses what the stores cannot keep and what would exhaust the stack of whoever walks it later:
 * null characters and half surrogate pairs in any text, and nesting deeper than any real document.
 * Walks without recursion itself.
 */
export function assertPlainJson(input: unknown, what: string): void {
  const toVisit: { value: unknown; path: readonly string[] }[] = [{ value: input, path: [] }];
  for (let next = toVisit.pop(); next !== undefined; next = toVisit.pop()) {
    const { value, path } = next;
    if (typeof value === 'string') assertText(value, path, what);
    if (typeof value !== 'object' || value === null) continue;
    if (path.length >= MAXIMUM_DEPTH) throw problem(what, path.slice(0, 10), 'is nested too deeply');
    for (const [key, child] of Object.entries(value)) {
      assertText(key, path, what);
      // Numbers and booleans need no visit: most of a large body is made of them.
      if (typeof child === 'string' || (typeof child === 'object' && child !== null)) {
        toVisit.push({ value: child, path: [...path, key] });
      }
    }
  }
}

function assertText(text: string, path: readonly string[], what: string): void {
  if (text.includes('\0')) throw problem(what, path, 'holds a null character');
  if (!text.isWellFormed()) throw problem(what, path, 'holds half of a surrogate pair');
}

function problem(what: string, path: readonly string[], detail: string): SwitchyardError {
  const field = path.join('.');
  return new SwitchyardError('invalid_request', `${what}: ${field === '' ? '' : `${field}: `}${detail}`, {
    problems: [{ field, detail }],
  });
}
