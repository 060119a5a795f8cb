// Notices: one for each state, from when it begins to when it ends, told once however often it comes and goes.
import { beforeEach, describe, expect, test } from 'vitest';
import { NoticeBoard } from '../../../../backend/core/telemetry/notice-board.ts';
import { ManualClock } from '../../../support/clocks.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
let clock: ManualClock;
let told: string[];
let changes: number;
let logged: string[];
let board: NoticeBoard;
beforeEach(() => {
  clock = new ManualClock();
  told = [];
  changes = 0;
  logged = [];
  board = new NoticeBoard({
    clock,
    log: { warn: (_fields, text) => logged.push(text) },
    tell: ({ id }) => told.push(id),
    changed: () => changes++,
  });
});

test('one begins and ends with its state, and can be read afterwards', () => {
  const full = { text: 'The disk is full.', todo: 'Make room.' };
  board.put('disk', full);
  board.put('disk', full);
  expect([told, changes]).toEqual([['disk'], 1]);
  expect(board.sentences).toEqual(['The disk is full. Make room.']);
  expect(board.list).toEqual([
    { id: 'disk', level: 'warning', ...full, since: '2023-11-14T22:13:20.000Z', until: null, times: 1 },
  ]);
  clock.pass(MINUTE);
  board.put('disk', undefined);
  board.put('disk', undefined);
  clock.pass(MINUTE);
  expect([board.sentences, changes]).toEqual([[], 2]);
  expect(board.list).toMatchObject([{ id: 'disk', until: '2023-11-14T22:14:20.000Z' }]);
});

test('an Ollama that comes and goes ten times a minute is one notice', () => {
  for (let i = 0; i < 10; i++) {
    board.put('ollama', { text: 'Ollama does not answer.' });
    clock.pass(3000);
    board.put('ollama', undefined);
    clock.pass(3000);
  }
  expect(told).toEqual(['ollama']);
  expect(board.list).toMatchObject([{ id: 'ollama', times: 10 }]);
  clock.pass(5 * MINUTE);
  board.put('ollama', { text: 'Ollama does not answer.' });
  expect(told).toEqual(['ollama', 'ollama']);
  expect(board.list).toMatchObject([{ times: 1, until: null }, { times: 10 }]);
});

test('what is so for a while is over by itself, unless it is said again', () => {
  const storm = { text: 'It is loaded again and again.', lastsMs: HOUR };
  board.put('storm', storm);
  clock.pass(HOUR - 1);
  board.put('storm', storm);
  clock.pass(HOUR - 1);
  expect(board.sentences).toHaveLength(1);
  clock.pass(1);
  expect(board.sentences).toEqual([]);
  expect(told).toEqual(['storm']);
});

test('names are for those who may see everything', () => {
  board.put('storm', { text: 'It is loaded again.', who: 'aider asks for 9102.', todo: 'Set it.' });
  expect(board.sentences).toEqual(['It is loaded again. Set it.']);
  expect(board.list).toMatchObject([{ who: 'aider asks for 9102.' }]);
  expect(logged).toEqual(['It is loaded again. aider asks for 9102. Set it.']);
});

test('what /health has a field for is in the list alone', () => {
  board.put('ollama', { text: 'Ollama does not answer.', listOnly: true, isLogged: true });
  expect([board.sentences, board.list.length, logged]).toEqual([[], 1, []]);
});

describe('of those that are over', () => {
  test('the last fifty are kept, and what is so stays', () => {
    board.put('disk', { text: 'The disk is full.' });
    for (let i = 0; i < 200; i++) {
      board.put(`origin ${i}`, { text: 'A page asks.' });
      board.put(`origin ${i}`, undefined);
      clock.pass(1);
    }
    const ids = board.list.map(({ id }) => id);
    expect(ids).toHaveLength(50);
    expect([ids[0], ids.at(-1)]).toEqual(['origin 199', 'disk']);
  });

  test('each is kept for a day', () => {
    board.put('disk', { text: 'The disk is full.' });
    clock.pass(30 * HOUR);
    board.put('disk', undefined);
    clock.pass(24 * HOUR);
    expect(board.list).toHaveLength(1);
    clock.pass(1);
    expect(board.list).toEqual([]);
  });
});
