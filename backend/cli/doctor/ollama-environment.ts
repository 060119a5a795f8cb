// The settings with which this machine's Ollama was started, as far as they are visible: Ollama reports them to nobody,
// so this reads the environment of its process, or of its systemd unit. Works on Linux only.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface OllamaEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  /** Where it was found, as part of a sentence. */
  readonly seenIn: string;
}

const SYSTEMCTL_MS = 2000;

/** undefined if nothing is visible. `proc`: the system's folder of processes. */
export async function ollamaEnvironment(proc = '/proc'): Promise<OllamaEnvironment | undefined> {
  return (await fromProcess(proc)) ?? (await fromSystemd());
}

async function fromProcess(proc: string): Promise<OllamaEnvironment | undefined> {
  const pids = (await readdir(proc).catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const words = (await textOf(join(proc, pid, 'cmdline'))).split('\0');
    if (!/(^|\/)ollama$/.test(words[0] ?? '') || words[1] !== 'serve') continue;
    // Unreadable for another user's process.
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
    // A value with spaces is quoted together with its name: "NAME=a b".
    const pairs = line.match(/"[^"]*"|\S+/g) ?? [];
    return { variables: variablesIn(pairs.map((pair) => pair.replaceAll('"', ''))), seenIn: 'its systemd unit' };
  } catch {
    return undefined;
  }
}

/** Only Ollama's own variables: others may be secret. */
function variablesIn(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs
      .filter((pair) => pair.startsWith('OLLAMA_'))
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}
