// The papers tell the truth: their tables are the schemas, their commands work as printed, their links lead somewhere, and
// the README is short enough to be read.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'smol-toml';
import { fields } from '../backend/contract/config/config.ts';
import { fileProblems } from '../backend/contract/config/config-problems.ts';
import { ROWS } from './bench/bench-rows.ts';
import { compare, tableOf, type Row } from './sim/comparison.ts';
import { PROMPT_DAYS } from './sim/prompt-days.ts';
import { comparePrompts, promptTable, PROMPTS_MARK, SERVERS } from './sim/prompt-page.ts';
import { beforeAndAfter, cellsOf, README_MARK, TABLES } from './sim/scheduling-page.ts';
import { startHearth, type Hearth } from './support/hearth.ts';
import { MADE_TABLES, shownBetween } from './support/made-tables.ts';

const run = promisify(execFile);

/** What a command must print: live events, a stream to its end, or one JSON object per request. */
function expected(block: string): RegExp {
  if (block.includes('/api/events')) return /^event: snapshot\ndata: \{/;
  return block.includes('curl -sN') ? /"done":true[^\n]*\n\n$/ : /^\{[^]*\}\n?$/;
}

const root = resolve(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const papers = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...docs.map((name) => `docs/${name}`)];

test.each(MADE_TABLES)('docs/$page has the table of $mark as it is made', ({ page, mark, make }) => {
  expect(shownBetween(read(`docs/${page}`), mark)).toBe(make());
});

describe('the README', () => {
  const readme = read('README.md');

  test('has at most 150 lines', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(150);
  });

  test('tells the waits of docs/scheduling.md', () => {
    expect(shownBetween(readme, README_MARK)).toBe(beforeAndAfter(read('docs/scheduling.md')));
  });

  test('and docs/comparison.md tell the short answers of docs/benchmarks.md', () => {
    const inShort = /^\| In short [^]*?\n\n/m.exec(read('docs/benchmarks.md'))?.[0] ?? '';
    const answers = cellsOf(inShort)
      .slice(2)
      .map(([question, answer]) => `- ${question}: ${answer}.`);
    expect(answers.length).toBeGreaterThan(2);
    for (const answer of answers)
      for (const paper of [readme, read('docs/comparison.md')]) expect(paper).toContain(answer);
  });

  test('begins with what was measured', () => {
    const page = read('docs/benchmarks.md');
    const [, after] = /^\| 200 followers: slowest one's last byte [^|]*\| (\S+ ms)/m.exec(page) ?? [];
    const [, runs] = /^\| 200 followers on one flight: upstream calls +\| (\d+)/m.exec(page) ?? [];
    const [, hit] = /^\| What a hit costs \| (\S+ µs)/m.exec(page) ?? [];
    const head = readme.slice(0, readme.indexOf('## Start')).replaceAll(/\s+/g, ' ');
    expect(head).toContain(`[${runs} run]`);
    expect(head).toContain(`${after} after the first`);
    expect(head).toContain(`costs ${hit} of processor time`);
  });

  test('and docs/benchmarks.md leave out no row: each was measured, on one machine', () => {
    const page = read('docs/benchmarks.md');
    expect(page).not.toContain('Not measured on this machine');
    for (const { title } of ROWS) expect(page).toContain(`\n## ${title}\n`);
  });

  test('names a Node with which npm has nothing to warn of', async () => {
    const node = /\bNode\]?(?:\(\S+\))? (\d+\.\d+) or newer/.exec(readme)?.[1];
    const wants = `:attr(engines, [node]):not(:semver(${node}.0, :attr(engines, [node])))`;
    const { stdout } = await run('npm', ['query', '--package-lock-only', wants], { cwd: root });
    expect((JSON.parse(stdout) as { name: string }[]).map(({ name }) => name)).toEqual([]);
  });
});

