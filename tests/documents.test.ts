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
  figureTable,
  handedOnTable,
  metricTable,
  routeTable,
} from '../backend/contract/tables.ts';
import { commandTable, exitTable, variableTable } from '../backend/cli/papers/cli-tables.ts';
import { appsTable } from './support/app-facts.ts';
import { compare, tableOf, type Row } from './sim/comparison.ts';
import { shownIn, TABLES } from './sim/scheduling-page.ts';
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

test('the table of metrics is made from the contract', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../docs/metrics.md'), 'utf8');
  expect(/<!-- metrics -->\n\n([^]*?)\n\n<!-- \/metrics -->/.exec(page)?.[1]).toBe(metricTable());
});

test.each([
  ['commands', commandTable],
  ['variables', variableTable],
  ['exits', exitTable],
])('the %s table of docs/cli.md is made from the table of commands', (name, made) => {
  const page = readFileSync(resolve(import.meta.dirname, '../docs/cli.md'), 'utf8');
  expect(new RegExp(`<!-- ${name} -->\\n\\n([^]*?)\\n\\n<!-- /${name} -->`).exec(page)?.[1]).toBe(made());
});

test('the table of figures is made from the texts that the window shows', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../docs/figures.md'), 'utf8');
  expect(/<!-- figures -->\n\n([^]*?)\n\n<!-- \/figures -->/.exec(page)?.[1]).toBe(figureTable());
});

test('the table of apps is made from what the replay of their requests saw', () => {
  const apps = readFileSync(resolve(import.meta.dirname, '../docs/apps.md'), 'utf8');
  expect(/<!-- apps -->\n\n([^]*?)\n\n<!-- \/apps -->/.exec(apps)?.[1]).toBe(appsTable());
});

describe('docs/scheduling.md and `npm run sim`', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../docs/scheduling.md'), 'utf8');
  /** The cells of the lines of a table. */
  const linesOf = (text: string): string[][] =>
    text
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map((line) => line.split('|').map((cell) => cell.trim()).slice(1, -1)); // prettier-ignore
  let rows: Row[];
  beforeAll(async () => {
    rows = await compare({ days: 1, seed: 3, slots: 1 });
  });

  test.each(TABLES)('have the same table for $mark', ({ mark }) => {
    const shown = linesOf(shownIn(page, mark) ?? '');
    const made = linesOf(tableOf(rows));
    const names = (lines: string[][]): string[][] => [
      lines[0] ?? [],
      ...lines.slice(2).map((cells) => cells.slice(0, 2)),
    ];
    expect(names(shown)).toEqual(names(made));
  });

  test.each(TABLES)('show that people wait less now, and nothing is refused: $mark', ({ mark }) => {
    const text = shownIn(page, mark) ?? '';
    expect(text).toContain(' 0 of them refused');
    const means = new Map(
      linesOf(text).map(([machine, order, , wait]) => [`${machine} ${order}`, parseFloat(wait ?? '')]),
    );
    for (const { machine } of rows) {
      const now = means.get(`${machine} now`) ?? NaN;
      expect(now).toBeLessThan(means.get(`${machine} before`) ?? NaN);
      expect(now).toBeLessThan(means.get(`${machine} first come`) ?? NaN);
    }
  });
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
