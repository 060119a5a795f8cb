// The steps that bring a file of an older Hearth to the tables of this one.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SUMS } from '../../../backend/core/telemetry/step-figures.ts';
import { create, migrate, SCHEMA } from '../../../backend/storage/schema.ts';
import { Connection, IN_MEMORY } from '../../../backend/storage/rows.ts';
import { loadSqlite } from '../../../backend/storage/sqlite.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'hearth-schema-'))));
afterEach(() => rmSync(folder, { recursive: true }));

// Who changes one has files moved aside that are whole: what is new is a step of its own.
test('a step that files have taken already is as it was', () => {
  const steps = SCHEMA.migrations.map((step) => step.replace(/\s+/g, ' ').trim());
  const hashes = steps.map((step) => createHash('sha256').update(step).digest('hex').slice(0, 16));
  expect(hashes.slice(0, 1)).toEqual(['3248025faa611c8d']);
});

test('a row of the history goes along, and what was not counted then is 0', () => {
  const file = new Connection(loadSqlite().sqlite, join(folder, 'hearth.db'));
  migrate(file, { ...SCHEMA, migrations: SCHEMA.migrations.slice(0, 1) });
  file.run("INSERT INTO history VALUES ('24h', 'all', 1, 'local', '', 5, 4, 3, 2, 10, 20, 30, 40, 50, 6, x'', x'')");
  migrate(file, SCHEMA);
  const [row] = file.all('SELECT * FROM history');
  expect(row).toMatchObject({ hits: 5, saved_tokens: 50, failed: 0, losses: '' });
  expect(Object.keys(row ?? {})).toEqual(expect.arrayContaining([...SUMS]));
  file.close();
});

test('what is made at once has all that the steps make, and the rows they begin with', () => {
  const made = (make: typeof migrate): object => {
    const rows = new Connection(loadSqlite().sqlite, IN_MEMORY);
    make(rows, SCHEMA);
    const parts = rows.all('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name') as { name: string }[];
    const tables = parts.filter((part) => 'type' in part && part.type === 'table').map(({ name }) => name);
    const all = {
      version: rows.pragma('user_version'),
      parts,
      rows: tables.map((name) => [name, rows.all(`SELECT * FROM ${name}`)]),
    };
    rows.close();
    return all;
  };
  const bySteps = made(migrate);
  made(create);
  expect(made(create)).toEqual(bySteps);
});
