/** The line, from 0, on which a dotted field of a JSON text begins; that of the nearest field above it when it is not there. */
export function lineOfField(text: string, field: string): number {
  const wanted = field === '' ? [] : field.split('.');
  let at = 0;
  let found = 0;
  let line = 0;
  const skip = () => {
    while (at < text.length && /\s/.test(text[at] ?? '')) {
      if (text[at] === '\n') line += 1;
      at += 1;
    }
  };
  const readString = (): string => {
    const start = at;
    at += 1;
    while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    at += 1;
    try {
      return JSON.parse(text.slice(start, at)) as string;
    } catch {
      return '';
    }
  };
  /** `depth`: how many of the wanted keys lead here; null: none of them does. */
  const readValue = (depth: number | null): void => {
    skip();
    const open = text[at];
    if (open === '"') {
      readString();
      return;
    }
    if (open !== '{' && open !== '[') {
      while (at < text.length && !/[,\]}\s]/.test(text[at] ?? '')) at += 1;
      return;
    }
    at += 1;
    for (let index = 0; at < text.length; index += 1) {
      skip();
      if (text[at] === '}' || text[at] === ']') {
        at += 1;
        return;
      }
      const keyLine = line;
      const key = open === '{' ? readString() : String(index);
      skip();
      if (open === '{' && text[at] === ':') at += 1;
      const isWanted = depth !== null && key === wanted[depth];
      if (isWanted) found = keyLine;
      readValue(isWanted ? depth + 1 : null);
      skip();
      if (text[at] === ',') at += 1;
      else if (text[at] !== '}' && text[at] !== ']') return;
    }
  };
  readValue(0);
  return found;
}
