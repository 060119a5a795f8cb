// The store itself, on real files: what it keeps, whom it lets in, and what it does with a file that can't be used.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../../backend/storage/database.ts';
import { Connection } from '../../../backend/storage/rows.ts';
import { loadSqlite } from '../../../backend/storage/sqlite.ts';
import { eventually } from '../../support/waiting.ts';
import { wordStore, WORDS, write, type Words } from '../../support/store-words.ts';

let folder = '';
const opened: Database[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'hearth-store-'))));
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
  rmSync(folder, { recursive: true, force: true });
});

function store({ path = folder, schema = WORDS } = {}): Words {
  const made = wordStore(path, schema);
  opened.push(made.database);
  return made;
}

test('keeps what was committed, and what waited, in the order in which it came', () => {
  const first = store();
  first.database.later(write('one'));
  first.database.commit(write('two'));
  first.database.later(write('three'));
  expect(first.all()).toEqual(['two']);
  first.database.close();
  expect(store().all()).toEqual(['two', 'one', 'three']);
});

test('a commit writes nothing of the thousands that wait, and they come afterwards', () => {
  const { database, all } = store();
  let written = 0;
  for (let n = 0; n < 3000; n++) database.later(() => void written++);
  database.commit(write('promised'));
  expect({ words: all(), written }).toEqual({ words: ['promised'], written: 0 });
  database.close();
  expect(written).toBe(3000);
});

test('a commit writes what waits in a lane in its own transaction, or neither', () => {
  const { database, all } = store();
  database.later(write('other'));
  database.later(write('turn'), 'talks');
  const fails = (): never => {
    throw new Error('not this time');
  };
  expect(() => database.commit(fails, 'talks')).toThrow('not this time');
  expect(all()).toEqual([]);
  database.commit(write('end'), 'talks');
  expect(all()).toEqual(['turn', 'end']);
  database.flush();
  expect(all()).toEqual(['turn', 'end', 'other']);
});

test('what waits in one lane is written by itself, in its order', () => {
  const { database, all } = store();
  for (const n of [1, 2, 3]) {
    database.later(write(`other ${n}`));
    database.later(write(`history ${n}`), 'history');
  }
  database.flush('history');
  expect(all()).toEqual(['history 1', 'history 2', 'history 3']);
  database.flush('history');
  database.flush();
  expect(all().slice(3)).toEqual(['other 1', 'other 2', 'other 3']);
});

test('writes what work in portions asks for in its own turn', async () => {
  const { database, all, clock } = store();
  const again = (n: number): void =>
    database.later((sql) => {
      write(`portion ${n}`)(sql);
      if (n < 9) again(n + 1);
    });
  again(1);
  database.flush();
  expect(all()).toEqual(['portion 1']);
  database.flush();
  expect(all()).toEqual(['portion 1', 'portion 2']);
  await clock.advance(515);
  expect(all().length).toBeGreaterThan(4);
  expect(all().length).toBeLessThan(9);
  expect(clock.sleeping).toBe(1);
});

test('work that meets a damaged page moves the store, and is done where it is then', () => {
  const { database, all } = store();
  database.commit(write('before'));
  let isDamaged = true;
  database.later((sql) => {
    if (isDamaged) {
      database.read(() => {
        const damaged = isDamaged;
        isDamaged = false;
        // SQLITE_CORRUPT
        if (damaged) throw Object.assign(new Error('malformed'), { errcode: 11 });
      });
    }
    write('waited')(sql);
  });
  database.flush();
  expect(all()).toEqual(['before', 'waited']);
});

test('writes what waits by itself within a second', async () => {
  const { database, clock, all } = store();
  for (const word of ['a', 'b', 'c']) database.later(write(word));
  expect(all()).toEqual([]);
  await clock.advance(1000);
  expect(all()).toEqual(['a', 'b', 'c']);
});

test('writes nothing of a commit that throws, and the rest of what waits where one of it does', () => {
  const { database, all } = store();
  database.later(write('one'));
  database.later((sql) => {
    write('half')(sql);
    throw new Error('wrong');
  });
  database.later(write('two'));
  const commit = (): void =>
    database.commit((sql) => {
      write('three')(sql);
      sql.run('INSERT INTO words (word) VALUES (NULL)');
    });
  expect(commit).toThrow(/NOT NULL/);
  expect(all()).toEqual([]);
  database.flush();
  expect(all()).toEqual(['one', 'two']);
});

