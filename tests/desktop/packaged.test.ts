// The packed app: what is in it, which doors its fuses close, that it runs: gateway, tray, window, command line; and that it keeps what
// an older version of it has left.
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { extractFile, listPackage } from '@electron/asar';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/desktop/real-app.ts';
import { family, isAlive, projectRoot } from '../support/desktop/processes.ts';
import { startBus, startScreen, type Service } from '../support/desktop/screen.ts';
import { TrayHost } from '../support/desktop/panel.ts';
import { startFakeOllama, type FakeOllama } from '../support/fake-ollama/fake-ollama.ts';
import { startValkey, type Valkey } from '../support/valkey.ts';

const project = projectRoot();
const folder = join(project, 'release', 'linux-unpacked');
const program = join(folder, 'hearth');
const { version: VERSION } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { version: string };
let files: string[] = [];

/** Packs it in the place of what was packed before, as an installer does. */
async function pack(...args: readonly string[]): Promise<void> {
  const packer = join(project, 'dist', 'main', 'launch', 'pack.js');
  await promisify(execFile)(process.execPath, [packer, '--dir', ...args], { cwd: project, timeout: 110_000 });
}

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await pack();
  files = listPackage(join(folder, 'resources', 'app.asar'), { isPack: false }).map((path) =>
    path.replaceAll('\\', '/'),
  );
});

/** What is packed is of an older version meanwhile: its package.json says so, and nothing else of it differs. */
async function asOlder(version: string, use: () => Promise<void>): Promise<void> {
  const archive = join(folder, 'resources', 'app.asar');
  const newer = readFileSync(archive);
  const about = extractFile(archive, 'package.json').toString();
  const older = about.replace(`"version": "${VERSION}"`, `"version": "${version}"`);
  // The archive tells the length of each file.
  if (older === about || older.length !== about.length) throw new Error(`${VERSION} cannot become ${version}`);
  const at = newer.indexOf(about);
  writeFileSync(archive, Buffer.concat([newer.subarray(0, at), Buffer.from(older), newer.subarray(at + about.length)]));
  await use();
  writeFileSync(archive, newer);
}

