// Stack traces in terms of the sources: the same places as Node's own reader of source maps finds, and read once.
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext, runInThisContext } from 'node:vm';
import { afterEach, describe, expect, test } from 'vitest';
import { readableStacks } from '../../../backend/cli/readable-stack.ts';
import { Sources } from '../../../backend/cli/sources.ts';

/** A map that the compiler wrote: of the built file beside which it lies. */
const map = readFileSync(new URL('../../../dist/backend/cli/cli.js.map', import.meta.url), 'utf8');

describe('a source map', () => {
  test('tells the same place as Node’s own reader, at every column of every line', () => {
    const node = new SourceMap(JSON.parse(map) as ConstructorParameters<typeof SourceMap>[0]);
    const ours = new Sources(map);
    const code = readFileSync(new URL('../../../dist/backend/cli/cli.js', import.meta.url), 'utf8').split('\n');
    for (const [line, { length }] of code.entries()) {
      for (let column = 1; column <= length; column += 3) {
        const found = node.findEntry(line, column - 1);
        const theirs =
          'originalLine' in found && found.generatedLine === line
            ? `${found.originalSource}:${found.originalLine + 1}:${found.originalColumn + 1}`
            : undefined;
        expect(ours.origin(line + 1, column), `${line + 1}:${column}`).toBe(theirs);
      }
    }
  });

  test('knows nothing of lines behind its end', () => {
    expect(new Sources(map).origin(1_000_000, 1)).toBeUndefined();
  });
});

describe('a stack', () => {
  const prepare = Error.prepareStackTrace;
  afterEach(() => {
    Error.prepareStackTrace = prepare;
  });

  test('names the source, and the map is not read again for a place that fails again', async () => {
    let reads = 0;
    const text = JSON.stringify({ version: 3, sources: ['somewhere'], names: [], mappings: ';AAQA' });
    readableStacks('/p/bundle.mjs', () => {
      reads++;
      return text;
    });
    const fail = runInThisContext('(function () {\nreturn new Error("no"); })', {
      filename: '/p/bundle.mjs',
    }) as () => Error;
    expect(fail().stack).toContain('somewhere:9:1');
    // The map itself is forgotten by now.
    setFlagsFromString('--expose-gc');
    await turn();
    (runInNewContext('gc') as () => void)();
    expect(fail().stack).toContain('somewhere:9:1');
    expect(reads).toBe(1);
  });
});
