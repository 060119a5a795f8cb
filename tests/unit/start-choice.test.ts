// What `npm start` starts: the tray app where there is a screen and an Electron, else the gateway, and why.
import { describe, expect, test } from 'vitest';
import { chooseStart, type ChooseOptions } from '../../main/launch/choose.ts';
import { hasDisplay } from '../../main/launch/display.ts';
import type { FoundElectron } from '../../main/launch/electron-runtime.ts';

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
    ...over,
    find: async (options) => {
      looked++;
      return over.find === undefined ? FOUND : over.find(options);
    },
  });
  return { start, said, looked };
}

const HEADLESS = { program: '/bin/node', args: ['/p/dist/backend/cli.js', 'serve', '--port', '9000'], env: {} };

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
  ['linux', {}, false],
  ['linux', { DISPLAY: '' }, false],
  ['linux', { DISPLAY: ':0' }, true],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, true],
  ['darwin', {}, true],
  ['win32', {}, true],
] as const)('on %s with %o there is a screen: %s', (platform, env, there) => {
  expect(hasDisplay(env, platform)).toBe(there);
});
