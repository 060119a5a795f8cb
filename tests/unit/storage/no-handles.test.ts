// A store that is open goes on where the process has no file handles left: nothing that it does opens another file.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const DIST = resolve(import.meta.dirname, '../../../dist/backend/storage');

/** Takes all handles, and then changes much within one step. Prints whether it is on the disk. */
const PROGRAM = `
import { openSync } from 'node:fs';
const { loadSqlite } = await import('${DIST}/sqlite.js');
const { Connection } = await import('${DIST}/rows.js');
const rows = new Connection(loadSqlite().sqlite, process.argv[1]);
rows.exec('PRAGMA journal_mode = WAL; CREATE TABLE words (word TEXT)');
rows.transaction('normal', () => {
  for (let i = 0; i < 300; i++) rows.run('INSERT INTO words VALUES (?)', 'x'.repeat(1500));
});
let taken = 0;
try {
  for (;; taken++) openSync('/dev/null', 'r');
} catch (error) {
  process.stdout.write(error.code + ' ');
}
rows.transaction('normal', () => rows.step(() => rows.run("UPDATE words SET word = word || 'y'")));
process.stdout.write(taken > 0 ? 'written' : 'nothing was taken');
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-handles-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

// Windows has no such limit.
test.skipIf(process.platform === 'win32')('much is changed in one step without another file', () => {
  const node = [process.execPath, '--input-type=module', '-e', PROGRAM, join(folder, 'hearth.db')];
  const { stdout, stderr } = spawnSync('sh', ['-c', 'ulimit -n 64; exec "$@"', '-', ...node], { encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({ stdout: 'EMFILE written', stderr: '' });
});
