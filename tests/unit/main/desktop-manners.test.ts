// Start at login, the log, the ollama program, notices, and what is worth a notification.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AppState } from '../../../backend/contract/views/app-state.ts';
import { OriginApprovals } from '../../../backend/core/access/origin-approvals.ts';
import { openLog } from '../../../main/log.ts';
import { setLoginItem, startCommand } from '../../../main/settings/login-item.ts';
import { Notices } from '../../../main/notices/notices.ts';
import { OllamaProgram } from '../../../main/gateway/ollama-program.ts';
import { askAboutOrigins } from '../../../main/notices/origin-notices.ts';
import { Settings } from '../../../main/settings/settings.ts';
import { worthSaying } from '../../../main/notices/state-notifications.ts';
import { NO_LOG } from '../../support/builders.ts';
import { queueEntry } from '../../support/live-view.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hearth-home-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('start at login', () => {
  const linux = { platform: 'linux' as const, env: {}, setLoginItem: () => undefined };

  test('writes one file on Linux, and takes it away again', () => {
    const file = join(home, '.config', 'autostart', 'hearth.desktop');
    const options = { ...linux, home, command: ['/opt/my apps/hearth', '/a$b'] };
    setLoginItem(true, options);
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/^\[Desktop Entry\]\nType=Application\n/);
    expect(text).toContain(String.raw`Exec="/opt/my apps/hearth" "/a\\$b" --hidden`);
    setLoginItem(false, options);
    expect(existsSync(file)).toBe(false);
    setLoginItem(false, options);
  });

  test('follows XDG_CONFIG_HOME', () => {
    setLoginItem(true, { ...linux, home, env: { XDG_CONFIG_HOME: join(home, 'cfg') }, command: ['/usr/bin/hearth'] });
    expect(readFileSync(join(home, 'cfg', 'autostart', 'hearth.desktop'), 'utf8')).toContain(
      'Exec=/usr/bin/hearth --hidden\n',
    );
  });

  test('takes no relative XDG_CONFIG_HOME, and asks nothing of a home that cannot have the folder', () => {
    setLoginItem(true, { ...linux, home, env: { XDG_CONFIG_HOME: 'cfg' }, command: ['/usr/bin/hearth'] });
    expect(existsSync(join(home, '.config', 'autostart', 'hearth.desktop'))).toBe(true);
    expect(existsSync('cfg')).toBe(false);
    const file = join(home, 'a file');
    writeFileSync(file, '');
    setLoginItem(false, { ...linux, home: file, command: ['/usr/bin/hearth'] });
  });

  test('starts the app as it was started: packed, as an AppImage, or from its project', () => {
    const packed = { env: {}, execPath: '/opt/hearth', argv: ['/opt/hearth'], isPackaged: true, project: '/p' };
    expect(startCommand(packed)).toEqual(['/opt/hearth']);
    expect(startCommand({ ...packed, env: { APPIMAGE: '/home/me/Hearth.AppImage' } })).toEqual([
      '/home/me/Hearth.AppImage',
    ]);
    const project = { ...packed, execPath: '/e/electron', isPackaged: false };
    expect(startCommand(project)).toEqual(['/e/electron', '/p']);
    expect(startCommand({ ...project, argv: ['/e/electron', '--no-sandbox', '/p'] })).toEqual([
      '/e/electron',
      '/p',
      '--no-sandbox',
    ]);
    // The fetched Electron knows its project by the variable alone.
    expect(startCommand({ ...project, env: { HEARTH_PROJECT: '/p' } })).toEqual([
      '/usr/bin/env',
      'HEARTH_PROJECT=/p',
      '/e/electron',
    ]);
  });

  test('is the system’s own list on macOS and Windows', () => {
    const set = vi.fn<(settings: object) => void>();
    setLoginItem(true, { platform: 'darwin', env: {}, home, command: ['x'], setLoginItem: set });
    expect(set).toHaveBeenCalledWith({ openAtLogin: true, args: ['--hidden'] });
    expect(existsSync(join(home, '.config'))).toBe(false);
  });
});

