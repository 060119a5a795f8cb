// What `npm start` starts: the tray app where there is a screen and an Electron, else the gateway, and why.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chooseStart, type ChooseOptions } from '../../../../main/launch/choose.ts';
import { hasDisplay } from '../../../../main/launch/display.ts';
import type { FoundElectron } from '../../../../main/launch/electron-runtime.ts';

const FOUND: FoundElectron = {
  executable: '/e/electron',
  folder: '/e',
  version: '45.4.1',
  args: ['/p'],
  env: { HEARTH_PROJECT: '/p' },
};

async function choose(over: Partial<ChooseOptions> = {}) {
  const said: string[] = [];
  let looked = 0;
  const start = await chooseStart({
    project: '/p',
    node: '/bin/node',
    args: ['--port', '9000'],
    env: { DISPLAY: ':0' },
    platform: 'linux',
    arch: 'x64',
    isRoot: false,
    say: (sentence) => said.push(sentence),
    knock: async () => true,
    ...over,
    find: async (options) => {
      looked++;
      return over.find === undefined ? FOUND : over.find(options);
    },
  });
  return { start, said, looked };
}

const HEADLESS = { program: '/bin/node', args: [join('/p', 'dist', 'hearth.mjs'), 'serve', '--port', '9000'], env: {} };

test('with a screen and an Electron it is the tray app, without a word', async () => {
  expect(await choose()).toEqual({
    start: { program: '/e/electron', args: ['/p', '--port', '9000'], env: { HEARTH_PROJECT: '/p' } },
    said: [],
    looked: 1,
  });
});

test('without a screen it is the gateway, says so, and no Electron is looked for', async () => {
  expect(await choose({ env: {} })).toEqual({
    start: HEADLESS,
    said: ['no display here, so there is no tray. Running the gateway headless.'],
    looked: 0,
  });
});

test('with a screen that does not answer it is the gateway, and says which one', async () => {
  const { start, said, looked } = await choose({ env: { DISPLAY: ':4242' }, knock: async () => false });
  expect(start).toEqual(HEADLESS);
  expect(said).toEqual(['the display :4242 does not answer, so there is no tray. Running the gateway headless.']);
  expect(looked).toBe(0);
});

test('without an Electron it is the gateway, and says so', async () => {
  const { start, said } = await choose({ find: () => Promise.resolve(undefined) });
  expect(start).toEqual(HEADLESS);
  expect(said).toEqual(['no Electron, so there is no tray. Running the gateway headless.']);
});

describe('as root', () => {
  test('on Linux Chromium runs without its sandbox, and that is said', async () => {
    const { start, said } = await choose({ isRoot: true });
    expect(start.args).toEqual(['/p', '--no-sandbox', '--port', '9000']);
    expect(said).toEqual([expect.stringContaining('without its sandbox')]);
  });

  test('elsewhere it keeps it', async () => {
    expect((await choose({ isRoot: true, platform: 'darwin' })).start.args).not.toContain('--no-sandbox');
  });
});

test.each([
  ['linux', {}, []],
  ['linux', { DISPLAY: '' }, []],
  ['linux', { DISPLAY: ':0' }, [{ path: '/tmp/.X11-unix/X0' }, { path: '\0/tmp/.X11-unix/X0' }]],
  ['linux', { DISPLAY: 'unix:7.1' }, [{ path: '/tmp/.X11-unix/X7' }, { path: '\0/tmp/.X11-unix/X7' }]],
  ['linux', { DISPLAY: 'localhost:10.0' }, [{ host: 'localhost', port: 6010 }]],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0', XDG_RUNTIME_DIR: '/run/user/1' }, [{ path: '/run/user/1/wayland-0' }]],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, []],
  ['linux', { WAYLAND_DISPLAY: '/run/w' }, [{ path: '/run/w' }]],
  ['linux', { DISPLAY: 'nonsense' }, []],
] as const)('on %s with %o a screen is looked for at %o', async (platform, env, doors) => {
  const knocked: object[] = [];
  const nobody = async (door: object): Promise<boolean> => knocked.push(door) === 0;
  expect(await hasDisplay(env, platform, nobody)).toBe(false);
  expect(knocked).toEqual(doors);
});

test.each(['darwin', 'win32'] as const)('on %s there always is a screen', async (platform) => {
  expect(await hasDisplay({}, platform)).toBe(true);
});

// Sockets in a folder, as Linux's screens have them, are not to be had on Windows.
test.skipIf(process.platform === 'win32')('a screen is there when something takes the connection', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hearth-screen-'));
  const env = { WAYLAND_DISPLAY: 'wayland-0', XDG_RUNTIME_DIR: folder };
  const server = createServer().listen(join(folder, 'wayland-0'));
  await once(server, 'listening');
  expect(await hasDisplay(env, 'linux')).toBe(true);
  server.close();
  await once(server, 'close');
  expect(await hasDisplay(env, 'linux')).toBe(false);
  rmSync(folder, { recursive: true });
});
