// The packed app: what is in it, which doors its fuses close, and that it runs: gateway, tray, window.
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { extractFile, listPackage } from '@electron/asar';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/desktop/real-app.ts';
import { family, isAlive, projectRoot } from '../support/desktop/processes.ts';
import { startBus, startScreen, type Service } from '../support/desktop/screen.ts';
import { TrayHost } from '../support/desktop/panel.ts';
import { startFakeOllama, type FakeOllama } from '../support/fake-ollama/fake-ollama.ts';

const project = projectRoot();
const folder = join(project, 'release', 'linux-unpacked');
const program = join(folder, 'hearth');
let files: string[] = [];

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await promisify(execFile)(process.execPath, [join(project, 'dist', 'main', 'launch', 'pack.js'), '--dir'], {
    cwd: project,
    timeout: 110_000,
  });
  files = listPackage(join(folder, 'resources', 'app.asar'), { isPack: false }).map((path) =>
    path.replaceAll('\\', '/'),
  );
});

describe('the archive', () => {
  test('holds what the app loads', () => {
    for (const path of [
      '/package.json',
      '/dist/desktop/main.js',
      '/dist/main/preload.cjs',
      '/dist/renderer/index.html',
      '/assets/icons/tray/tray-idle-on-any-24.png',
    ]) {
      expect(files).toContain(path);
    }
  });

  test('holds the program, its pictures and nothing else: the packages are in the bundle', () => {
    const rest = files.filter(
      (path) =>
        !/^\/(package\.json|LICENSE|dist|assets|assets\/icons)$/.test(path) &&
        !/^\/dist\/(desktop(\/main\.js|\/hearth-sqlite-linux-\w+\.node)?|main(\/preload\.cjs)?)$/.test(path) &&
        !/^\/dist\/renderer(\/|$)/.test(path) &&
        !/^\/assets\/icons\/(tray(\/[\w@-]+\.png)?|icon-256\.png|icon\.ico)$/.test(path),
    );
    expect(rest).toEqual([]);
    // The listing has what lies beside the archive too.
    const library = `hearth-sqlite-linux-${process.arch}.node`;
    expect(files.filter((path) => path.endsWith('.node'))).toEqual([`/dist/desktop/${library}`]);
    expect(readdirSync(join(folder, 'resources', 'app.asar.unpacked', 'dist', 'desktop'))).toEqual([library]);
    expect(files.filter((path) => path.endsWith('.map'))).toEqual([]);
  });

  test('says which desktop file its windows belong to', () => {
    const { desktopName } = JSON.parse(
      extractFile(join(folder, 'resources', 'app.asar'), 'package.json').toString(),
    ) as { desktopName?: string };
    expect(desktopName).toBe('hearth.desktop');
  });

  test('comes with the licence texts of what is inside', () => {
    const text = readFileSync(join(folder, 'resources', 'licenses.txt'), 'utf8');
    for (const name of ['router', 'zod', 'preact', 'uplot', 'undici', 'electron-store']) {
      expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'));
    }
    expect(existsSync(join(folder, 'LICENSES.chromium.html'))).toBe(true);
  });
});

test('no language is packed that the app does not speak', () => {
  expect(readdirSync(join(folder, 'locales'))).toEqual(['de.pak', 'en-US.pak']);
});

test('what is in release is finished: nothing of the work is left', () => {
  expect(readdirSync(join(project, 'release')).filter((name) => /^(\.|__|builder-)/.test(name))).toEqual([]);
});

test('the fuses are set', async () => {
  const wire = await getCurrentFuseWire(program);
  /** In the wire a fuse is the digit 0 or 1 as a character (@electron/fuses, FuseState). */
  const states = (on: boolean, ...options: FuseV1Options[]): void => {
    const found = Object.fromEntries(options.map((option) => [FuseV1Options[option], wire[option] === 0x31]));
    expect(found).toEqual(Object.fromEntries(options.map((option) => [FuseV1Options[option], on])));
  };
  states(
    false,
    FuseV1Options.RunAsNode,
    FuseV1Options.EnableNodeOptionsEnvironmentVariable,
    FuseV1Options.EnableNodeCliInspectArguments,
    FuseV1Options.GrantFileProtocolExtraPrivileges,
  );
  states(
    true,
    FuseV1Options.OnlyLoadAppFromAsar,
    FuseV1Options.EnableEmbeddedAsarIntegrityValidation,
    FuseV1Options.EnableCookieEncryption,
  );
});

describe('the packed app', () => {
  let services: Service[] = [];
  let panel: TrayHost;
  let fake: FakeOllama;
  let child: ChildProcess;
  let port = 0;
  let debugPort = 0;
  let home = '';
  let ended: Promise<number | null>;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'hearth-packed-'));
    writeFileSync(join(home, 'state.json'), '{"first_run_done":true}');
    services = [await startScreen(), await startBus()];
    const [screen, bus] = services;
    panel = await TrayHost.start(bus?.address ?? '');
    fake = await startFakeOllama();
    port = await freePort();
    debugPort = await freePort();
    // The inspect fuse is off, so the window is driven as any browser's page; ELECTRON_RUN_AS_NODE must do nothing.
    child = spawn(program, ['--no-sandbox', '--disable-gpu', `--remote-debugging-port=${debugPort}`], {
      stdio: 'ignore',
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: home,
        DISPLAY: screen?.address ?? '',
        DBUS_SESSION_BUS_ADDRESS: bus?.address ?? '',
        NO_AT_BRIDGE: '1',
        HEARTH_DATA_DIR: home,
        PORT: String(port),
        OLLAMA_API_URL: fake.url,
        OLLAMA_MODEL: 'llama3.2',
        ELECTRON_RUN_AS_NODE: '1',
        NODE_OPTIONS: '--require=/nonexistent.js',
      },
    });
    ended = new Promise((done) => child.once('exit', (code) => done(code)));
    await panel.registration(1);
  });

  afterAll(async () => {
    if (child.exitCode === null) child.kill('SIGKILL');
    await fake.stop();
    panel.stop();
    for (const service of services) await service.stop();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  });

  test('has a tray, answers, and keeps on disk', async () => {
    await panel.until(({ tooltip }) => tooltip.startsWith('llama3.2'), 'a tooltip with the model');
    const answer = await fetch(`http://127.0.0.1:${port}/api/chat-optimized`, {
      method: 'POST',
      body: JSON.stringify({ messages: [{ role: 'user', content: 'packed' }] }),
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ cached: false, model: 'llama3.2' });
    const health = (await (await fetch(`http://127.0.0.1:${port}/health`)).json()) as { notices?: unknown };
    expect(health.notices).toBeUndefined();
    expect(existsSync(join(home, 'hearth.db'))).toBe(true);
  });

  test('has a window with the same page', async () => {
    const browser = await chromium.connectOverCDP(`http://127.0.0.1:${debugPort}`);
    const [page] = browser.contexts().flatMap((context) => context.pages());
    expect(page?.url()).toBe('app://hearth/index.html?language=en');
    await page?.getByRole('tab', { name: 'Overview' }).waitFor();
    await browser.close();
  });

  test('ends with all its processes on SIGTERM', async () => {
    const members = family(child.pid ?? 0);
    expect(members.length).toBeGreaterThan(1);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    await expect.poll(() => members.filter(isAlive).length, { timeout: 5000 }).toBe(0);
  });
});