describe('the archive', () => {
  test('holds what the app loads', () => {
    for (const path of [
      '/package.json',
      '/dist/main/first-file.js',
      '/dist/desktop/main.js',
      '/dist/desktop/hearth.mjs',
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
        !/^\/dist\/(desktop(\/(main\.js(\.map)?|hearth\.mjs|hearth-sqlite-linux-\w+\.node))?|main(\/(first-file\.js|command-words\.js|preload\.cjs))?)$/.test(
          path,
        ) &&
        !/^\/dist\/renderer(\/|$)/.test(path) &&
        !/^\/assets\/icons\/(tray(\/[\w@-]+\.png)?|icon-256\.png|icon\.ico)$/.test(path),
    );
    expect(rest).toEqual([]);
    // The listing has what lies beside the archive too.
    const library = `hearth-sqlite-linux-${process.arch}.node`;
    expect(files.filter((path) => path.endsWith('.node'))).toEqual([`/dist/desktop/${library}`]);
    expect(readdirSync(join(folder, 'resources', 'app.asar.unpacked', 'dist', 'desktop'))).toEqual([library]);
    expect(files.filter((path) => path.endsWith('.map'))).toEqual(['/dist/desktop/main.js.map']);
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

describe('the command line in it', () => {
  // As the Debian package puts it on the PATH; no screen is named.
  const home = mkdtempSync(join(tmpdir(), 'hearth-packed-cli-'));
  const launcher = join(home, 'hearth');
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, HEARTH_DATA_DIR: home };
  beforeAll(() => {
    const text = readFileSync(join(project, 'assets', 'linux', 'hearth'), 'utf8');
    writeFileSync(launcher, text.replaceAll('/opt/Hearth/hearth', program), { mode: 0o755 });
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test('says its version, and what it does not know', async () => {
    const run = promisify(execFile);
    expect((await run(launcher, ['--version'], { env })).stdout).toBe(`hearth ${VERSION}\n`);
    await expect(run(launcher, ['sing'], { env })).rejects.toMatchObject({ code: 64, stdout: '' });
  });

  test('serves without a screen, and keeps on disk', async () => {
    const child = spawn(launcher, ['serve', '--port', '0'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const answer = await fetch(`${line.replace('hearth ready ', '')}/health`);
    expect(await answer.json()).toMatchObject({ version: VERSION });
    await expect.poll(() => existsSync(join(home, 'hearth.db'))).toBe(true);
    const members = family(child.pid ?? 0);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(members.filter(isAlive)).toEqual([]);
  });
});

interface Said {
  readonly message: unknown;
}

describe('the packed app', () => {
  let services: Service[] = [];
  let panel: TrayHost;
  let fake: FakeOllama;
  let valkey: Valkey;
  let child: ChildProcess;
  let port = 0;
  let debugPort = 0;
  let home = '';
  let ended: Promise<number | null>;
  /** The version of an older one, and what it said. */
  let older = '';
  let before: Said;
  let settings = '';

  const start = async (): Promise<void> => {
    const [screen, bus] = services;
    const trays = panel.registered;
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
    await panel.registration(trays + 1);
    await panel.until(({ tooltip }) => tooltip.startsWith('llama3.2'), 'a tooltip with the model');
  };
  const ask = (content: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/api/chat-optimized`, {
      method: 'POST',
      body: JSON.stringify({ messages: [{ role: 'user', content }] }),
    });
  const health = async (): Promise<{ version: string; notices?: unknown }> =>
    (await (await fetch(`http://127.0.0.1:${port}/health`)).json()) as { version: string; notices?: unknown };

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'hearth-packed-'));
    writeFileSync(join(home, 'state.json'), '{"first_run_done":true}');
    valkey = await startValkey({ appendonly: 'yes' });
    settings = JSON.stringify({ cache: { ttl_seconds: 4321 }, cluster: { url: valkey.url } });
    writeFileSync(join(home, 'config.json'), settings);
    services = [await startScreen(), await startBus()];
    panel = await TrayHost.start(services[1]?.address ?? '');
    fake = await startFakeOllama();
    port = await freePort();
    debugPort = await freePort();
    await asOlder('0.0.9', async () => {
      await start();
      older = (await health()).version;
      before = (await (await ask('asked of the older one')).json()) as Said;
      child.kill('SIGTERM');
      await ended;
    });
    await start();
  });

  afterAll(async () => {
    if (child.exitCode === null) child.kill('SIGKILL');
    await fake.stop();
    await valkey.stop();
    panel.stop();
    for (const service of services) await service.stop();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  });

  test('has a tray, answers, and keeps on disk', async () => {
    const answer = await ask('packed');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ cached: false, model: 'llama3.2' });
    expect((await health()).notices).toBeUndefined();
    expect(existsSync(join(home, 'hearth.db'))).toBe(true);
  });

  test('has the answers, requests and settings of the older version in whose place it came', async () => {
    expect([older, (await health()).version]).toEqual(['0.0.9', VERSION]);
    const answer = await ask('asked of the older one');
    expect(answer.headers.get('cache-status')).toMatch(/hit; ttl=43[12]\d/);
    expect(((await answer.json()) as Said).message).toEqual(before.message);
    const list = await (await fetch(`http://127.0.0.1:${port}/api/requests`)).json();
    expect(list).toMatchObject({ requests: [{ source: 'hit' }, { source: 'miss' }, { source: 'miss' }] });
    expect(readFileSync(join(home, 'config.json'), 'utf8')).toBe(settings);
  });

  test('is one of a fleet where one is named: answers and jobs lie in Valkey', async () => {
    const peer = new Redis(valkey.port);
    await expect.poll(() => peer.keys('hearth:*answer:*')).not.toEqual([]);
    peer.disconnect();
    const job = `http://127.0.0.1:${port}/api/chat-queue`;
    const messages = [{ role: 'user', content: 'handed in' }];
    const accepted = await fetch(job, { method: 'POST', body: JSON.stringify({ requestId: 'packed', messages }) });
    expect(await accepted.json()).toMatchObject({ durable: true });
    const status = async (): Promise<unknown> =>
      ((await (await fetch(`${job}?requestId=packed`)).json()) as { status: unknown }).status;
    await expect.poll(status).toBe('completed');
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
