// A disk of a few megabytes that can be filled, taken away and given back: a file system in memory, in a namespace of its own
// (unshare(1)), so that nobody needs rights for it and nothing of this machine's is touched.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/waiting.ts';

export class SmallDisk {
  /** Where the processes that are started `under` it find it. */
  readonly folder: string;
  readonly #holder: ChildProcess;

  private constructor(folder: string, holder: ChildProcess) {
    this.folder = folder;
    this.#holder = holder;
  }

  /** Why this machine has none; undefined where it has. */
  static cannot(): string | undefined {
    try {
      execFileSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()], { stdio: 'ignore' });
      return undefined;
    } catch {
      return 'nobody may mount a file system of his own here (unshare -Urm); a container needs --privileged for it, and Ubuntu `sysctl kernel.apparmor_restrict_unprivileged_userns=0`';
    }
  }

  /** Of so many kilobytes. */
  static async open(kb: number): Promise<SmallDisk> {
    const folder = await mkdtemp(join(tmpdir(), 'hearth-disk-'));
    const mount = `mount -t tmpfs -o size=${kb}k,mode=0700 tmpfs "$0" && echo mounted && exec sleep 86400`;
    const holder = spawn('unshare', ['-Urm', 'sh', '-c', mount, folder], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(holder.stdout, 'data');
    return new SmallDisk(folder, holder);
  }

  /** A program that starts others where the disk is. */
  get under(): readonly string[] {
    return ['nsenter', '-t', String(this.#holder.pid), '-U', '-m', '--preserve-credentials', `--wd=${this.folder}`];
  }

  /** A file of the disk, from outside. */
  path(name: string): string {
    return join(`/proc/${this.#holder.pid}/root`, this.folder, name);
  }

  /** Takes all room that is left. */
  async fill(): Promise<void> {
    const isFull = writeFile(this.path('ballast'), Buffer.alloc(64 * 1024 * 1024)).then(
      () => false,
      () => true,
    );
    if (!(await isFull)) throw new Error('the small disk is not small');
  }

  /** Gives the room back. */
  async free(): Promise<void> {
    await rm(this.path('ballast'), { force: true });
  }

  /** Another file system that is empty and can't be written stands in its place, until `giveBack`. */
  takeAway(): void {
    this.#do('mount', '-t', 'tmpfs', '-o', 'ro', 'tmpfs', this.folder);
  }

  giveBack(): void {
    this.#do('umount', this.folder);
  }

  #do(...command: readonly string[]): void {
    const [program = '', ...args] = [...this.under.slice(0, -1), ...command];
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  }

  async close(): Promise<void> {
    this.#holder.kill('SIGKILL');
    await eventually('the disk is gone', () => this.#holder.signalCode !== null);
    await rm(this.folder, { recursive: true, force: true });
  }
}
