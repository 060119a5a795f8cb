// The tray, as a panel sees it and as a user clicks it: the real app on a real bus, every entry clicked, each effect
// observed from outside: over HTTP, in files, at the fake Ollama, among the processes.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bridge } from '../../backend/contract/window/desktop.ts';
import { startDesktop, type Desktop } from '../support/desktop/real-app.ts';
import { NotificationDaemon } from '../support/desktop/notification-daemon.ts';
import { entryAt, type TrayView } from '../support/desktop/panel.ts';
import { piecesOf } from '../support/hearth.ts';
import { eventually } from '../support/waiting.ts';

let desktop: Desktop;
/** A stand-in for the desktop's file manager: writes down what it was asked to open. */
let opened = '';
let tools = '';

beforeAll(async () => {
  tools = mkdtempSync(join(tmpdir(), 'hearth-tools-'));
  writeFileSync(join(tools, 'xdg-open'), '#!/bin/sh\necho "$1" > "$HOME/opened"\n');
  chmodSync(join(tools, 'xdg-open'), 0o755);
  desktop = await startDesktop({ env: { PATH: `${tools}:${process.env['PATH'] ?? ''}` } });
  opened = join(desktop.home, 'opened');
  await desktop.ready();
});
afterAll(async () => {
  await desktop.stop();
  rmSync(tools, { recursive: true, force: true });
});

const health = async (): Promise<{ queue: { running: number; length: number; paused: boolean } }> =>
  (await (await fetch(`${desktop.url}/health`)).json()) as never;

test('registers within the first moments, with a tooltip, an icon and a menu', async () => {
  const { tooltip, icon, menu } = await desktop.tray.until((view) => view.tooltip.startsWith('llama3.2'));
  expect(tooltip).toBe('llama3.2 cold · 0 running · 0 queued');
  expect(icon.width).toBeGreaterThanOrEqual(16);
  expect(icon.pixels.some((byte) => byte !== 0)).toBe(true);
  expect(menu.map(({ type, label, enabled }) => (type === 'separator' ? '-' : enabled ? label : `[${label}]`))).toEqual(
    [
      '[Ready, no model loaded]',
      'Open Hearth',
      '-',
      'Pause new work',
      '[Running]',
      '-',
      'Warm model',
      '[Unload]',
      '[Free VRAM]',
      '-',
      '[Recent notices]',
      'Copy address',
      'Connect an app…',
      '[Clear cache (0 entries, 0 MB)…]',
      '-',
      'Statistics…',
      'Settings…',
      'Open logs folder',
      'Start at login',
      '-',
      'Stop gateway',
      'Quit Hearth',
    ],
  );
});

// Before anything is clicked: what follows from what the user did is not told.
test('an Ollama that comes and goes is seen in the tray, told twice, and noted once', async () => {
  const daemon = await NotificationDaemon.start(desktop.env['DBUS_SESSION_BUS_ADDRESS'] ?? '');
  const ready = await desktop.tray.until(({ menu }) => entryAt(menu, ['Ready']) !== undefined, 'a gateway at rest');
  const look = (): Promise<void> => desktop.app.evaluate(({ powerMonitor }) => void powerMonitor.emit('resume'));
  const goes = async (): Promise<TrayView> => {
    await desktop.fake.goDown();
    await look();
    return await desktop.tray.until(({ menu }) => entryAt(menu, ['Ollama is not running']) !== undefined, 'bad news');
  };
  const comesBack = async (): Promise<void> => {
    await desktop.fake.comeBack();
    await look();
    await desktop.tray.until(({ menu }) => entryAt(menu, ['Ready']) !== undefined, 'good news');
  };
  const down = await goes();
  expect(down.icon.pixels.equals(ready.icon.pixels)).toBe(false);
  expect(entryAt(down.menu, ['Warm model'])?.enabled).toBe(false);
  expect(entryAt(down.menu, ['Recent notices (1)'])?.enabled).toBe(true);
  await comesBack();
  await goes();
  await comesBack();
  // What was told before it has been told when it comes.
  await desktop.app.evaluate(({ Notification }) => new Notification({ title: 'The last' }).show());
  await daemon.until('The last');
  expect(daemon.titles).toEqual(['Ollama is not running', 'Ollama is back', 'The last']);
  daemon.stop();
  await desktop.tray.click('Recent notices', 'All notices…');
  const list = (await desktop.window()).getByRole('region', { name: 'Recent notices' });
  await list.getByText(/^Over, .*, 2 times$/).waitFor();
  expect(await list.evaluate((element) => element === document.activeElement)).toBe(true);
});

