// The entry point of `hearth.mjs`, which carries the program behind it in a comment: Node parses only this part, and V8
// need not parse a program whose compiled code it has.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { attempt, boot, codeCache } from './boot.ts';
import { unpack } from './carried.ts';

const file = fileURLToPath(import.meta.url);
// The file is ASCII.
const program = unpack(readFileSync(file, 'latin1'));
const cache = codeCache(process.env['HEARTH_CODE_CACHE'] || `${file}.cache`, program.id);
boot({
  ...program,
  file,
  compiled: cache.read(),
  sourceMap: () => attempt(() => readFileSync(`${file}.map`, 'utf8')),
  keep: cache.write,
});
