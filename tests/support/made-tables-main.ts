// `npm run papers`: writes the tables of docs/ anew, after a change of a setting, a route, an error, a command and the like.
import { readFile, writeFile } from 'node:fs/promises';
import { MADE_TABLES, withBetween } from './made-tables.ts';

for (const { page, mark, make } of MADE_TABLES) {
  const path = `docs/${page}`;
  await writeFile(path, withBetween(await readFile(path, 'utf8'), mark, make()));
}