test('Warm model loads it, Unload takes it away', async () => {
  await desktop.tray.click('Warm model', 'llama3.2');
  await desktop.fake.until((fake) => fake.loaded().some(({ name }) => name.startsWith('llama3.2')));
  await desktop.tray.until(({ tooltip }) => tooltip.startsWith('llama3.2 warm'), 'a tooltip that says warm');
  await desktop.tray.click('Unload', 'llama3.2');
  await desktop.fake.until((fake) => fake.loaded().length === 0);
  await desktop.tray.until(({ tooltip }) => tooltip.startsWith('llama3.2 cold'), 'a tooltip that says cold');
});

test('Running ▸ Cancel ends the run upstream; icon and tooltip follow it', async () => {
  const idle = (await desktop.tray.view()).icon.pixels;
  const gate = desktop.fake.gate();
  const answer = desktop.chat('cancel me', { stream: true });
  const busy = await desktop.tray.until(({ tooltip }) => tooltip.includes('1 running'), 'a running request');
  expect(busy.icon.pixels.equals(idle)).toBe(false);
  await desktop.tray.click('Running', 'Cancel llama3.2');
  const pieces = await piecesOf(await answer);
  expect(pieces.at(-1)).toMatchObject({ done: true, code: 'cancelled' });
  await desktop.fake.until(({ open }) => open === 0);
  gate.release();
  const rest = await desktop.tray.until(({ tooltip }) => tooltip.includes('0 running'), 'nothing running');
  expect(entryAt(rest.menu, ['Running'])?.enabled).toBe(false);
});

test('whom it answers stands on top, one line for all who share a run, and its age goes on', async () => {
  const gate = desktop.fake.gate();
  const answers = ['shared', 'shared'].map((content) => desktop.chat(content, { stream: true }));
  const age = ({ menu }: TrayView): number =>
    Number(/^Answering: .* and 1 more, (\d+) s$/.exec(menu[0]?.label ?? '')?.[1] ?? -1);
  const seen = age(await desktop.tray.until((view) => age(view) >= 0, 'one line for two'));
  await desktop.tray.until((view) => age(view) > seen, 'an age that goes on');
  await desktop.tray.click('Answering');
  await (await desktop.window()).getByRole('tab', { name: /^Queue/, selected: true }).waitFor();
  gate.release();
  for (const answer of answers) await (await answer).text();
  await desktop.tray.until(({ menu }) => entryAt(menu, ['Ready']) !== undefined, 'rest');
});

test('Free VRAM unloads what nobody uses', async () => {
  await desktop.tray.click('Free VRAM (');
  await desktop.fake.until((fake) => fake.loaded().length === 0);
  await desktop.tray.until(({ menu }) => entryAt(menu, ['Free VRAM'])?.enabled === false, 'a free card');
});

test('keys open the window from everywhere once the settings name some, and taken ones are told', async () => {
  const page = await desktop.window();
  const set = (path: string, value: string): Promise<unknown> =>
    page.evaluate(
      async ([path, value]) =>
        await (globalThis as unknown as { hearth: Bridge }).hearth.call('set_setting', { path, value }),
      [path, value] as const,
    );
  const windows = (): Promise<number> =>
    desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length);
  // Somebody else has these.
  await desktop.app.evaluate(({ globalShortcut }) => void globalShortcut.register('Ctrl+Alt+J', () => undefined));
  await set('app.shortcut', 'Ctrl+Alt+J');
  await page.getByText('Ctrl+Alt+J opens nothing').waitFor();
  await set('app.shortcut', 'Ctrl+Alt+H');
  await page.getByText('Ctrl+Alt+J opens nothing').waitFor({ state: 'detached' });
  await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
  await eventually('no window', async () => (await windows()) === 0);
  execFileSync('xdotool', ['key', 'ctrl+alt+h'], { env: desktop.env });
  await eventually('a window', async () => (await windows()) === 1);
});

test('tray and window change their language at once', async () => {
  const page = await desktop.window();
  const speak = (value: string): Promise<unknown> =>
    page.evaluate(
      async (value) =>
        await (globalThis as unknown as { hearth: Bridge }).hearth.call('set_setting', { path: 'app.language', value }),
      value,
    );
  await speak('de');
  await desktop.tray.until(({ menu }) => entryAt(menu, ['Hearth beenden']) !== undefined, 'a German menu');
  await page.locator('html[lang=de]').waitFor();
  await page.getByRole('tab', { name: 'Einstellungen' }).waitFor();
  await speak('auto');
  await desktop.tray.until(({ menu }) => entryAt(menu, ['Quit Hearth']) !== undefined, 'the language of the system');
});

test('Pause new work lets requests wait, with a check mark, and none is lost', async () => {
  await desktop.tray.click('Pause new work');
  const paused = await desktop.tray.until(({ menu }) => entryAt(menu, ['Pause new'])?.checked === true, 'a check mark');
  expect(paused.tooltip).toContain('paused');
  const answer = desktop.chat('while paused');
  await eventually('a request that waits', async () => (await health()).queue.length === 1);
  await desktop.tray.click('Pause new work');
  expect((await answer).status).toBe(200);
  expect((await health()).queue.paused).toBe(false);
});