describe('settings', () => {
  const known = new Set(fields.map(({ path }) => path));
  const sections = new Set(fields.map(({ section }) => section));

  // Those for who works on Hearth have names of files that look like some.
  const forUsers = papers.filter((paper) => !['CONTRIBUTING.md', 'docs/releasing.md'].includes(paper));

  test.each(forUsers)('that %s names are there', (paper) => {
    const named = [...read(paper).matchAll(/`([a-z_]+)\.([a-z_]+)\b/g)].filter(([, section = '']) =>
      sections.has(section),
    );
    expect(named.map(([, section, key]) => `${section}.${key}`).filter((path) => !known.has(path))).toEqual([]);
  });

  const blocks = papers.flatMap((paper) =>
    [...read(paper).matchAll(/```toml\n([^]*?)```/g)].map(([, block = '']) => ({ paper, block })),
  );

  test.each(blocks)('are taken as $paper writes them: $block', ({ paper, block }) => {
    expect(fileProblems(paper, parse(block))).toEqual([]);
  });
});

describe('links', () => {
  /** The text without blocks of code, where "[a](b)" is none. */
  const proseOf = (text: string): string => text.replaceAll(/^```[^]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');
  const linksOf = (text: string): string[] =>
    [...proseOf(text).matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"\s]+)"/g)].map(([, a, b]) => a ?? b ?? '');
  /** As GitHub makes them. */
  const anchorsOf = (text: string): string[] =>
    [...text.replaceAll(/^```[^]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)].map(
      ([, heading = '']) =>
      heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'), // prettier-ignore
    );

  test.each(papers)('of %s lead somewhere', (paper) => {
    const dead = linksOf(read(paper)).filter((link) => {
      if (link.startsWith('https://')) return false;
      const [path = '', anchor] = link.split('#');
      const file = path === '' ? paper : relative(root, resolve(root, dirname(paper), path));
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && !anchorsOf(read(file)).includes(anchor);
    });
    expect(dead).toEqual([]);
  });

  test.each(papers)('into %s are told apart by its headings', (paper) => {
    const anchors = anchorsOf(read(paper));
    expect(anchors.filter((anchor, i) => anchors.indexOf(anchor) !== i)).toEqual([]);
  });

  test('of docs/README.md lead to every page', () => {
    const index = new Set(linksOf(read('docs/README.md')).map((link) => link.split('#')[0]));
    expect(docs.filter((name) => name !== 'README.md' && !index.has(name))).toEqual([]);
  });

  test('of the README or the index lead to every picture, by a page', () => {
    const shown = new Set(papers.flatMap((paper) => linksOf(read(paper)).map((link) => link.split('/').at(-1))));
    expect(readdirSync(join(root, 'docs/images')).filter((name) => !shown.has(name))).toEqual([]);
  });
});

describe('docs/scheduling.md and `npm run sim`', () => {
  const page = read('docs/scheduling.md');
  let rows: Row[];
  beforeAll(async () => {
    rows = await compare({ days: 1, seed: 3, slots: 1 });
  });

  test.each(TABLES)('have the same table for $mark', ({ mark }) => {
    const shown = cellsOf(shownBetween(page, mark) ?? '');
    const made = cellsOf(tableOf(rows));
    const names = (lines: string[][]): string[][] => [
      lines[0] ?? [],
      ...lines.slice(2).map((cells) => cells.slice(0, 2)),
    ];
    expect(names(shown)).toEqual(names(made));
  });

  test.each(TABLES)('show that people wait less now, and nothing is refused: $mark', ({ mark }) => {
    const text = shownBetween(page, mark) ?? '';
    expect(text).toContain(' 0 of them refused');
    const means = new Map(
      cellsOf(text).map(([machine, order, , wait]) => [`${machine} ${order}`, parseFloat(wait ?? '')]),
    );
    for (const { machine } of rows) {
      const now = means.get(`${machine} now`) ?? NaN;
      expect(now).toBeLessThan(means.get(`${machine} before`) ?? NaN);
      expect(now).toBeLessThan(means.get(`${machine} first come`) ?? NaN);
    }
  });
});

test('docs/prompt-reuse.md and `npm run sim -- prompts` have the same figures', async () => {
  // What is the best of many orders takes ten seconds to find.
  const proven = (lines: string[][]): string[][] =>
    lines.map((cells) => cells.map((cell) => cell.replace(/^≤.*/, '≤')));
  const shown = proven(cellsOf(shownBetween(read('docs/prompt-reuse.md'), PROMPTS_MARK) ?? ''));
  const some = PROMPT_DAYS.filter(({ name }) => /^(?:Claude Code(?: in two windows)?|two programs .*)$/.test(name));
  expect(some).toHaveLength(3);
  const rows = await comparePrompts(some, { orders: 1 });
  const made = proven(cellsOf(promptTable(rows)));
  expect(shown[0]).toEqual(made[0]);
  expect(shown.filter(([day]) => some.some(({ name }) => name === day))).toEqual(made.slice(2));
  expect(shown.length).toBe(2 + PROMPT_DAYS.length * SERVERS.length);
  for (const { by } of rows) {
    for (const outcome of Object.values(by)) expect(outcome).toMatchObject({ refused: 0, passedTooLate: 0 });
    expect(by.ordered.processed).toBeLessThanOrEqual(by['by class'].processed);
    expect(by['ordered, kept'].processed).toBeLessThanOrEqual(by.ordered.processed);
  }
});

describe('the curl lines work as printed, in their order', () => {
  let hearth: Hearth;
  beforeAll(async () => {
    hearth = await startHearth({ fake: { pieceMs: 20 } });
  });
  afterAll(() => hearth.stop());

  const blocks = papers.flatMap((paper) =>
    [...read(paper).matchAll(/```sh\n(curl [^]*?)\n```/g)].map(([, block = '']) => [paper, block] as const),
  );

  test('there are some', () => {
    expect(blocks.length).toBeGreaterThan(14);
  });

  test('and so does what a page of docs/api.md does', async () => {
    const page = /### In a page\n[^]*?```js\n([^]*?)```/.exec(read('docs/api.md'))?.[1] ?? '';
    const told = `const document = { body: { append: (text) => process.stdout.write(text) } };\n${page}`;
    const program = told.replaceAll('http://127.0.0.1:8080', hearth.url);
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { timeout: 15_000 });
    expect(stdout).toMatch(/^\w.{20,}/);
  });

  test.each(blocks)('%s: %s', async (_, block) => {
    const { stdout } = await run('bash', ['-c', block.replaceAll('http://127.0.0.1:8080', hearth.url)], {
      timeout: 15_000,
    }).catch((error: { code?: number; stdout?: string }) => {
      // curl's own word for "the time that --max-time gives is over", where a stream never ends by itself.
      if (error.code === 28 && block.includes('--max-time')) return { stdout: error.stdout ?? '' };
      throw error;
    });
    expect(stdout).not.toBe('');
    expect(stdout).not.toContain('"error":"');
    expect(stdout).toMatch(expected(block));
  });
});
