// The settings form as a value: which fields stand where, what a typed text means, and what is said below a field.
import { describe, expect, test } from 'vitest';
import { fields, parseField, type FieldInfo } from '../../backend/contract/config.ts';
import {
  asText,
  groupsOf,
  hintOf,
  inWords,
  modelChoices,
  mustBe,
  readText,
  unitOf,
  type Touched,
} from '../../renderer/form.ts';
import { liveView, loadedModel } from '../support/live-view.ts';
import { settings, view } from '../support/page/views.ts';

function field(path: string): FieldInfo {
  const found = fields.find((each) => each.path === path);
  if (found === undefined) throw new Error(`no setting ${path}`);
  return found;
}

const PORT = field('server.port');
const PLACES = field('queue.max_queue_size');
const URL_FIELD = field('ollama.api_url');

describe('the groups', () => {
  test('have every setting with an effect once, and no other', () => {
    const shown = groupsOf('').flatMap((group) => group.fields.map(({ path }) => path));
    const wanted = fields.filter(({ inert }) => inert === undefined).map(({ path }) => path);
    expect(shown.toSorted()).toEqual(wanted.toSorted());
  });

  test('have what starts Ollama with Ollama, although its key is the app’s', () => {
    const group = groupsOf('').find(({ fields: inside }) => inside.some(({ path }) => path === 'app.start_ollama'));
    expect(group?.title).toBe('Ollama');
  });

  test('are searched in title, key and hint, by all words, in any case and order', () => {
    const paths = (search: string): string[] =>
      groupsOf(search).flatMap((group) => group.fields.map(({ path }) => path));
    expect(paths('queue.max_queue_size')).toEqual(['queue.max_queue_size']);
    expect(paths(`  ${PLACES.title.toUpperCase()} `)).toContain('queue.max_queue_size');
    const words = PLACES.hint.split(/\s+/).slice(0, 4);
    expect(paths(words.toReversed().join(' '))).toContain('queue.max_queue_size');
    expect(paths('queue.max_queue_size zebra')).toEqual([]);
  });

  test('without a match are left out', () => {
    expect(groupsOf('queue.max_queue_size').map(({ title }) => title)).toEqual(['Queue']);
    expect(groupsOf('zebra')).toEqual([]);
  });
});

describe('a typed text', () => {
  const read = (path: string, text: string) => readText(field(path), text, settings());

  test('that is what stands there changes nothing', () => {
    expect(read('server.port', String(settings().values['server.port']))).toBeUndefined();
  });

  test('in a number field is a number', () => {
    expect(read('server.port', ' 8090 ')).toEqual({ value: 8090 });
    expect(read('cache.max_size_mb', '1.5')).toEqual({ value: 1.5 });
  });

  test.each(['', 'x', '8090x', '0x1f90', '1e3', '80 90', 'Infinity', 'NaN', '8,090'])(
    '%j in a number field is refused, with what is allowed and what stays',
    (text) => {
      expect(read('server.port', text)).toEqual({
        wrong: expect.stringMatching(/^Must be .+\. It is still 8080\.$/) as string,
      });
    },
  );

  test('out of bounds is refused, with the bounds in the form that a reader knows', () => {
    expect(read('queue.max_queue_size', '0')).toEqual({ wrong: 'Must be 1 to 10,000. It is still 100.' });
    expect(read('queue.max_queue_size', '10001')).toHaveProperty('wrong');
    expect(read('queue.max_queue_size', '10000')).toEqual({ value: 10_000 });
    expect(read('queue.max_queue_size', '2.5')).toHaveProperty('wrong');
  });

  test('of another spelling comes back in the proper one', () => {
    expect(read('ollama.api_url', 'http://192.168.1.20:11434/')).toEqual({
      value: parseField('ollama.api_url', 'http://192.168.1.20:11434/')?.value,
    });
  });

  test('that is no address is refused', () => {
    expect(read('ollama.api_url', 'not an address')).toHaveProperty('wrong', expect.stringContaining('Must be '));
  });

  test('that is a setting’s own default is accepted, in every text field', () => {
    const nothingSet = { ...settings(), values: {} };
    const typed = fields.filter(({ kind }) => ['number', 'text', 'url', 'multiline'].includes(kind));
    const refused = typed.filter((each) => {
      const read = readText(each, asText(settings().values[each.path]), nothingSet);
      return read !== undefined && 'wrong' in read;
    });
    expect(typed.length).toBeGreaterThan(10);
    expect(refused).toEqual([]);
  });

  test('of a value that would make the sentence long says that the old one stays', () => {
    const long = { ...settings(), values: { 'server.port': 'x'.repeat(41) } };
    expect(readText(PORT, 'y', long)).toEqual({ wrong: expect.stringMatching(/The old value stays\.$/) as string });
  });
});

