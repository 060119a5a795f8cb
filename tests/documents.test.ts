// The README tells the truth: its tables are the schemas, and its commands work as printed.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  configTable,
  dropInTable,
  environmentTable,
  errorTable,
  handedOnTable,
  routeTable,
} from '../backend/contract/tables.ts';
import { appsTable } from './support/app-facts.ts';
import { startHearth, type Hearth } from './support/hearth.ts';

const run = promisify(execFile);

/** What a command must print: live events, a stream to its end, or one JSON object per request. */
function expected(block: string): RegExp {
  if (block.includes('/api/events')) return /^event: snapshot\ndata: \{/;
  return block.includes('curl -sN') ? /"done":true[^\n]*\n\n$/ : /^\{[^]*\}\n?$/;
}

const readme = readFileSync(resolve(import.meta.dirname, '../README.md'), 'utf8');

test.each([
  ['routes', routeTable],
  ['drop-in', dropInTable],
  ['handed-on', handedOnTable],
  ['errors', errorTable],
  ['config', configTable],
  ['environment', environmentTable],
])('the %s table is made from the contract', (name, made) => {
  const shown = new RegExp(`<!-- ${name} -->\\n\\n([^]*?)\\n\\n<!-- /${name} -->`).exec(readme)?.[1];
  expect(shown).toBe(made());
});

test('the table of apps is made from what the replay of their requests saw', () => {
  const apps = readFileSync(resolve(import.meta.dirname, '../docs/apps.md'), 'utf8');
  expect(/<!-- apps -->\n\n([^]*?)\n\n<!-- \/apps -->/.exec(apps)?.[1]).toBe(appsTable());
});

describe('the curl lines work as printed, in their order', () => {
  let hearth: Hearth;
  beforeAll(async () => {
    hearth = await startHearth({ fake: { pieceMs: 20 } });
  });
  afterAll(() => hearth.stop());

  const blocks = [...readme.matchAll(/```sh\n(curl [^]*?)\n```/g)].map((match) => match[1] ?? '');

  test('there are some', () => {
    expect(blocks.length).toBeGreaterThan(8);
  });

  test.each(blocks)('%s', async (block) => {
    const { stdout } = await run('bash', ['-c', block.replaceAll('http://127.0.0.1:8080', hearth.url)], {
      timeout: 15_000,
    }).catch((error: { code?: number; stdout?: string }) => {
      // curl's own word for "the time that --max-time gives is over", where a stream never ends by itself.
      if (error.code === 28 && block.includes('--max-time')) return { stdout: error.stdout ?? '' };
      throw error;
    });
    expect(stdout).not.toBe('');
    expect(stdout).not.toContain('"error"');
    expect(stdout).toMatch(expected(block));
  });
});
