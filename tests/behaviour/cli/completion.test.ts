// Completion in a real bash, and in a real zsh and fish where they are installed; the man page by groff.
import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
  mkdirSync(join(folder, 'fpath'));
  copyFileSync(join(folder, 'zsh'), join(folder, 'fpath', '_hearth'));
  writeFileSync(join(folder, 'recorder.zsh'), RECORDER(join(folder, 'found')));
  writeFileSync(join(folder, 'hearth'), "#!/bin/sh\nprintf 'llama3.2:1b\\nllama3.2:3b\\n'\n", { mode: 0o755 });
  writeFileSync(join(folder, 'config.toml'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Whether a program of the system is there. */
const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

/** What each shell offers at the end of each line, the words in their order; `hearth` itself is a program that knows two models. */
const OFFERED: Readonly<Record<string, (lines: readonly string[]) => Promise<string[]>>> = {
  async bash(lines) {
    const script = `
      source "$1"; shift
      compopt() { :; }
      for line; do
        COMP_LINE=$line COMP_POINT=\${#line}
        _hearth
        echo "\${COMPREPLY[*]}"
      done`;
    return await linesOf('bash', ['-c', script, 'bash', join(folder, 'bash'), ...lines]);
  },
  // fish itself says what it would offer, as a table that may go on behind a tab.
  async fish(lines) {
    const script = `
      source ${join(folder, 'fish')}
      for line in $argv
        string join ' ' -- (complete -C $line | string replace --regex '\\t.*' '' | sort)
      end
      true`;
    return await linesOf('fish', ['--no-config', '-c', script, ...lines]);
  },
  // An interactive zsh in a terminal of its own: what is added to its completions is written down.
  async zsh(lines) {
    const recorder = join(folder, 'recorder.zsh');
    const found = join(folder, 'found');
    const script = `
      zmodload zsh/zpty zsh/zselect
      zpty shell zsh -f -i
      zpty -w shell "PROMPT= RPROMPT=; fpath=(${join(folder, 'fpath')} $fpath); autoload -U compinit; compinit -u -D; source ${recorder}"
      for line; do
        : > ${found}
        zpty -w -n shell "$line"$'\\t'
        while [[ ! -s ${found} ]]; do zpty -r -t shell > /dev/null 2>&1 || zselect -t 1; done
        print -r -- "$(<${found})"
        # The line is taken away.
        zpty -w -n shell $'\\C-u'
      done`;
    return await linesOf('zsh', ['-f', '-c', script, 'zsh', ...lines]);
  },
};

/** A compadd that writes down what it adds; a call that only asks what would fit is left as it is. zsh forgets the last hook each time. */
const RECORDER = (found: string): string => `
  words_found=()
  compadd() {
    local -a hits
    if [[ " \${@[1,(i)(-|--)]} " == *\\ -(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
    builtin compadd -O hits "$@"
    words_found+=($hits)
    builtin compadd "$@"
  }
  tell() { print -r -- \${(ou)words_found} "" > ${found}; words_found=(); comppostfuncs=(tell) }
  comppostfuncs=(tell)
`;

async function linesOf(shell: string, args: readonly string[]): Promise<string[]> {
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}`, LC_ALL: 'C.UTF-8' };
  const { stdout, stderr } = await run(shell, args, { cwd: folder, env, timeout: 30_000 });
  expect(stderr).toBe('');
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd());
}

/** Lines, and what is offered at their ends. What a shell writes otherwise stands in EXCEPT. */
const CASES: readonly (readonly [line: string, words: string])[] = [
  ['hearth sta', 'status'],
  ['hearth key ', 'create list revoke'],
  ['hearth key create --sc', '--scopes'],
  ['hearth requests sh', 'show'],
  ['hearth requests --status pro', 'processing'],
  ['hearth requests --status=ca', 'cancelled'],
  ['hearth completion ', 'bash fish zsh'],
  ['hearth serve --config con', 'config.toml'],
  ['hearth serve --set queue.max_c', 'queue.max_concurrent='],
  ['hearth config set queue.max_c', 'queue.max_concurrent'],
  ['hearth warm lla', 'llama3.2:1b llama3.2:3b'],
  ['hearth warm llama3.2:3', 'llama3.2:3b'],
  ['hearth --v', '--version'],
];
const EXCEPT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // As they stand in the table of commands; and behind a colon bash wants what comes after it.
  bash: { 'hearth completion ': 'bash zsh fish', 'hearth warm llama3.2:3': '3b' },
  fish: { 'hearth requests --status=ca': '--status=cancelled' },
};

// bash is everywhere; the others where they are installed.
test.each(['bash', 'zsh', 'fish'].filter(has))(
  '%s completes commands, options, their values, files, settings and models',
  async (shell) => {
    const offered = await OFFERED[shell]?.(CASES.map(([line]) => line));
    expect(offered).toEqual(CASES.map(([line, words]) => EXCEPT[shell]?.[line] ?? words));
  },
);

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
