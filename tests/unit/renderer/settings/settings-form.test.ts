// The settings form as a value: which fields stand where, what a typed text means, and what is said below a field.
import { describe, expect, test } from 'vitest';
import { fields, parseField, type FieldInfo } from '../../../../backend/contract/config/config.ts';
import {
  asText,
  hintOf,
  inWords,
  isWrong,
  modelChoices,
  mustBe,
  readText,
  type Touched,
} from '../../../../renderer/settings/form.ts';
import { whereToLook } from '../../../../renderer/settings/elsewhere.ts';
import { hintPieces, hintText } from '../../../../renderer/settings/hint-text.ts';
import {
  allGroups,
  changedIn,
  foundGroups,
  hasEntries,
  toCorrect,
  type Group,
} from '../../../../renderer/settings/settings-groups.ts';
import { marked } from '../../../../renderer/parts/words.ts';
import { THIN } from '../../../../renderer/parts/words.ts';
import { liveView, loadedModel } from '../../../support/live-view.ts';
import { quiet, settings, view } from '../../../support/page/views.ts';

function field(path: string): FieldInfo {
  const found = fields.find((each) => each.path === path);
  if (found === undefined) throw new Error(`no setting ${path}`);
  return found;
}

const plain = (text: string): string => text.replaceAll(THIN, ' ');
const PORT = field('server.port');
const PLACES = field('queue.max_queue_size');
const URL_FIELD = field('ollama.api_url');

describe('the groups', () => {
  const names = (groups: readonly Group[]): string[] => groups.map(({ name }) => name);
  const paths = (groups: readonly Group[]): string[] => groups.flatMap((group) => group.fields.map(({ path }) => path));

  test('have every setting with an effect once, and no other', () => {
    const wanted = fields.filter(({ inert }) => inert === undefined).map(({ path }) => path);
    expect(paths(allGroups()).toSorted()).toEqual(wanted.toSorted());
  });

  test('begin with what is often needed and end with what is not', () => {
    expect(names(allGroups())).toEqual(['ollama', 'queue', 'keeping', 'network', 'desktop', 'advanced']);
    const seldom =
      allGroups()
        .at(-1)
        ?.fields.map(({ path }) => path) ?? [];
    const often = ['server.port', 'server.lan', 'app.start_at_login', 'ollama.model', 'cache.ttl_seconds'];
    expect(seldom).toEqual(
      expect.arrayContaining(['batch.batch_timeout_ms', 'server.max_inflight_mb', 'server.stalled_reader_s']),
    );
    expect(seldom.filter((path) => often.includes(path))).toEqual([]);
    expect(
      allGroups()
        .slice(0, -1)
        .every((group) => group.fields.length <= 12),
    ).toBe(true);
  });

  test('have what is opened by a button after what is seen at a glance', () => {
    for (const { name, fields: inside } of allGroups()) {
      const opened = inside.map(hasEntries);
      expect([name, opened]).toEqual([name, opened.toSorted((a, b) => Number(a) - Number(b))]);
    }
  });

  test('count what is to be corrected, and what was changed', () => {
    const queue = allGroups()[1] as Group;
    expect(toCorrect(queue, new Set(['queue.max_wait_ms', 'server.port']))).toBe(1);
    expect(changedIn(queue, settings())).toBe(0);
    expect(changedIn(queue, { values: { ...settings().values, 'queue.max_concurrent': 2 } })).toBe(1);
  });

  describe('of a search', () => {
    test('have the settings that have all its words in label, key or hint, in any case and order', () => {
      expect(paths(foundGroups('queue.max_queue_size'))).toEqual(['queue.max_queue_size']);
      expect(paths(foundGroups(`  ${PLACES.title.toUpperCase()} `))).toContain('queue.max_queue_size');
      const words = PLACES.hint.split(/\s+/).slice(0, 4);
      expect(paths(foundGroups(words.toReversed().join(' ')))).toContain('queue.max_queue_size');
      expect(paths(foundGroups('queue.max_queue_size zebra'))).toEqual([]);
      expect(foundGroups('zebra')).toEqual([]);
    });

    test.each([
      ['port', 'server.port'],
      ['log', 'log.level'],
      ['key', 'server.api_keys'],
      ['keys', 'server.api_keys'],
      ['model', 'ollama.model'],
      ['lan', 'server.lan'],
    ])('for “%s” begin with %s, whatever has these letters within a word', (search, path) => {
      expect(paths(foundGroups(search))[0]).toBe(path);
    });

    test('for “port” leave out Log, which is im-port-ant', () => {
      expect(paths(foundGroups('port'))).not.toContain('log.level');
    });

    test('have what is within a word where no word begins so', () => {
      expect(paths(foundGroups('portant'))).toEqual(['log.level']);
    });
  });

  test('show what was found in the words', () => {
    expect(marked('Longest wait', ['wait'])).toEqual([
      { text: 'Longest ', hit: false },
      { text: 'wait', hit: true },
    ]);
    expect(marked('a.b', ['.'])).toEqual([
      { text: 'a', hit: false },
      { text: '.', hit: true },
      { text: 'b', hit: false },
    ]);
    expect(marked('Wait', [])).toEqual([{ text: 'Wait', hit: false }]);
  });
});

