// Completion in a real bash, and that zsh and fish can read theirs where they are installed; the man page by groff.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMMAND_NAMES, GROUPS } from '../../../backend/cli/command-table.ts';
import { manPage } from '../../../backend/cli/papers/man-page.ts';
import { commandLine } from '../../support/command-line.ts';

const run = promisify(execFile);
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-shells-'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { out } = await commandLine(['completion', shell]);
    writeFileSync(join(folder, shell), out);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Whether a program of the system is there. */
const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

/** What bash offers at the end of each line; `hearth` itself is a function that knows two models. */
async function offered(lines: readonly string[]): Promise<string[]> {
  const script = `
    source "$1"; shift
    hearth() { printf 'llama3.2:1b\\nllama3.2:3b\\n'; }
    compopt() { :; }
    for line; do
      COMP_LINE=$line COMP_POINT=\${#line}
      _hearth
      echo "\${COMPREPLY[*]}"
    done`;
  const { stdout } = await run('bash', ['-c', script, 'bash', join(folder, 'bash'), ...lines], { cwd: folder });
  return stdout.trimEnd().split('\n');
}

test('bash completes commands, options, their values, files, settings and models', async () => {
  writeFileSync(join(folder, 'config.toml'), '');
  const cases: readonly (readonly [line: string, words: string])[] = [
    ['hearth sta', 'status'],
    ['hearth key ', 'create list revoke'],
    ['hearth key create --sc', '--scopes'],
    ['hearth requests sh', 'show'],
    ['hearth requests --status pro', 'processing'],
    ['hearth requests --status=ca', 'cancelled'],
    ['hearth completion ', 'bash zsh fish'],
    ['hearth serve --config con', 'config.toml'],
    ['hearth serve --set queue.max_c', 'queue.max_concurrent='],
    ['hearth config set queue.max_c', 'queue.max_concurrent'],
    ['hearth warm lla', 'llama3.2:1b llama3.2:3b'],
    // Behind a colon bash wants what comes after it.
    ['hearth warm llama3.2:3', '3b'],
    ['hearth --v', '--version'],
  ];
  expect(await offered(cases.map(([line]) => line))).toEqual(cases.map(([, words]) => words));
});

test.each(['bash', 'zsh', 'fish'].filter(has))('%s reads its script without a complaint', async (shell) => {
  const { stderr } = await run(shell, ['-n', join(folder, shell)]);
  expect(stderr).toBe('');
});

test.runIf(has('groff'))('groff has nothing to say against the man page, which has every command', async () => {
  const path = join(folder, 'hearth.1');
  writeFileSync(path, manPage('1.2.3'));
  const { stdout, stderr } = await run('groff', ['-man', '-Tutf8', '-ww', '-rLL=200n', '-P-cbou', path]);
  expect(stderr).toBe('');
  for (const name of COMMAND_NAMES.filter((each) => !GROUPS.includes(each))) expect(stdout).toContain(`hearth ${name}`);
  expect(stdout).toContain('--older-than TIME');
});