// Windows keeps no mode bits; there a folder of the user's profile has the rights of that.
test.skipIf(process.platform === 'win32')('nobody else may read its folder and its files', () => {
  const path = join(folder, 'new', 'data');
  const { database } = store({ path });
  database.commit(write('secret'));
  const mode = (file: string): string => (statSync(file).mode & 0o777).toString(8);
  const modes = (): Set<string> => new Set(readdirSync(path).map((name) => mode(join(path, name))));
  expect(mode(path)).toBe('700');
  expect(modes()).toEqual(new Set(['600']));
  database.close();
  chmodSync(join(path, 'hearth.db'), 0o644);
  store({ path }).database.commit(write('again'));
  expect(modes()).toEqual(new Set(['600']));
});

test('a second one on the same folder says so, and works in memory', async () => {
  const first = store();
  first.database.commit(write('first'));
  const second = store();
  second.database.commit((sql) => sql.run("INSERT INTO words (id, word) VALUES (7, 'second')"));
  expect(second.all()).toEqual(['second']);
  expect([first, second].map(({ database }) => database.isDurable)).toEqual([true, false]);
  expect(second.database.bytes).toBe(0);
  expect(second.told).toEqual([
    {
      isDurable: false,
      trouble: expect.stringMatching(/^Another Hearth uses .* This one keeps everything in memory/),
    },
  ]);
  // It looks once more, as the other one may be about to end.
  first.database.close();
  await second.clock.advance(15_000);
  expect(second.database.isDurable).toBe(true);
  expect(second.all()).toEqual(['first', 'second']);
  const third = store();
  expect(third.database.isDurable).toBe(false);
  await third.clock.advance(15_000);
  second.database.close();
  await third.clock.advance(600_000);
  expect(third.database.isDurable).toBe(false);
  third.database.close();
  expect(store().all()).toEqual(['first', 'second']);
});

test.each([
  ['is no database', (path: string) => writeFileSync(join(path, 'hearth.db'), 'no database at all '.repeat(1000))],
  [
    'has other tables than its version',
    (path: string) => {
      const other = store({ path });
      other.database.commit((sql) => sql.run('PRAGMA user_version = 0'));
      other.database.close();
    },
  ],
  [
    'lacks a table',
    (path: string) => {
      const lacking = store({ path });
      lacking.database.commit((sql) => sql.run('DROP TABLE words'));
      lacking.database.close();
    },
  ],
])('moves a file aside that %s, says so, and begins a new one', (_what, make) => {
  make(folder);
  const { database, all, told } = store();
  database.commit(write('fresh'));
  expect(all()).toEqual(['fresh']);
  const [aside = ''] = readdirSync(folder).filter((name) => /aside.*\d$/.test(name));
  expect(aside).toBe('hearth.db.aside-2023-11-14T22-13-20');
  expect(told).toEqual([
    { isDurable: true, trouble: expect.stringContaining(`It is now ${join(folder, aside)}, and `) },
  ]);
});

test('keeps the last three that were moved aside, and says which one goes', () => {
  const said: (string | undefined)[] = [];
  for (const no of ['first', 'second', 'third', 'fourth']) {
    writeFileSync(join(folder, 'hearth.db'), `${no} that is no database `.repeat(500));
    const { database, told } = store();
    database.commit(write('fresh'));
    said.push(told[0]?.trouble?.replace(/^.* Hearth has begun a new one\./, ''));
    database.close();
  }
  const kept = readdirSync(folder).filter((name) => /aside.*\d$/.test(name));
  const beginnings = kept.map((name) => readFileSync(join(folder, name), 'utf8').split(' ')[0]);
  expect(beginnings.toSorted()).toEqual(['fourth', 'second', 'third']);
  const gone = ` ${join(folder, 'hearth.db.aside-2023-11-14T22-13-20')}, moved aside earlier, was deleted: 3 are kept.`;
  expect(said).toEqual(['', '', '', gone]);
});