describe('the log', () => {
  test('that cannot be written says so once, and comes back by itself when it can', async () => {
    const file = join(home, 'logs', 'hearth.log');
    // Root may write into a read-only file; not into a folder in its place.
    mkdirSync(file, { recursive: true });
    let now = 0;
    const { log, onTrouble, close } = openLog(join(home, 'logs'), 'fatal', () => now);
    const told: (string | undefined)[] = [];
    onTrouble((trouble) => told.push(trouble));
    await expect.poll(() => told).toEqual([expect.stringMatching(/^There is no log: .*logs cannot be written/)]);
    rmSync(file, { recursive: true });
    now = 60_000;
    log.level = 'info';
    log.info({}, 'there is space again');
    await expect.poll(() => told).toEqual([expect.any(String), undefined]);
    await close();
    expect(readFileSync(file, 'utf8')).toContain('there is space again');
  });

  test('makes its folder, and is written to the end when it closes', async () => {
    const { log, close } = openLog(join(home, 'a', 'logs'), 'info', () => 0);
    for (let i = 0; i < 100; i++) log.info({ i }, 'line');
    await close();
    expect(
      readFileSync(join(home, 'a', 'logs', 'hearth.log'), 'utf8')
        .trim()
        .split('\n'),
    ).toHaveLength(100);
  });
});

describe('the ollama program', () => {
  function program(env: Record<string, string>) {
    let told = (): void => undefined;
    const failures: string[] = [];
    const ollama = new OllamaProgram({
      platform: process.platform,
      env,
      home,
      log: NO_LOG,
      onChange: () => told(),
      onFailed: (sentence) => failures.push(sentence),
    });
    return { ollama, failures, changed: () => new Promise<void>((resolve) => (told = resolve)) };
  }
  const path = (): string => join(home, process.platform === 'win32' ? 'ollama.exe' : 'ollama');
  /** Installs a Node under Ollama's name, which is a program on every system. It runs this before all else. */
  const install = (script: string): Record<string, string> => {
    if (process.platform === 'win32') copyFileSync(process.execPath, path());
    else symlinkSync(process.execPath, path());
    const first = join(home, 'first.cjs');
    writeFileSync(first, script);
    return { PATH: home, NODE_OPTIONS: `--require ${JSON.stringify(first)}` };
  };

  test('is found on the PATH, started on the address that Hearth asks, and ended with Hearth', async () => {
    const said = join(home, 'said');
    const { ollama, failures } = program(
      install(`
        const { appendFileSync } = require('node:fs');
        appendFileSync(${JSON.stringify(said)}, process.argv[1] + ' ' + process.env.OLLAMA_HOST + '\\n');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // for ever
      `),
    );
    expect(ollama.path).toBe(path());
    // Two at once, as by two presses, are one.
    await Promise.all([ollama.start('http://127.0.0.1:11999'), ollama.start('http://127.0.0.1:11999')]);
    expect(ollama.started).toBe(true);
    await ollama.start('http://127.0.0.1:11999');
    await expect.poll(() => readFileSync(said, 'utf8')).toMatch(/serve 127\.0\.0\.1:11999\n$/);
    await ollama.stop();
    expect(ollama.started).toBe(false);
    expect(failures).toEqual([]);
  });

  test.each([
    ['well', 0, []],
    ['badly', 3, ['Ollama was started and ended again (exit code 3). In a terminal, “ollama serve” says why.']],
  ])('that ends %s by itself is noticed', async (_how, code, said) => {
    const { ollama, failures, changed } = program(install(`process.exit(${code})`));
    await ollama.start('http://localhost:11434');
    await changed();
    expect(ollama.started).toBe(false);
    expect(failures).toEqual(said);
  });

  test('is not started for another machine, nor when it is missing', async () => {
    const { ollama } = program({ PATH: join(home, 'empty') });
    await expect(ollama.start('http://192.168.1.20:11434')).rejects.toMatchObject({ code: 'invalid_request' });
    if (ollama.path === undefined) {
      await expect(ollama.start('http://127.0.0.1:11434')).rejects.toMatchObject({ code: 'not_found' });
    }
  });
});