describe('what must be', () => {
  test('has its unit, but not that of a plain count', () => {
    expect(mustBe(field('cache.ttl_seconds'))).toBe('Must be 1 to 604,800 s.');
    expect(mustBe(PLACES)).toBe('Must be 1 to 10,000.');
  });

  test('is in words where there are no bounds', () => {
    expect(mustBe(URL_FIELD)).toBe(`Must be ${URL_FIELD.allowed}.`);
  });

  test('leaves the unit of a count out of the field too', () => {
    expect([unitOf(PLACES), unitOf(field('cache.ttl_seconds'))]).toEqual(['', 's']);
  });
});

describe('the line below a field', () => {
  const locked = { 'server.port': 'SERVER__PORT' };
  const waiting = { 'server.port': 8080 };
  const problems = { 'server.port': 'config.json: server.port must be a whole number. It was "x".' };
  const wrong = { text: 'x', sentence: 'Must be 1 to 65,535. It is still 8080.' };
  const say = (change: Partial<ReturnType<typeof settings>>, touched: Touched = {}) =>
    hintOf(PORT, { ...settings(), ...change }, touched);

  test('is the setting’s hint when there is nothing to tell', () => {
    expect(say({})).toEqual({ kind: 'plain', text: PORT.hint });
  });

  test('tells the worst alone: locked, then wrong, then a restart, then saved, then the file', () => {
    const all = { locked, waiting_for_restart: waiting, problems };
    expect(say(all, { wrong, was: 1 }).kind).toBe('locked');
    expect(say({ ...all, locked: {} }, { wrong, was: 1 })).toEqual({ kind: 'wrong', text: wrong.sentence });
    expect(say({ waiting_for_restart: waiting, problems }, { was: 1 }).kind).toBe('restart');
    expect(say({ problems }, { was: 1 }).kind).toBe('saved');
    expect(say({ problems })).toEqual({ kind: 'wrong', text: problems['server.port'] });
  });

  test('names the variable that locks the field', () => {
    expect(say({ locked })).toEqual({
      kind: 'locked',
      text: 'Set by',
      code: 'SERVER__PORT',
      after: 'in the environment. Change it there, then restart Hearth.',
    });
  });

  test('says what is in use until the restart, and offers it back', () => {
    expect(say({ waiting_for_restart: waiting })).toEqual({
      kind: 'restart',
      text: 'In use after a restart of the gateway. Now 8080.',
      undo: { value: 8080 },
    });
  });

  test('says what was before the save, and offers it back, also where that was nothing', () => {
    expect(say({}, { was: 8090 })).toEqual({
      kind: 'saved',
      text: 'Saved and in use. Was 8090.',
      undo: { value: 8090 },
    });
    expect(say({}, { was: 'x'.repeat(41) }).text).toBe('Saved and in use.');
    expect(say({}, { was: undefined })).toMatchObject({ kind: 'saved', undo: { value: undefined } });
  });
});

describe('a value in a sentence', () => {
  const replay = field('cache.replay');
  test.each([
    [PORT, 8080, '8080'],
    [PORT, true, 'on'],
    [PORT, false, 'off'],
    [PORT, '', 'empty'],
    [PORT, [], 'empty'],
    [PORT, ['a', 'b', 'c'], 'a, b, c'],
    [PORT, ['a', 'b', 'c', 'd'], ''],
    [PORT, 'x'.repeat(40), 'x'.repeat(40)],
    [PORT, 'x'.repeat(41), ''],
    [replay, 'smooth', 'Smoothly'],
  ] as const)('of %o: %o is %j', (of, value, words) => expect(inWords(of, value)).toBe(words));

  test('in a text field is text or nothing', () => {
    expect([asText('a'), asText(1.5), asText(true), asText(undefined), asText(['a'])]).toEqual([
      'a',
      '1.5',
      '',
      '',
      '',
    ]);
  });
});

describe('the models to choose from', () => {
  const choices = (names: readonly string[], value: unknown): string[] =>
    modelChoices(view({ live: liveView({ models: names.map((name) => loadedModel(name, false)) }) }), value);

  test('are the installed ones, and before them the one that is set and missing', () => {
    expect(choices(['a', 'b'], 'a')).toEqual(['a', 'b']);
    expect(choices(['a', 'b'], 'gone')).toEqual(['gone', 'a', 'b']);
    expect(choices(['a', 'b'], '')).toEqual(['a', 'b']);
  });

  test('name a model once, as it is set, when Ollama adds :latest', () => {
    expect(choices(['llama3.2:latest', 'b'], 'llama3.2')).toEqual(['llama3.2', 'b']);
  });

  test('are the one that is set alone while no gateway runs', () => {
    expect(modelChoices(view({ live: null }), 'a')).toEqual(['a']);
  });
});