test('Clear cache shows its size, and asks in the window before it empties it', async () => {
  await (await desktop.chat('keep this')).text();
  expect((await desktop.chat('keep this')).headers.get('x-cache')).toBe('HIT');
  await desktop.tray.click('Clear cache (');
  const page = await desktop.window();
  await page.getByText(/^Clear \d+ answers?\? /).waitFor();
  expect((await desktop.chat('keep this')).headers.get('x-cache')).toBe('HIT');
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await desktop.tray.until(({ menu }) => entryAt(menu, ['Clear cache (0'])?.enabled === false, 'an empty cache');
  expect((await desktop.chat('keep this')).headers.get('x-cache')).toBe('MISS');
});

test('Copy address puts on the clipboard what other programs understand', async () => {
  const clipboard = (): Promise<string> => desktop.app.evaluate(({ clipboard }) => clipboard.readText());
  const here = `127.0.0.1:${desktop.port}`;
  for (const [entry, text] of [
    ['Gateway', `http://${here}`],
    ['OLLAMA_HOST', `OLLAMA_HOST=${here}`],
    ['OPENAI_BASE_URL', `OPENAI_BASE_URL=http://${here}/v1`],
  ] as const) {
    await desktop.tray.click('Copy address', entry);
    await eventually(`${entry} on the clipboard`, async () => (await clipboard()) === text);
  }
});

test('Statistics and Settings open the window at that view; closing it frees its page', async () => {
  await desktop.tray.click('Settings…');
  const page = await desktop.window();
  await page.getByRole('tab', { name: 'Settings', selected: true }).waitFor();
  await desktop.tray.click('Statistics…');
  await page.getByRole('tab', { name: 'Overview', selected: true }).waitFor();
  const count = (): Promise<number> =>
    desktop.app.evaluate(({ webContents }) => webContents.getAllWebContents().length);
  expect(await count()).toBe(1);
  await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
  await eventually('a freed page', async () => (await count()) === 0);
  expect((await fetch(`${desktop.url}/health`)).status).toBe(200);
});

test('Open logs folder opens the folder that the log is in', async () => {
  await desktop.tray.click('Open logs folder');
  await eventually('an opened folder', () => existsSync(opened) && readFileSync(opened, 'utf8').trim() !== '');
  const folder = readFileSync(opened, 'utf8').trim();
  expect(folder).toBe(join(desktop.dataFolder, 'logs'));
  expect(readFileSync(join(folder, 'hearth.log'), 'utf8')).toContain('"msg":');
});

test('Start at login is off, writes one file when asked, and takes it away again', async () => {
  const file = join(desktop.home, '.config', 'autostart', 'hearth.desktop');
  expect(existsSync(file)).toBe(false);
  await desktop.tray.click('Start at login');
  await desktop.tray.until(({ menu }) => entryAt(menu, ['Start at login'])?.checked === true, 'a check mark');
  expect(readFileSync(file, 'utf8')).toContain('--hidden');
  await desktop.tray.click('Start at login');
  await eventually('no autostart file', () => !existsSync(file));
});

test('Stop gateway lets a running stream end, Start gateway brings it back', async () => {
  const idle = (await desktop.tray.view()).icon.pixels;
  const gate = desktop.fake.gate();
  const answer = desktop.chat('through the stop', { stream: true });
  await desktop.fake.until(({ active }) => active === 1);
  await desktop.tray.click('Stop gateway');
  await desktop.tray.until(({ menu }) => entryAt(menu, ['Stopping'])?.enabled === false, 'a gateway that drains');
  gate.release();
  expect((await piecesOf(await answer)).at(-1)).toMatchObject({ done: true, done_reason: 'stop' });
  const stopped = await desktop.tray.until(
    ({ tooltip }) => tooltip === 'Hearth: Gateway is stopped',
    'a stopped gateway',
  );
  expect(stopped.icon.pixels.equals(idle)).toBe(false);
  await expect(fetch(`${desktop.url}/health`)).rejects.toThrow('fetch failed');
  await desktop.tray.click('Start gateway');
  await desktop.ready();
  expect((await desktop.chat('after the start')).status).toBe(200);
});

describe('Quit', () => {
  test('ends every process, with code 0, also while a stream runs', async () => {
    const gate = desktop.fake.gate();
    const answer = desktop.chat('last words', { stream: true });
    await desktop.fake.until(({ active }) => active === 1);
    expect(desktop.remember()).toBeGreaterThan(1);
    await desktop.tray.click('Quit');
    expect((await piecesOf(await answer)).at(-1)).toMatchObject({ done: true, code: 'shutting_down' });
    expect(await desktop.ended).toBe(0);
    gate.release();
  });
});
