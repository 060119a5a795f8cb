// The simulated Ollamas, one on the machine of each gateway, as seen by the process of the run.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { FakeSettings, FakeWord, Ran } from './fake-main.ts';
import { NODES, type Network, type NodeName } from './network.ts';

/** Ollama's own. */
export const OLLAMA_PORT = 11_434;
const PROGRAM = resolve(import.meta.dirname, import.meta.filename.endsWith('.ts') ? 'fake-main.ts' : 'fake-main.js');

export class Ollama {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(network: Network, node: NodeName, how: Omit<FakeSettings, 'node' | 'port'>): Promise<Ollama> {
    const settings: FakeSettings = { ...how, node: NODES.indexOf(node) + 1, port: OLLAMA_PORT };
    const [command, ...args] = network.on(node);
    const child = spawn(command, [...args, process.execPath, PROGRAM, JSON.stringify(settings)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`the Ollama of ${node} has ended with ${String(code)}`);
      }),
    ]);
    return new Ollama(child);
  }

  /** All that it has run so far, and runs. */
  async ran(): Promise<readonly Ran[]> {
    const told = once(this.#child, 'message') as Promise<[FakeWord]>;
    this.#child.send('ran');
    const [word] = await told;
    return 'ran' in word ? word.ran : [];
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