describe('notices', () => {
  test('are newest first, replaced by id, and bounded', () => {
    const notices = new Notices(() => undefined);
    for (let i = 0; i < 30; i++) notices.add({ id: `n${i}`, level: 'info', text: `${i}` });
    notices.add({ id: 'n29', level: 'info', text: 'again' });
    expect(notices.view()).toHaveLength(20);
    expect(notices.view()[0]).toMatchObject({ id: 'n29', text: 'again' });
  });

  test('go away when answered, and their button does its work once', async () => {
    const notices = new Notices(() => undefined);
    const act = vi.fn<() => void>();
    notices.add({ id: 'a', level: 'info', text: 'x', buttons: [{ id: 'go', label: 'Go', act }] });
    await expect(notices.answer('a', 'other')).rejects.toMatchObject({ code: 'not_found' });
    await notices.answer('a', 'go');
    expect(act).toHaveBeenCalledTimes(1);
    await expect(notices.answer('a', 'go')).rejects.toMatchObject({ code: 'not_found' });
    expect(notices.view()).toEqual([]);
  });
});

describe('web pages that want to come in', () => {
  const parts = () => {
    const notices = new Notices(() => undefined);
    const originApprovals = new OriginApprovals();
    const settings = new Settings({ data: {}, env: {}, path: '', save: () => undefined });
    askAboutOrigins({ notices, originApprovals, settings });
    const shown = (): string[] => notices.view().map(({ text, more }) => `${text.split(' ', 1)[0]} ${more ?? ''}`);
    return { notices, originApprovals, settings, shown };
  };

  test('stand in the order in which they came, so that no button changes under the pointer', () => {
    const { notices, originApprovals, shown } = parts();
    originApprovals.refused('https://mine.example');
    originApprovals.refused('https://evil.example');
    originApprovals.refused('https://evil.example');
    expect(shown()).toEqual([
      'https://mine.example It asked once and got nothing.',
      'https://evil.example It asked twice and got nothing.',
    ]);
    notices.add({ id: 'other', level: 'info', text: 'news' });
    originApprovals.refused('https://third.example');
    expect(shown().map((text) => text.split(' ', 1)[0])).toEqual([
      'news',
      'https://mine.example',
      'https://evil.example',
      'https://third.example',
    ]);
  });

  test('what is answered goes, by its button or in the settings', async () => {
    const { notices, originApprovals, settings, shown } = parts();
    for (const name of ['a', 'b', 'c', 'd']) originApprovals.refused(`https://${name}.example`);
    await notices.answer('origin https://a.example', 'always');
    await notices.answer('origin https://b.example', 'session');
    await notices.answer('origin https://c.example', 'block');
    expect(settings.config.cors).toMatchObject({ blocked_origins: ['https://c.example'] });
    expect(settings.config.cors.allowed_origins).toContain('https://a.example');
    expect(originApprovals.isAdmitted('https://b.example')).toBe(true);
    settings.set('cors.allowed_origins', ['https://d.example']);
    expect(shown()).toEqual([]);
  });
});

describe('outside the window is said', () => {
  const up: AppState = { is: 'ready', warm: true };
  const down = (upstream: object = {}): AppState => ({ is: 'ollama_down', upstream });

  test('that Ollama went, that it came back, and neither twice', () => {
    expect(worthSaying(up, down())?.title).toBe('Ollama is not running');
    expect(worthSaying(down(), down())).toBeUndefined();
    expect(worthSaying(down(), up)?.title).toBe('Ollama is back');
    expect(worthSaying(up, up)).toBeUndefined();
  });

  test('that an answer hangs, once', () => {
    const stuck: AppState = { is: 'stuck', entry: queueEntry({}), silentMs: 200_000 };
    expect(worthSaying(up, stuck)?.body).toContain('cancel');
    expect(worthSaying(stuck, stuck)).toBeUndefined();
    expect(worthSaying(stuck, up)).toBeUndefined();
  });

  test('what is in the way, in the words of the tray', () => {
    expect(worthSaying(up, down({ code: 'upstream_unauthorized' }))?.title).toBe('Ollama wants a key');
    expect(worthSaying(up, down({ foreign: true }))?.title).toBe('No Ollama at its address');
  });

  test('nothing of Ollama while the gateway starts, stops, or has not looked yet', () => {
    for (const is of ['starting', 'stopping', 'stopped', 'looking'] as const) {
      expect(worthSaying({ is }, down())).toBeUndefined();
      expect(worthSaying(down(), { is })).toBeUndefined();
    }
  });

  test('that the gateway failed, once', () => {
    const failed: AppState = { is: 'failed', failure: { kind: 'other', sentence: 'why' } };
    expect(worthSaying(up, failed)).toEqual({ title: 'The gateway could not start', body: 'why' });
    expect(worthSaying(failed, failed)).toBeUndefined();
  });
});
