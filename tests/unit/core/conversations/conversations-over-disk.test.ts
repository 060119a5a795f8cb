// Conversations over a disk: what comes back from it is what was said, as old as it is, and nobody else's.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ExactJson, jsonText } from '../../../../backend/contract/go/exact-json.ts';
import { Conversations } from '../../../../backend/core/conversations/conversations.ts';
import type { Said } from '../../../../backend/core/conversations/said-text.ts';
import { spaceOf } from '../../../../backend/core/ownership.ts';
import {
  CONVERSATION_PARTS,
  CONVERSATION_TABLES,
  DiskConversations,
} from '../../../../backend/storage/shelves/conversation-store.ts';
import { openDatabase, type Database } from '../../../../backend/storage/database.ts';
import { KeptTime, TIME_TABLE } from '../../../../backend/storage/kept-time.ts';
import { config } from '../../../support/builders.ts';
import { ManualClock } from '../../../support/clocks.ts';

let folder = '';
let clock: ManualClock;
let database: Database;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-talks-'));
  clock = new ManualClock();
  database = openDatabase({
    folder,
    clock,
    log: pino({ level: 'silent' }),
    schema: { migrations: [CONVERSATION_TABLES, TIME_TABLE, CONVERSATION_PARTS], carried: [] },
  });
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

/** As after a start: nothing is in memory. */
function anew(mb = 1): Conversations {
  const settings = config({ conversation_cache: { ttl_seconds: 100, max_size_mb: mb } });
  const made = new Conversations(() => settings, clock);
  made.over(new DiskConversations(database, new KeptTime(database, clock), () => settings));
  return made;
}

const LIVE = new AbortController().signal;
async function keep(talks: Conversations, id: string, messages: readonly Said[], space = 'local'): Promise<void> {
  const turn = await talks.enter(space, id, LIVE);
  turn.keep(messages);
  turn.release();
}
async function history(talks: Conversations, id: string, space = 'local'): Promise<readonly Said[]> {
  const turn = await talks.enter(space, id, LIVE);
  turn.release();
  return turn.history;
}
const said = (content: unknown): Said => ({ role: 'user', content });

test('what was said comes back with the numbers and orders that JSON.parse cannot keep', async () => {
  let deep: unknown = new ExactJson('12345678901234567890');
  for (let depth = 0; depth < 2000; depth++) deep = [deep];
  const messages = [said('Grüße "😀"'), { role: 'assistant', tool_calls: [new ExactJson('{"2":1,"1":2}'), { n: new ExactJson('18446744073709551615') }] }, said(deep)]; // prettier-ignore
  await keep(anew(), 'talk', messages);
  database.flush();
  expect(jsonText(await history(anew(), 'talk'))).toBe(jsonText(messages));
});

test('it is idle for as long as nobody spoke, also over a restart, and then it is forgotten', async () => {
  await keep(anew(), 'talk', [said('a')]);
  database.flush();
  clock.pass(60_000);
  expect(anew().view('local', 'talk')).toMatchObject({ expires_in_s: 40, messages: [said('a')] });
  // Somebody looked, which does not keep it alive.
  clock.pass(40_000);
  expect(() => anew().view('local', 'talk')).toThrow(/no conversation/);
  expect(await history(anew(), 'talk')).toEqual([]);
});

test('each clears its own, and a deleted one is gone at once', async () => {
  const talks = anew();
  const spaces = ['key:a', 'key:b', spaceOf('key:a', 'project')];
  for (const space of spaces) for (const id of ['x', 'y']) await keep(talks, id, [said(space)], space);
  database.flush();
  talks.delete('key:b', 'x');
  expect(anew().clear('key:a').removed).toBe(4);
  const again = anew();
  for (const space of ['key:a', spaceOf('key:a', 'project')]) expect(await history(again, 'y', space)).toEqual([]);
  expect(await history(again, 'x', 'key:b')).toEqual([]);
  expect(await history(again, 'y', 'key:b')).toEqual([said('key:b')]);
  expect(again.onDisk?.entries).toBe(1);
});

test('one that has become too large is not there as it was before', async () => {
  const talks = anew(0.1);
  await keep(talks, 'talk', [said('short')]);
  database.flush();
  await keep(talks, 'talk', [said('x'.repeat(200_000))]);
  expect(await history(anew(0.1), 'talk')).toEqual([]);
});
