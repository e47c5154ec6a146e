// Writes the pages of docs/ that are read off the contracts.
import { writeFileSync } from 'node:fs';
import { configurationPage, errorsPage } from '@switchyard/contracts/reference-pages';

for (const [name, text] of [
  ['errors', errorsPage()],
  ['configuration', configurationPage()],
] as const) {
  writeFileSync(new URL(`../docs/${name}.md`, import.meta.url), text);
}
