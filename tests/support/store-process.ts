// A process that has a store on a small disk of its own, for tests of disks that fail: Linux gives it a view of its own of
// what is mounted. It does what the lines of its input say, and answers each.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { wordStore, write } from './store-words.ts';

/** What it can be told. */
export type Order =
  /** Writes a word, on the disk where that can be. */
  | { readonly commit: string }
  /** Lets the store's clock go on. */
  | { readonly pass_ms: number }
  /** Takes all room that the disk has left, or gives it back. */
  | { readonly room: boolean }
  /** Not while a file of it is open. */
  | { readonly writable: boolean }
  /** Deletes the folder of the store. */
  | { readonly remove: true };

export interface StoreState {
  readonly words: string[];
  readonly durable: boolean;
  readonly told: string[];
}

export interface StoreProcess {
  tell(order: Order): Promise<StoreState>;
  end(): Promise<void>;
}

const FILE = resolve(import.meta.dirname, '../../dist/tests/support/store-process.js');
/** A disk in memory, seen by the process alone and gone with it. */
const ON_SMALL_DISK = 'mount -t tmpfs -o size=$1 none "$2" && exec "$3" "$4" "$2"';
const SCRIPT = ['--user', '--map-root-user', '--mount', 'sh', '-ec'];

/** Whether this system lets a process have disks of its own; containers often do not. */
export const hasSmallDisks = spawnSync('unshare', [...SCRIPT, 'mount -t tmpfs none /mnt']).status === 0;

/** `folder` is where its disk is mounted. */
export function startStore(folder: string, size = '12m'): StoreProcess {
  const child = spawn('unshare', [...SCRIPT, ON_SMALL_DISK, '-', size, folder, process.execPath, FILE], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout);
  const closed = once(child, 'close');
  return {
    async tell(order) {
      const ended = closed.then(() => Promise.reject(new Error('the process of the store ended')));
      const answer = Promise.race([once(lines, 'line'), ended]);
      child.stdin.write(`${JSON.stringify(order)}\n`);
      const [line] = (await answer) as [string];
      return JSON.parse(line) as StoreState;
    },
    async end() {
      child.stdin.end();
      await closed;
    },
  };
}

async function serve(disk: string): Promise<void> {
  const data = join(disk, 'data');
  const ballast = join(disk, 'ballast');
  const { database, clock, told, all } = wordStore(data);
  const obey = async (order: Order): Promise<void> => {
    if ('commit' in order) database.commit(write(order.commit));
    else if ('pass_ms' in order) await clock.advance(order.pass_ms);
    else if ('remove' in order) rmSync(data, { recursive: true });
    else if ('writable' in order) execFileSync('mount', ['-o', `remount,${order.writable ? 'rw' : 'ro'}`, disk]);
    else if (order.room) rmSync(ballast);
    else fill(ballast);
  };
  for await (const line of createInterface(process.stdin)) {
    const order = JSON.parse(line) as Order;
    await obey(order);
    // What is asked of the store opens it.
    const state =
      'writable' in order
        ? {}
        : { words: all(), durable: database.isDurable, told: told.map(({ trouble }) => trouble ?? 'back') };
    process.stdout.write(`${JSON.stringify(state)}\n`);
  }
  database.close();
}

/** To the last page. */
function fill(path: string): void {
  try {
    for (;;) writeFileSync(path, Buffer.alloc(4096), { flag: 'a' });
  } catch {
    // It is full.
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await serve(process.argv[2] ?? '');