test('leaves a file as it is that a newer Hearth wrote, which finds all of it again', async () => {
  const schema = { ...WORDS, migrations: [...WORDS.migrations, 'SELECT 1'] };
  const newer = store({ schema });
  newer.database.commit(write('new'));
  newer.database.close();
  const { database, all, told, clock } = store();
  database.commit(write('in memory'));
  await clock.advance(16_000);
  expect([all(), database.isDurable]).toEqual([['in memory'], false]);
  expect(told).toEqual([{ isDurable: false, trouble: expect.stringMatching(/^A newer Hearth wrote what is in /) }]);
  database.close();
  expect(store({ schema }).all()).toEqual(['new']);
  expect(readdirSync(folder).filter((name) => name.includes('aside'))).toEqual([]);
});

test('works in memory where no folder can be made, and says why', () => {
  writeFileSync(join(folder, 'file'), '');
  const { database, all, told } = store({ path: join(folder, 'file', 'data') });
  database.commit(write('one'));
  expect(all()).toEqual(['one']);
  expect(told).toEqual([
    { isDurable: false, trouble: expect.stringMatching(/^Nothing can be kept in .* until it can\.$/) },
  ]);
});

test('goes to another place with its rows, and rests with what is in memory alone', async () => {
  const here = store();
  here.database.use(undefined);
  here.database.commit(write('in memory'));
  here.database.rest();
  expect(here.all()).toEqual(['in memory']);
  expect(here.database.isDurable).toBe(false);
  here.database.use(folder);
  expect(here.all()).toEqual(['in memory']);
  here.database.later(write('later'));
  here.database.rest();
  const other = store();
  expect(other.all()).toEqual(['in memory', 'later']);
  other.database.close();
  expect(here.all()).toEqual(['in memory', 'later']);
  here.database.use(undefined);
  here.database.commit(write('not written'));
  expect(store().all()).toEqual(['in memory', 'later']);
  expect(here.all()).toEqual(['in memory', 'later', 'not written']);
});

test('gives the disk back what is no longer needed, and keeps its log short', async () => {
  const schema = {
    ...WORDS,
    migrations: ['CREATE TABLE large (id INTEGER PRIMARY KEY, bytes BLOB) STRICT'],
    carried: [],
  };
  const { database, clock } = store({ schema });
  const mb = new Uint8Array(2 ** 20);
  for (let i = 0; i < 12; i++) database.commit((sql) => sql.run('INSERT INTO large (bytes) VALUES (?)', mb));
  expect(database.bytes).toBeGreaterThan(12 * mb.length);
  database.commit((sql) => sql.run('DELETE FROM large'));
  await eventually('a small file', async () => {
    await clock.advance(100);
    return database.bytes < mb.length;
  });
});

test('a text comes back as it was given, with a NUL within too', () => {
  const { database, all } = store();
  const words = ['a\0b', '\0', 'a', 'a\u001a0', 'a\u001a', '\0\u001a1é\0'];
  for (const word of words) database.commit(write(word));
  expect(all()).toEqual(words);
  for (const word of words) {
    const found = database.read((sql) => sql.all('SELECT word FROM words WHERE word = ?', word));
    expect(found).toEqual([{ word }]);
  }
});

test('while another program writes, what can wait waits, and nothing moves', async () => {
  const { database, clock, all, told } = store();
  database.commit(write('one'));
  const other = writing();
  database.later(write('two'));
  await clock.advance(5000);
  expect({ all: all(), told }).toEqual({ all: ['one'], told: [] });
  other.end();
  await clock.advance(1000);
  expect({ all: all(), durable: database.isDurable, told }).toEqual({ all: ['one', 'two'], durable: true, told: [] });
});

test('one that never stops writing is waited for only so long', async () => {
  const { database, clock, all } = store();
  database.commit(write('one'));
  const other = writing();
  database.later(write('two'));
  await clock.advance(12_000);
  expect({ all: all(), durable: database.isDurable }).toEqual({ all: ['one', 'two'], durable: false });
  other.end();
  await clock.advance(15_000);
  expect({ all: all(), durable: database.isDurable }).toEqual({ all: ['one', 'two'], durable: true });
});

/** Another program that writes to the file. */
function writing(): { end(): void } {
  const other = new Connection(loadSqlite().sqlite, join(folder, 'hearth.db'));
  other.exec('BEGIN IMMEDIATE');
  return {
    end: () => {
      other.exec('ROLLBACK');
      other.close();
    },
  };
}
