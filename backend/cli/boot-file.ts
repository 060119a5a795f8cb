// The first lines of `hearth.mjs`, which carries the program behind them in a comment: so Node reads this part alone, and
// V8 need not look through a program of which it has the code.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { attempt, boot, codeCache } from './boot.ts';
import { unpack } from './carried.ts';

const file = fileURLToPath(import.meta.url);
// Its text is ASCII.
const program = unpack(readFileSync(file, 'latin1'));
const cache = codeCache(process.env['HEARTH_CODE_CACHE'] || `${file}.cache`, program.id);
boot({
  ...program,
  file,
  compiled: cache.read(),
  sourceMap: () => attempt(() => readFileSync(`${file}.map`, 'utf8')),
  keep: cache.write,
});
