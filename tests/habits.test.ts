// What CONTRIBUTING.md says of .github/ and .editorconfig is so. GitHub and editors alone read these files, and neither
// says anything when one is wrong.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = resolve(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Form {
  readonly name: string;
  readonly description: string;
  readonly body: readonly {
    readonly type: string;
    readonly id?: string;
    readonly attributes: { readonly label?: string; readonly value?: string; readonly description?: string };
  }[];
}

describe.each(readdirSync(join(root, '.github/ISSUE_TEMPLATE')))('the form %s', (file) => {
  const form = parse(read(`.github/ISSUE_TEMPLATE/${file}`)) as Form;

  test('has what GitHub demands of a form', () => {
    expect(form).toMatchObject({ name: expect.any(String), description: expect.any(String) });
    const fields = form.body.filter(({ type }) => type !== 'markdown');
    expect(fields.length).toBeGreaterThan(0);
    for (const { type, id, attributes } of fields) {
      expect(['input', 'textarea', 'dropdown', 'checkboxes']).toContain(type);
      expect(id).toMatch(/^[\w-]+$/);
      expect(attributes.label).toMatch(/\S/);
    }
    expect(new Set(fields.map(({ id }) => id)).size).toBe(fields.length);
  });

  test('asks for the version', () => {
    expect(form.body.map(({ id }) => id)).toContain('version');
  });
});

test('a bug comes with the settings and the log, and a weakness goes elsewhere', () => {
  const { body } = parse(read('.github/ISSUE_TEMPLATE/bug.yml')) as Form;
  expect(body.find(({ id }) => id === 'settings')?.attributes.description).toContain('hearth config --print');
  expect(body.map(({ id }) => id)).toContain('log');
  expect(body.find(({ type }) => type === 'markdown')?.attributes.value).toContain('SECURITY.md');
});

test('newer packages and actions come once a month, each in one pull request', () => {
  const { version, updates } = parse(read('.github/dependabot.yml')) as { version: number; updates: object[] };
  const one = (ecosystem: string): object => ({
    'package-ecosystem': ecosystem,
    directory: '/',
    schedule: { interval: 'monthly' },
    groups: expect.toSatisfy((groups: object) =>
      Object.values(groups).some(({ patterns }: { patterns: string[] }) => patterns.includes('*')),
    ),
  });
  expect(version).toBe(2);
  expect(updates).toMatchObject([one('npm'), one('github-actions')]);
});

test('an editor, oxfmt, and Prettier, which writes made pages, are told the same', async () => {
  const file = join(root, 'backend/backend.ts');
  const held = await resolveConfig(file);
  const told = await resolveConfig(file, { editorconfig: true });
  const defaults = { tabWidth: 2, useTabs: false, endOfLine: 'lf' };
  expect(told).toEqual({ ...defaults, ...held });
  const { sortPackageJson, ...checked } = JSON.parse(read('.oxfmtrc.json')) as Record<string, unknown>;
  expect([sortPackageJson, checked]).toEqual([false, held]);
});

test('the papers name the commands of the checks as package.json has them', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const papers = ['CONTRIBUTING.md', 'README.md', 'docs/install.md', '.github/PULL_REQUEST_TEMPLATE.md']
    .map(read)
    .join('\n');
  const named = [...papers.matchAll(/\bnpm (?:run ([\w:]+)|(test|start)\b)/g)].map(
    ([, name, short]) => name ?? short ?? '',
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});