describe('a typed text', () => {
  const read = (path: string, text: string) => {
    const found = readText(field(path), text, settings());
    return found !== undefined && 'wrong' in found ? { wrong: plain(found.wrong) } : found;
  };

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
    const typed = fields.filter(({ kind }) => ['number', 'keep_alive', 'text', 'url', 'multiline'].includes(kind));
    const refused = typed.filter((each) => {
      const read = readText(each, asText(each, settings().values[each.path]), nothingSet);
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

describe('a time or a size', () => {
  const read = (path: string, text: string) => readText(field(path), text, settings());
  const wrong = (path: string, text: string): string => {
    const found = read(path, text);
    return found !== undefined && 'wrong' in found ? plain(found.wrong) : '';
  };

  test('stands in the field with its unit, and is read so', () => {
    expect(asText(field('queue.max_wait_ms'), 600_000)).toBe('10 min');
    expect(asText(field('cache.max_size_mb'), 256)).toBe('256 MB');
    expect(read('queue.max_wait_ms', '2 h')).toEqual({ value: 7_200_000 });
    expect(read('cache.max_size_mb', '1 GB')).toEqual({ value: 1024 });
    expect(read('cache.ttl_seconds', '7200')).toEqual({ value: 7200 });
    expect(read('files.keep_days', '1 day')).toEqual({ value: 1 });
    expect(read('ollama.num_ctx', '8192 tokens')).toEqual({ value: 8192 });
    expect(read('queue.max_wait_ms', '10 min')).toBeUndefined();
  });

  test('that is none is quoted, with how one is written and what stays', () => {
    expect(wrong('queue.max_wait_ms', '10 minits')).toBe(
      '“10 minits” is not a time. Write 30 s, 10 min or 2 h. It is still 10 min.',
    );
    expect(wrong('cache.max_size_mb', 'lots')).toBe(
      '“lots” is not a size. Write 512 KB, 256 MB or 2 GB. It is still 256 MB.',
    );
    expect(wrong('cache.ttl_seconds', '')).toBe('Must be 1 s to 7 days. It is still 1 h.');
    expect(wrong('files.keep_days', 'a while')).toBe(
      '“a while” is not a time. Write 7 or 30 days. It is still 30 days.',
    );
  });

  test('out of bounds is told the bounds in units, and a fraction where none may be', () => {
    expect(wrong('cache.ttl_seconds', '30 days')).toBe('Must be 1 s to 7 days. It is still 1 h.');
    expect(wrong('cache.ttl_seconds', '1.5 s')).toBe(
      'Must be 1 s to 7 days, without a fraction of a second. It is still 1 h.',
    );
  });

  test('that a model stays warm has the words of the hint', () => {
    const path = 'ollama.keep_alive';
    const shown = (value: string | number): string => asText(field(path), value);
    expect([shown('15m'), shown('1h30m'), shown(300), shown(-1), shown('-1'), shown(0)]).toEqual([
      '15 min',
      '90 min',
      '5 min',
      'always',
      'always',
      'as Ollama does',
    ]);
    expect(read(path, '2 h')).toEqual({ value: '2h' });
    expect(read(path, '90 s')).toEqual({ value: '90s' });
    expect(read(path, '1h30m')).toEqual({ value: '90m' });
    expect(read(path, 'Always')).toEqual({ value: -1 });
    expect(read(path, 'as Ollama does')).toEqual({ value: 0 });
    expect(read(path, '15m')).toEqual({ value: '15m' });
    expect(wrong(path, 'a while')).toBe(
      '“a while” is not a time. Write 30 s, 15 min, 2 h, always or as Ollama does. It is still 15 min.',
    );
  });
});

describe('what must be', () => {
  test('of a plain count has no unit, and is in words where there are no bounds', () => {
    expect(mustBe(PLACES)).toBe('Must be 1 to 10,000.');
    expect(mustBe(URL_FIELD)).toBe(`Must be ${URL_FIELD.allowed}.`);
  });
});

test('hints speak of the words that their control shows, and not of the values in the file', () => {
  for (const { path, choices = [], hint } of fields) {
    const hidden = choices.filter(({ value, label }) => value !== label && value !== label.toLowerCase());
    const said = hidden.filter(({ value }) => new RegExp(`\\b${value}\\b`).test(hint));
    expect([path, said]).toEqual([path, []]);
  }
});

test('hints name another setting by its label, with the way to it, and never by its key', () => {
  expect(hintPieces(field('queue.aging_ms').hint)).toContainEqual({
    text: '“Longest wait”',
    path: 'queue.max_wait_ms',
  });
  const said = ({ brief = '', ...field }: FieldInfo): string => hintText(field) + hintText({ ...field, hint: brief });
  const keys = fields.filter((each) => fields.some(({ path }) => path.includes('.') && said(each).includes(path)));
  expect(keys.map(({ path }) => path)).toEqual([]);
});

test('a search that finds nothing says where such things are, by any of their words', () => {
  expect(whereToLook(['gpu'])).toBe('How much of a model fits the GPU is shown in Models. Ollama decides it.');
  expect(whereToLook(['my', 'temperatures'])).toContain('profile');
  expect(whereToLook(['zebra'])).toContain('one word');
  for (const words of [['gpu'], ['penalty'], ['download'], ['theme']]) expect(foundGroups(words.join(' '))).toEqual([]);
});

test('every list says what is added to it', () => {
  const lists = fields.filter(({ kind }) => kind === 'list');
  expect(lists.map(({ item }) => item)).not.toContain('an entry');
  expect(lists.length).toBeGreaterThan(2);
});

describe('the line below a field', () => {
  const locked = { 'server.port': 'SERVER__PORT' };
  const waiting = { 'server.port': 8080 };
  const problems = { 'server.port': 'config.json: server.port must be a whole number. It was "x".' };
  const wrong = { text: 'x', sentence: 'Must be 1 to 65,535. It is still 8080.' };
  const say = (change: Partial<ReturnType<typeof settings>>, touched: Touched = {}) =>
    hintOf(PORT, view({ settings: { ...settings(), ...change } }), touched);

  test('is the setting’s hint when there is nothing to tell', () => {
    const kept = field('cache.ttl_seconds');
    expect(hintOf(kept, view(), {})).toEqual({ kind: 'plain', text: kept.hint });
  });

  test('says at a setting that needs a restart what one costs, while there is something to restart', () => {
    const { kind, text } = say({});
    expect([kind, plain(text)]).toEqual([
      'plain',
      `${PORT.hint} A change waits for a restart, which gives running answers 10 s to end and refuses callers who wait.`,
    ]);
    expect(hintOf(PORT, view({ gateway: { state: 'stopped' } }), {}).text).toBe(PORT.hint);
  });

  test('tells the worst alone: locked, then wrong, then a restart, then saved, then the file', () => {
    const all = { locked, waiting_for_restart: waiting, problems };
    expect(say(all, { wrong, was: 1 }).kind).toBe('locked');
    expect(say({ ...all, locked: {} }, { wrong, was: 1 })).toEqual({ kind: 'wrong', text: wrong.sentence });
    expect(say({ waiting_for_restart: waiting, problems }, { was: 1 }).kind).toBe('restart');
    expect(say({ problems }, { was: 1 }).kind).toBe('saved');
    expect(say({ problems })).toEqual({
      kind: 'wrong',
      text: `${problems['server.port']} In use: 8080.`,
      undo: { value: 8080, label: 'Keep it' },
    });
    expect(isWrong(PORT, { ...settings(), problems }, {})).toBe(true);
    expect(isWrong(PORT, { ...settings(), problems }, { was: 1 })).toBe(false);
    expect(isWrong(PORT, settings(), {})).toBe(false);
  });

  test('names the variable that locks the field', () => {
    expect(say({ locked })).toEqual({
      kind: 'locked',
      text: 'Set by SERVER__PORT in the environment. Change it there, then restart Hearth.',
      code: 'SERVER__PORT',
    });
  });

  test('says what is in use until the restart and what that costs, and offers it back', () => {
    const change = { settings: { ...settings(), waiting_for_restart: waiting } };
    expect(hintOf(PORT, view({ ...change, live: quiet() }), {})).toEqual({
      kind: 'restart',
      text: 'In use after a restart of the gateway. Now 8080. Nothing runs now, so nothing is lost.',
      undo: { value: 8080, label: 'Undo' },
    });
    expect(plain(hintOf(PORT, view(change), {}).text)).toContain(
      'A running answer gets 10 s to end. 3 that wait are refused.',
    );
  });

  test('does not say that something is in use while the gateway does not run', () => {
    const stopped = view({ gateway: { state: 'failed' } });
    expect(hintOf(PORT, stopped, { was: 8090 }).text).toBe('Saved. In use once the gateway runs. Was 8090.');
    expect(hintOf(field('app.notifications'), stopped, { was: false }).text).toBe('Saved and in use. Was off.');
  });

  test('has the address for other machines, once they are let in', () => {
    const lan = 'http://192.168.1.24:8080';
    const { gateway } = view();
    const values = { ...settings().values, 'server.lan': true, 'server.allow_anonymous': true };
    const open = view({ gateway: { addresses: { ...gateway.addresses, lan } }, settings: { values } });
    expect(hintOf(field('server.lan'), open, {})).toMatchObject({ text: 'Other machines reach Hearth at', copy: lan });
  });

  test('says what was before the save, and offers it back, also where that was nothing', () => {
    expect(say({}, { was: 8090 })).toEqual({
      kind: 'saved',
      text: 'Saved and in use. Was 8090.',
      undo: { value: 8090, label: 'Undo' },
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
    expect(['a', 1.5, true, undefined, ['a']].map((value) => asText(PORT, value))).toEqual(['a', '1.5', '', '', '']);
  });
});

describe('the models to choose from', () => {
  test('are those that can be a default, and the one that is set, whatever it is', () => {
    const embeds = { ...loadedModel('embeds', false), capabilities: ['embedding'] };
    const live = liveView({ models: [loadedModel('a', false), embeds] });
    expect(modelChoices(view({ live }), 'a')).toEqual(['a']);
    expect(modelChoices(view({ live }), 'embeds')).toEqual(['a', 'embeds']);
  });

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
