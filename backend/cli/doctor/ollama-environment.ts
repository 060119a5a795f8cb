// With which settings the Ollama of this machine was started, as far as that can be seen: Ollama tells nobody, so its process
// is looked at, and what systemd would start it with. Linux alone lets one look.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface OllamaEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  /** How it was seen, as part of a sentence. */
  readonly seenIn: string;
}

const SYSTEMCTL_MS = 2000;

/** undefined where nothing can be seen. `proc` is where the system shows its processes. */
export async function ollamaEnvironment(proc = '/proc'): Promise<OllamaEnvironment | undefined> {
  return (await fromProcess(proc)) ?? (await fromSystemd());
}

async function fromProcess(proc: string): Promise<OllamaEnvironment | undefined> {
  const pids = (await readdir(proc).catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const words = (await textOf(join(proc, pid, 'cmdline'))).split('\0');
    if (!/(^|\/)ollama$/.test(words[0] ?? '') || words[1] !== 'serve') continue;
    // Another user's process does not show it.
    const environment = await textOf(join(proc, pid, 'environ'));
    if (environment !== '') return { variables: variablesIn(environment.split('\0')), seenIn: `process ${pid}` };
  }
  return undefined;
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

async function fromSystemd(): Promise<OllamaEnvironment | undefined> {
  try {
    const words = ['show', 'ollama.service', '--property=LoadState,Environment'];
    const { stdout } = await promisify(execFile)('systemctl', words, { timeout: SYSTEMCTL_MS });
    if (!/^LoadState=loaded$/m.test(stdout)) return undefined;
    const line = /^Environment=(.*)$/m.exec(stdout)?.[1] ?? '';
    // Values with blanks are quoted as a whole: "NAME=a b".
    const pairs = line.match(/"[^"]*"|\S+/g) ?? [];
    return { variables: variablesIn(pairs.map((pair) => pair.replaceAll('"', ''))), seenIn: 'its systemd unit' };
  } catch {
    return undefined;
  }
}

/** Ollama's own alone: what else is in there may be secret. */
function variablesIn(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs
      .filter((pair) => pair.startsWith('OLLAMA_'))
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}
