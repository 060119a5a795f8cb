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
];

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

test.each([...sources('backend'), ...sources('renderer')])(
  '%s is one idea: at most 300 lines, and says first what it is for',
  (file) => {
    const text = readFileSync(join(root, file), 'utf8');
    expect(text.split('\n').length).toBeLessThanOrEqual(300);
    expect(text.replace(/^#!.*\n/, '')).toMatch(/^\/\/ /);
  },
);

test.each([...sources('backend'), ...sources('renderer')])(
  '%s has no silenced compiler and no unfinished mark',
  (file) => {
    const text = readFileSync(join(root, file), 'utf8');
    expect(text).not.toMatch(/@ts-|\b(?:TODO|FIXME|XXX)\b/);
    const code = text.replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
    expect(code).not.toMatch(/(?::|\bas|<) ?any\b/);
  },
);

test('there is one barrel', () => {
  const barrels = sources('backend').filter((file) => /\/(index|types|utils)\.ts$/.test(file));
  expect(barrels).toEqual(['backend/contract/index.ts']);
});
