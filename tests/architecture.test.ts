// The rules of the house that a compiler does not hold: who may import whom, and how long a file may grow.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ERRORS } from '../backend/contract/errors.ts';

const root = resolve(import.meta.dirname, '..');

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|tsx|cts)$/.test(name))
    .map((name) => join(folder, name))
    .filter((path) => statSync(join(root, path)).isFile());
}

/** Everything a file imports: packages by name, own files by their path from the root. */
function importsOf(file: string, without?: RegExp): string[] {
  const whole = readFileSync(join(root, file), 'utf8');
  const text = without === undefined ? whole : whole.replaceAll(without, '');
  const found = [...text.matchAll(/(?<![.\w'])(?:from|import)\s*\(?\s*'([^'\s]+)'/g)].map((match) => match[1] ?? '');
  return found.map((name) => (name.startsWith('.') ? relative(root, resolve(root, dirname(file), name)) : name));
}

/** What of its imports is there when it runs. */
function valuesOf(file: string): string[] {
  return importsOf(file, /^(?:import|export) type [^;]*;$/gm);
}

interface Room {
  readonly folder: string;
  /** Own files, folders and packages (without subpaths of node:) that may be imported; node: names must be spelled out. */
  readonly may: readonly string[];
}

/** A room that may use these as well. */
const plus = (room: Room, ...more: readonly string[]): Room => ({ ...room, may: [...room.may, ...more] });

const CONTRACT = 'backend/contract';
const CORE = 'backend/core';
const HTTP = 'backend/http';
/** What everything in the core stands on. */
const GROUND = [
  'abort.ts',
  'disk.ts',
  'fleet.ts',
  'flight.ts',
  'ports.ts',
  'refusals.ts',
  'ownership.ts',
  'canonical-json.ts',
  'value-differences.ts',
  'beginnings.ts',
  'prompt-size.ts',
].map((file) => `${CORE}/${file}`);
const core = (room: string, ...others: readonly string[]): Room => ({
  folder: `${CORE}/${room}`,
  may: [room, ...others].map((each) => `${CORE}/${each}`).concat(GROUND, CONTRACT, 'lru-cache', 'node:crypto'),
});
const http = (room: string, ...others: readonly string[]): Room => ({
  folder: `${HTTP}/${room}`,
  may: [room, ...others].map((each) => `${HTTP}/${each}`).concat(CORE, CONTRACT, 'lru-cache', 'node:'),
});
const renderer = (room: string, ...others: readonly string[]): Room => ({
  folder: `renderer/${room}`,
  may: [room, ...others].map((each) => `renderer/${each}`).concat(CONTRACT, 'words', 'preact', 'uplot', 'zod'),
});

/** What the desktop's main process uses from outside of it. */
const MAIN_USES = [
  'words',
  'backend/backend.ts',
  'backend/cli/readable-stack.ts',
  'backend/ask-ollama.ts',
  'backend/clock.ts',
  'backend/config-file.ts',
  CONTRACT,
  'backend/host-control.ts',
  'backend/hosting.ts',
  'backend/legacy.ts',
  'backend/core/abort.ts',
  'backend/core/access/api-keys.ts',
  'backend/core/telemetry/history.ts',
  'backend/core/ports.ts',
  'backend/core/access/origin-approvals.ts',
  'backend/http/door/bind.ts',
  'backend/http/wire/listen.ts',
  'backend/log-output.ts',
  '@jellybrick/dbus-next',
  'electron',
  'electron-store',
  'pino',
  'rotating-file-stream',
  'zod',
  'node:',
];
/** The two files of main's floor that its rooms may use. */
const SHARED_IN_MAIN = ['main/shell.ts', 'main/throttle.ts'];
const main = (room: string, ...others: readonly string[]): Room => ({
  folder: `main/${room}`,
  may: [room, ...others].map((each) => `main/${each}`).concat(SHARED_IN_MAIN, MAIN_USES),
});
const CLI = 'backend/cli';
/** Files of the command line's floor; what its rooms use of the gateway is in few files, which it starts or asks. */
const CLI_USES = [CONTRACT, 'backend/config-file.ts', 'backend/core/abort.ts', 'backend/http/door/bind.ts', 'node:'];
const cli = (room: string, ...others: readonly string[]): Room => ({
  folder: `${CLI}/${room}`,
  may: [
    'command-host.ts',
    'command-info.ts',
    'command-table.ts',
    'data-place.ts',
    'exits.ts',
    'version.ts',
    room,
    ...others,
  ]
    .map((each) => `${CLI}/${each}`)
    .concat(CLI_USES),
});

/** A file is held by the row of the smallest room that it is in. */
const ROOMS: readonly Room[] = [
  { folder: CONTRACT, may: [CONTRACT, 'zod'] },
  { folder: `${CONTRACT}/go`, may: [`${CONTRACT}/go`] },
  { folder: `${CONTRACT}/chat`, may: [CONTRACT, 'zod'] },
  { folder: `${CONTRACT}/config`, may: [CONTRACT, 'zod'] },
  // Stories know the mechanisms; a mechanism knows no story and no neighbour.
  { folder: CORE, may: [...GROUND, CONTRACT, 'lru-cache', 'node:crypto'] },
  { folder: `${CORE}/stories`, may: [CORE, CONTRACT, 'lru-cache', 'node:crypto'] },
  // Plain facts, and the words for them, that the others speak in.
  core('explain'),
  core('requests', 'cache', 'explain'),
  core('cache', 'explain'),
  core('recordings', 'cache'),
  core('prompts'),
  core('pins', 'prompts'),
  core('conversations'),
  core('queue'),
  core('routing'),
  core('models', 'explain'),
  core('offline'),
  core('telemetry'),
  core('access'),
  {
    folder: 'backend/upstream',
    may: ['backend/upstream', CORE, CONTRACT, 'ollama/browser', 'undici', 'zod', 'node:'],
  },
  { folder: 'backend/storage', may: ['backend/storage', CORE, CONTRACT, '@photostructure/sqlite', 'zod', 'node:'] },
  {
    folder: 'backend/cluster',
    // A job is written there as it is on the disk.
    may: ['backend/cluster', 'backend/storage/jobs/job-rows.ts', CORE, CONTRACT, 'bullmq', 'ioredis', 'zod', 'node:'],
  },
  { folder: 'backend/metrics', may: ['backend/metrics', CORE, CONTRACT, 'prom-client', 'node:'] },
  { folder: HTTP, may: [HTTP, CORE, CONTRACT, 'express', 'lru-cache', 'node:'] },
  // No dialect knows another one.
  http('own', 'dialect', 'door', 'wire', 'go'),
  http('ollama', 'dialect', 'door', 'wire', 'go'),
  http('openai', 'dialect', 'door', 'wire', 'go'),
  http('batches', 'dialect', 'door', 'wire', 'go'),
  http('responses', 'dialect', 'door', 'wire', 'go'),
  http('anthropic', 'dialect', 'door', 'wire', 'go'),
  http('dialect', 'door', 'wire', 'go'),
  http('door', 'wire'),
  plus(http('wire'), 'zstddec'),
  http('go'),
  { folder: CLI, may: ['backend', 'commander', 'node:'] },
  { ...cli('commands', 'doctor', 'gateway', 'papers', 'terminal'), may: ['backend', 'pino', 'smol-toml', 'node:'] },
  plus(cli('doctor', 'gateway', 'commands/settings-used.ts'), 'backend/cluster-work.ts'),
  cli('gateway'),
  cli('papers'),
  plus(cli('terminal'), 'get-east-asian-width'),
  { folder: 'words', may: ['words', CONTRACT, 'intl-messageformat'] },
  { folder: 'renderer', may: ['renderer', CONTRACT, 'words', 'preact', 'uplot', 'vite', 'node:url'] },
  renderer('overview', 'try', 'plots', 'parts', 'state'),
  renderer('try', 'parts', 'state'),
  renderer('queue', 'parts', 'state'),
  renderer('requests', 'parts', 'state'),
  renderer('models', 'parts', 'state'),
  renderer('settings', 'parts', 'state'),
  plus(renderer('connect', 'parts', 'state'), 'uqr'),
  renderer('prompts', 'parts', 'state'),
  renderer('about', 'parts', 'state'),
  renderer('plots', 'parts'),
  renderer('frame', 'parts', 'state'),
  renderer('parts', 'state'),
  renderer('state'),
  { folder: 'main', may: ['main', ...MAIN_USES, 'electron-updater', 'chokidar'] },
  main('settings'),
  main('gateway'),
  main('about'),
  main('try'),
  main('notices', 'settings', 'gateway'),
  main('tray', 'notices', 'settings', 'gateway'),
  plus(main('updates', 'notices', 'settings'), 'electron-updater'),
  plus(main('window', 'about', 'gateway', 'notices', 'settings', 'tray', 'try', 'updates'), 'chokidar'),
  { folder: 'main/launch', may: ['main/launch', 'node:', 'chokidar', 'extract-zip', '@electron/fuses', 'electron'] },
  { folder: 'assets', may: ['assets', '@resvg/resvg-js', 'node:'] },
  {
    folder: 'build',
    may: [
      'build',
      'backend/cli/carried.ts',
      'backend/cli/boot.ts',
      'backend/cli/papers/man-page.ts',
      'main/updates/signed-release.ts',
      'yaml',
      'rolldown',
      'postject',
      'node:',
    ],
  },
];

/** Everything but tests. */
const PROGRAM = [...new Set(ROOMS.map(({ folder }) => folder.split('/')[0] ?? folder))];

describe('each room imports only what it may', () => {
  for (const { folder, may } of ROOMS) {
    const smaller = ROOMS.filter((other) => other.folder.startsWith(`${folder}/`));
    const own = sources(folder).filter((file) => !smaller.some((other) => file.startsWith(`${other.folder}/`)));
    test.each(own)('%s', (file) => {
      const foreign = importsOf(file).filter(
        (name) =>
          !may.some(
            (allowed) =>
              name === allowed || name.startsWith(`${allowed}/`) || (allowed === 'node:' && name.startsWith('node:')),
          ),
      );
      expect(foreign).toEqual([]);
    });
  }
});

/** Of the rooms of stories, those whose values each may use; types may come from all of them. No circle can be made of these rows. */
const STORIES: Readonly<Record<string, readonly string[]>> = {
  machines: [],
  reasons: [],
  views: ['machines', 'reasons'],
  chat: ['machines', 'reasons'],
  embeds: ['chat', 'machines', 'reasons'],
  models: ['chat', 'machines'],
  jobs: ['chat'],
  fleet: ['jobs', 'machines', 'views'],
};

describe('a room of stories uses only those below it', () => {
  test('and each room has its row', () => {
    const rooms = sources(`${CORE}/stories`).map((file) => dirname(file).slice(`${CORE}/stories/`.length));
    expect([...new Set(rooms)].filter((room) => room !== '').toSorted()).toEqual(Object.keys(STORIES).toSorted());
  });

  test.each(Object.entries(STORIES))('%s', (room, below) => {
    const may = [room, ...below].map((each) => `${CORE}/stories/${each}/`);
    const foreign = sources(`${CORE}/stories/${room}`).flatMap((file) =>
      valuesOf(file).filter(
        (name) =>
          name.startsWith(`${CORE}/stories/`) &&
          (dirname(name) === `${CORE}/stories`
            ? name.endsWith('/gateway.ts')
            : !may.some((each) => name.startsWith(each))),
      ),
    );
    expect(foreign).toEqual([]);
  });
});

test('every folder is a room, and has its sentence in CONTRIBUTING.md', () => {
  const folders = PROGRAM.flatMap(sources).map((file) => dirname(file));
  const rooms = [...new Set(folders)].filter(
    (folder) => !PROGRAM.includes(folder) || ['main', 'words'].includes(folder),
  );
  const papers = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  expect(rooms.filter((folder) => !papers.includes(`\`${folder}/\``))).toEqual([]);
});

test('one file alone imports the Ollama client, and not its Node entry, which reads local files', () => {
  const importers = sources('backend').filter((file) => importsOf(file).some((name) => /^ollama(\/|$)/.test(name)));
  expect(importers).toEqual(['backend/upstream/ollama.ts']);
  expect(importsOf('backend/upstream/ollama.ts')).not.toContain('ollama');
});

test('what runs for long joins signals by core/abort.ts, which lets go of them again', () => {
  const long = [...sources('backend'), ...sources('main')].filter((file) => !file.startsWith(`${CLI}/`));
  const joined = long.filter((file) => /^[^*/]*\bAbortSignal\.any\(/m.test(readFileSync(join(root, file), 'utf8')));
  expect(joined).toEqual([]);
});

test('nothing in the backend knows Electron', () => {
  expect(sources('backend').filter((file) => importsOf(file).includes('electron'))).toEqual([]);
});

test('Electron is a value in two files alone; elsewhere it is types', () => {
  const values = sources('main').filter((file) =>
    /^import (?!type\b)[^;]*from 'electron(-store)?'|require\('electron'\)/m.test(
      readFileSync(join(root, file), 'utf8'),
    ),
  );
  expect(values.toSorted()).toEqual(['main/main.ts', 'main/preload.cts']);
});

test('what is shipped does not load what is for development', () => {
  const shipped = sources('main').filter((file) => !file.startsWith('main/launch/'));
  expect(shipped.filter((file) => importsOf(file).some((name) => name.startsWith('main/launch')))).toEqual([]);
});

test.each(PROGRAM.flatMap(sources))('%s is one idea: at most 300 lines, and says first what it is for', (file) => {
  const text = readFileSync(join(root, file), 'utf8');
  expect(text.split('\n').length).toBeLessThanOrEqual(300);
  expect(text.replace(/^#!.*\n/, '')).toMatch(/^\/\/ /);
});

test.each(PROGRAM.flatMap(sources))('%s has no silenced compiler and no unfinished mark', (file) => {
  const text = readFileSync(join(root, file), 'utf8');
  expect(text).not.toMatch(/@ts-|\b(?:TODO|FIXME|XXX)\b/);
  const code = text.replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
  expect(code).not.toMatch(/(?::|\bas|<) ?any\b/);
});

test('there are no barrels', () => {
  expect(PROGRAM.flatMap(sources).filter((file) => /\/(index|types|utils)\.ts$/.test(file))).toEqual([]);
});

test('no two source files share a name: editor tabs and stack traces show the name alone', () => {
  const names = [...new Set([...PROGRAM, 'build', 'tests'])].flatMap(sources).map((file) => basename(file));
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

test('every error code is thrown somewhere', () => {
  const made = PROGRAM.flatMap(sources)
    .flatMap((file) => [...readFileSync(join(root, file), 'utf8').matchAll(/AppError\(([^,]*),/g)])
    .flatMap(([, code = '']) => [...code.matchAll(/'(\w+)'/g)].map(([, word]) => word));
  expect(Object.keys(ERRORS).filter((code) => !made.includes(code))).toEqual([]);
});

test('comments and papers name only files that exist', () => {
  const papers = [...readdirSync(root), ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].filter(
    (name) => name.endsWith('.md'),
  );
  const all = [...new Set([...PROGRAM, 'build', 'tests'])].flatMap(sources);
  const isThere = (name: string): boolean => {
    const like = new RegExp(`(?:^|/)${name.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`);
    return [...all, ...papers].some((each) => like.test(each));
  };
  const missing = [...all, ...papers].flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .filter((line) => !/^import |^export .* from |\bfrom '/.test(line))
      .flatMap((line) =>
        [...line.matchAll(/(?<![\w./*-])(?:[\w-]+\/)*[\w*-]+\.(?:tsx|ts|cts|md)\b/g)].map(([name]) => name),
      )
      .filter((name) => !isThere(name))
      .map((name) => `${file} names ${name}`),
  );
  expect(missing).toEqual([]);
});

test('tests wait by what tests/support/waiting.ts has, and not by loops of their own', () => {
  const own = /\bvi\.wait|for \(;;\)\s*if\b|\bwith[R]esolvers\b|\n\s*(\w+) = (?:resolve|done);/;
  const files = sources('tests').filter((file) => file !== 'tests/support/waiting.ts');
  expect(files.filter((file) => own.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
});
