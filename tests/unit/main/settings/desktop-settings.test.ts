// The settings of the desktop app: saved, refused, locked, imported, and a bad file that costs nothing.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Notices } from '../../../../main/notices/notices.ts';
import { openSettings } from '../../../../main/settings/settings-file.ts';
import { reread, tellOfTheStart } from '../../../../main/notices/settings-notices.ts';
import { Settings, SETTINGS_VERSION } from '../../../../main/settings/settings.ts';
import { NO_LOG } from '../../../support/builders.ts';

type Data = Readonly<Record<string, unknown>>;

function open(data: Data = {}, env: Record<string, string> = {}): { settings: Settings; saved: Data[] } {
  const saved: Data[] = [];
  const settings = new Settings({ data, env, path: '/data/config.json', save: (next) => void saved.push(next) });
  return { settings, saved };
}

describe('a change in the form', () => {
  test('is saved, in force at once, and told', () => {
    const { settings, saved } = open();
    let told = 0;
    settings.onChange(() => told++);
    settings.set('cache.ttl_seconds', 60);
    expect(settings.config.cache.ttl_seconds).toBe(60);
    expect(saved).toEqual([{ cache: { ttl_seconds: 60 }, $version: SETTINGS_VERSION }]);
    expect(told).toBe(1);
    settings.reset('cache.ttl_seconds');
    expect(settings.config.cache.ttl_seconds).toBe(3600);
    expect(saved.at(-1)).toEqual({ $version: SETTINGS_VERSION });
  });

  test('that is not allowed is refused with what is allowed and what stays', () => {
    const { settings, saved } = open();
    expect(() => settings.set('queue.max_queue_size', 0)).toThrow(
      'Must be a whole number from 1 to 10000. It is still 100.',
    );
    expect(() => settings.set('ollama.api_url', 'not a url')).toThrow(/^Must be an http or https address/);
    expect(() => settings.set('cache.nonsense', 1)).toThrow('There is no setting cache.nonsense.');
    expect(saved).toEqual([]);
  });

  test('of what the environment sets is refused by the name of the variable', () => {
    const { settings } = open({ ollama: { keep_alive: '1h' } }, { OLLAMA__KEEP_ALIVE: '30m' });
    expect(settings.config.ollama.keep_alive).toBe('30m');
    expect(settings.view(undefined).locked).toEqual({ 'ollama.keep_alive': 'OLLAMA__KEEP_ALIVE' });
    expect(() => settings.set('ollama.keep_alive', '5m')).toThrow(/^Set by OLLAMA__KEEP_ALIVE in the environment/);
  });

  test('over a file that was spoiled meanwhile is refused with what is wrong there', () => {
    const save = (): never => {
      throw new SyntaxError('Unexpected token');
    };
    const settings = new Settings({ data: {}, env: {}, path: '/data/config.json', save });
    expect(() => settings.set('cache.ttl_seconds', 60)).toThrow(
      /^\/data\/config\.json was edited and is not valid JSON/,
    );
    expect(settings.config.cache.ttl_seconds).toBe(3600);
  });

  test('that waits for a restart is shown beside the value in use', () => {
    const { settings } = open();
    const running = settings.config;
    settings.set('server.port', 8090);
    expect(settings.view(running)).toMatchObject({
      values: { 'server.port': 8090 },
      waiting_for_restart: { 'server.port': 8080 },
    });
    expect(settings.view(settings.config).waiting_for_restart).toEqual({});
  });

  test.each([
    ['EROFS', 'Make the folder writable'],
    ['ENOSPC', 'Free some space'],
  ])('on a disk that takes nothing (%s) is refused with what to do, and nothing changes', (code, cure) => {
    const save = (): never => {
      throw Object.assign(new Error('no'), { code });
    };
    const settings = new Settings({ data: {}, env: {}, path: '/data/config.json', save });
    expect(() => settings.set('cache.ttl_seconds', 60)).toThrow(
      `The settings cannot be saved in /data/config.json (${code}). ${cure}, then try again.`,
    );
    expect(settings.config.cache.ttl_seconds).toBe(3600);
  });
});

describe('Hearth and Ollama', () => {
  test('cannot have one address: the port is refused, and so is the address', () => {
    const { settings } = open({});
    expect(() => settings.set('server.port', 11_434)).toThrow(
      'Ollama answers there (http://127.0.0.1:11434). Hearth stands in front of it and needs a port of its own. It is still 8080.',
    );
    expect(() => settings.set('ollama.api_url', 'localhost:8080')).toThrow('That is Hearth itself.');
    expect(settings.config.server.port).toBe(8080);
    settings.set('ollama.api_url', 'http://192.168.1.20:8080');
    settings.set('server.port', 11_434);
  });
});

