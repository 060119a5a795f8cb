// The rules of the house that a compiler does not hold: who may import whom, and how long a file may grow.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|tsx|cts)$/.test(name))
    .map((name) => join(folder, name))
    .filter((path) => statSync(join(root, path)).isFile());
}

/** Everything a file imports: packages by name, own files by their path from the root. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = [...text.matchAll(/(?<![.\w])(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
  return found.map((name) => (name.startsWith('.') ? relative(root, resolve(root, dirname(file), name)) : name));
}

interface Room {
  readonly folder: string;
  /** Own folders and packages (without subpaths of node:) that may be imported; node: names must be spelled out. */
  readonly may: readonly string[];
}

const ROOMS: readonly Room[] = [
  { folder: 'backend/contract', may: ['backend/contract', 'zod'] },
  { folder: 'backend/core', may: ['backend/core', 'backend/contract', 'lru-cache', 'node:crypto'] },
  {
    folder: 'backend/upstream',
    may: ['backend/upstream', 'backend/core', 'backend/contract', 'ollama/browser', 'undici', 'zod', 'node:'],
  },
  {
    folder: 'backend/http',
    may: ['backend/http', 'backend/core', 'backend/contract', 'express', 'lru-cache', 'node:'],
  },
  { folder: 'renderer', may: ['renderer', 'backend/contract', 'preact', 'uplot', 'vite'] },
  {
    folder: 'main',
    may: [
      'main',
      'backend/backend.ts',
      'backend/ask-ollama.ts',
      'backend/clock.ts',
      'backend/config-file.ts',
      'backend/contract',
      'backend/host-control.ts',
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
      'chokidar',
      'extract-zip',
      '@electron/fuses',
      'zod',
      'node:',
    ],
  },
  { folder: 'assets', may: ['assets', '@resvg/resvg-js', 'node:'] },
];

/** Everything but tests. */
const PROGRAM = ROOMS.map(({ folder }) => folder.split('/')[0] ?? folder).filter(
  (each, i, all) => all.indexOf(each) === i,
);

describe('each room imports only what it may', () => {
  for (const { folder, may } of ROOMS) {
    test.each(sources(folder))('%s', (file) => {
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

test('one file alone imports the Ollama client, and never its Node entry, which reads local files', () => {
  const importers = sources('backend').filter((file) => importsOf(file).some((name) => /^ollama(\/|$)/.test(name)));
  expect(importers).toEqual(['backend/upstream/ollama.ts']);
  expect(importsOf('backend/upstream/ollama.ts')).not.toContain('ollama');
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

test('there is one barrel', () => {
  const barrels = PROGRAM.flatMap(sources).filter((file) => /\/(index|types|utils)\.ts$/.test(file));
  expect(barrels).toEqual(['backend/contract/index.ts']);
});
