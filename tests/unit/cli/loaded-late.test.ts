// What a command loads before it begins: the parser and its own files, and not the gateway with its packages.
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');

/** All that is loaded with a file: what it imports as values and at once, and what that imports; packages by their names. */
function loadedWith(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(join(root, file), 'utf8');
  for (const [, name = ''] of text.matchAll(/^(?:import|export) (?!type\b)(?:[^'"]* from )?'([^']+)';/gm)) {
    if (name.startsWith('.')) loadedWith(relative(root, resolve(root, dirname(file), name)), seen);
    else seen.add(name);
  }
  return seen;
}

const packages = (...files: string[]): string[] =>
  [...new Set(files.flatMap((file) => [...loadedWith(file)]))]
    .filter((name) => !/^(?:backend\/|node:)/.test(name))
    .toSorted();

test('--help and --version load the parser alone', () => {
  expect(packages('backend/cli/program.ts')).toEqual(['commander']);
  expect([...loadedWith('backend/cli/program.ts')].filter((file) => file.startsWith('backend/http'))).toEqual([]);
});

test.each(['status-command', 'queue-command', 'requests-command', 'models-command', 'top-command'])(
  '%s loads what draws its tables beside it',
  (name) => {
    expect(packages('backend/cli/program.ts', `backend/cli/commands/${name}.ts`)).toEqual([
      'commander',
      'get-east-asian-width',
    ]);
  },
);

test('serve loads the gateway', () => {
  expect(packages('backend/cli/commands/serve-command.ts')).toEqual(expect.arrayContaining(['express', 'pino', 'zod']));
});