describe('the notice of settings that are not used', () => {
  const told = (data: Data, demo = false) => {
    const { settings } = open(data);
    const notices = new Notices(() => undefined);
    const shown: string[] = [];
    const show = (path: string): void => void shown.push(path);
    const parts = { settings, notices, log: NO_LOG, openFile: () => Promise.resolve(), show };
    tellOfTheStart(parts, { data, trouble: undefined, blocked: false }, demo);
    return { notices, shown, notice: notices.view()[0] };
  };

  test('the demo says what it is, and nothing else does', () => {
    expect(told({}, true).notice?.text).toContain('This is the demo: a simulated Ollama answers');
    expect(told({}).notice).toBeUndefined();
  });

  test('leads with the value that is not in use, leads to it, and can be dismissed', async () => {
    const { notices, shown, notice } = told({ someday: { more: 1 }, cache: { ttl_seconds: '1h' } });
    expect(notice?.text).toBe('One setting is not used as written. The default is in its place.');
    expect(notice?.more).toMatch(/cache\.ttl_seconds must be .* And 1 more\.$|cache\.ttl_seconds must be .*"1h"\.$/);
    expect(notice?.buttons.map(({ label }) => label)).toEqual(['Show', 'Open file', 'Dismiss']);
    await notices.answer(notice?.id ?? '', 'show');
    expect(shown).toEqual(['cache.ttl_seconds']);
    expect(notices.view()).toEqual([]);
  });

  test('of a key that nobody knows has nothing to show', () => {
    const { notice } = told({ someday: { more: 1 } });
    expect(notice?.text).toBe('One line in the settings file is not understood.');
    expect(notice?.buttons.map(({ label }) => label)).toEqual(['Open file', 'Dismiss']);
  });
});

describe('a file', () => {
  test('with a wrong value and a foreign key works, says so, and loses neither', () => {
    const { settings, saved } = open({ cache: { ttl_seconds: '1h' }, someday: { more: 1 } });
    expect(settings.config.cache.ttl_seconds).toBe(3600);
    expect(settings.problems).toHaveLength(2);
    expect(Object.keys(settings.view(undefined).problems)).toEqual(['cache.ttl_seconds']);
    settings.set('queue.max_concurrent', 2);
    expect(saved.at(-1)).toMatchObject({ cache: { ttl_seconds: '1h' }, someday: { more: 1 } });
  });

  test('that is being read while the form saves does not undo what was saved', async () => {
    const { settings } = open({ cache: { ttl_seconds: 5 } });
    const onDisk: Data[] = [{ cache: { ttl_seconds: 5 } }];
    const notices = new Notices(() => undefined);
    const parts = { settings, notices, log: NO_LOG, openFile: () => Promise.resolve(), show: () => undefined };
    await reread(parts, async (path) => {
      const data = onDisk.at(-1);
      // The read began before the form's save and ends after it.
      if (onDisk.length === 1) {
        settings.set('cache.ttl_seconds', 7);
        onDisk.push({ cache: { ttl_seconds: 7 } });
      }
      await Promise.resolve();
      return { path, data };
    });
    expect(settings.config.cache.ttl_seconds).toBe(7);
    expect(notices.view()).toEqual([]);
  });

  test('that was edited well is taken over; a bad edit keeps the old values', () => {
    const { settings } = open();
    settings.reread({ cache: { ttl_seconds: 5 } });
    expect(settings.config.cache.ttl_seconds).toBe(5);
    expect(() => settings.reread({ cache: { ttl_seconds: 'x' } })).toThrow(/The old values stay in use\.$/);
    for (const data of [null, [], 'text', 5]) {
      expect(() => settings.reread(data)).toThrow(
        '/data/config.json must hold one JSON object. The old values stay in use.',
      );
    }
    expect(settings.config.cache.ttl_seconds).toBe(5);
  });

  test('of somebody else gives what is valid in it, and sentences about the rest', () => {
    const { settings } = open();
    const { changed, problems } = settings.import(
      { cache: { ttl_seconds: 5, replay: 'sideways' }, queue: { max_concurrent: 2 }, unknown: {} },
      '/in.json',
    );
    expect(changed).toBe(2);
    expect(problems).toHaveLength(2);
    expect(settings.config).toMatchObject({
      cache: { ttl_seconds: 5, replay: 'smooth' },
      queue: { max_concurrent: 2 },
    });
    expect(settings.exported()).toEqual({
      data: { cache: { ttl_seconds: 5 }, queue: { max_concurrent: 2 } },
      leftOut: [],
    });
  });
});

describe('the file at the start', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hearth-settings-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const now = new Date('2026-01-02T03:04:05Z');

  test('may be missing', () => {
    expect(openSettings(join(folder, 'config.json'), now)).toEqual({ data: {}, trouble: undefined, blocked: false });
  });

  test.each([
    ['broken', '{"cache":'],
    ['a list', '[]'],
    ['binary', '\0\0'],
  ])('that is %s is kept aside', (_what, text) => {
    const path = join(folder, 'config.json');
    writeFileSync(path, text);
    const { data, trouble, blocked } = openSettings(path, now);
    expect({ data, blocked }).toEqual({ data: {}, blocked: false });
    expect(trouble?.text).toBe('The settings file is not valid JSON, so the defaults are in use.');
    const [kept = ''] = readdirSync(folder);
    expect(kept).toBe('config.bad-2026-01-02T03-04-05.json');
    expect(readFileSync(join(folder, kept), 'utf8')).toBe(text);
  });

  test('of a newer version is used as far as it is known, and a copy is kept', () => {
    const path = join(folder, 'config.json');
    writeFileSync(path, JSON.stringify({ $version: SETTINGS_VERSION + 1, cache: { ttl_seconds: 9 } }));
    const { data, trouble } = openSettings(path, now);
    expect(data).toMatchObject({ cache: { ttl_seconds: 9 } });
    expect(trouble?.text).toBe('The settings were written by a newer Hearth.');
    expect(readdirSync(folder)).toHaveLength(2);
    // The next start finds the same file.
    openSettings(path, new Date('2026-01-03T03:04:05Z'));
    expect(readdirSync(folder)).toHaveLength(2);
  });

  test('that cannot be read is left alone, and nothing is written over it', () => {
    expect(openSettings(folder, now)).toMatchObject({ data: {}, blocked: true });
  });
});
