// What the disk can do wrong: it is full, it is taken away, it fails, somebody deletes the folder or changes a page.
import { execFileSync } from 'node:child_process';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../support/waiting.ts';
import { hold, type Fault, PATIENT } from './fault.ts';
import { SmallDisk } from './small-disk.ts';
import type { Stand } from './stand.ts';

/** SQLite's pages, in bytes. */
const PAGE = 4096;
/** The gateway looks every 15 s whether the disk can be used again. */
const BACK = { ...PATIENT, everyMs: 200 };

/** Asks so many new questions; resolves with their texts. */
async function asked(stand: Stand, count: number): Promise<string[]> {
  const texts = Array.from({ length: count }, () => stand.fresh());
  for (const text of texts) stand.right(text, await stand.ask(text));
  return texts;
}

/** How many of them come from what is kept. Each answer must be right. */
async function hits(stand: Stand, texts: readonly string[]): Promise<number> {
  let found = 0;
  for (const text of texts) if (stand.right(text, await stand.ask(text)) === 'HIT') found++;
  return found;
}

/** The notice of the store that people see now. */
const notice = async (stand: Stand, pattern: RegExp): Promise<string | undefined> =>
  (await stand.health()).notices?.find((each) => pattern.test(each));

const until = (stand: Stand, pattern: RegExp): Promise<string> =>
  eventually(`a notice says ${String(pattern)}`, () => notice(stand, pattern), BACK);

const MEMORY = /keeps everything in memory/;

async function goneAndBack(
  stand: Stand,
  gone: () => void | Promise<void>,
  back: () => void | Promise<void>,
): Promise<string> {
  await stand.start();
  const before = await asked(stand, 20);
  await gone();
  const meanwhile = [...(await asked(stand, 20))];
  const said = await until(stand, MEMORY);
  meanwhile.push(...(await asked(stand, 20)));
  hold((await hits(stand, meanwhile.slice(-10))) === 10, 'what was asked meanwhile was not kept in memory');
  await hits(stand, before);
  await back();
  await eventually('the notice is gone', async () => (await notice(stand, MEMORY)) === undefined, BACK);
  const after = await asked(stand, 20);
  await stand.isWell();
  await stand.stop();
  await stand.start();
  const found = await hits(stand, after);
  hold(found === after.length, `after a restart ${found} of ${after.length} answers that were kept were there`);
  await stand.isWell();
  return `"${said}"; ${before.length + meanwhile.length + after.length} answers right; the ${found} kept since it was back survived a restart`;
}

const full: Fault = {
  area: 'The disk',
  name: 'is full',
  promise: 'Every answer still comes, one notice says so, and what is kept is on disk again when there is room.',
  cannot: () => SmallDisk.cannot(),
  async run(ground) {
    const disk = await SmallDisk.open(6144);
    ground.afterwards(() => disk.close());
    const stand = await ground.stand({ folder: disk.folder, under: disk.under, mayLog: /the store failed/ });
    return await goneAndBack(
      stand,
      () => disk.fill(),
      () => disk.free(),
    );
  },
};

const away: Fault = {
  area: 'The disk',
  name: 'is taken away, and what stands in its place cannot be written',
  isLong: true,
  promise: 'Every answer still comes, one notice says so, and what is kept is on disk again when it is back.',
  cannot: () => SmallDisk.cannot(),
  async run(ground) {
    const disk = await SmallDisk.open(6144);
    ground.afterwards(() => disk.close());
    const stand = await ground.stand({ folder: disk.folder, under: disk.under, mayLog: /the store failed/ });
    return await goneAndBack(
      stand,
      () => disk.takeAway(),
      () => disk.giveBack(),
    );
  },
};

const fails: Fault = {
  area: 'The disk',
  name: 'takes no more bytes in the middle of the work',
  isLong: true,
  promise: 'Every answer still comes, one notice says so, and what is kept is on disk again when it takes them.',
  cannot: () => (process.platform === 'linux' ? undefined : 'prlimit is of Linux'),
  async run(ground) {
    const stand = await ground.stand({ mayLog: /the store failed/ });
    // The system fails each write behind that many bytes of a file; Node takes no notice of the signal that comes with it.
    const limit = (bytes: number | 'unlimited'): void =>
      void execFileSync('prlimit', ['--pid', String(stand.pid), `--fsize=${bytes}:unlimited`]);
    return await goneAndBack(
      stand,
      () => limit(PAGE),
      () => limit('unlimited'),
    );
  },
};

const deleted: Fault = {
  area: 'The disk',
  name: 'loses the folder while the gateway runs',
  promise: 'Every answer still comes, a new file is begun with a notice, and it is there after a restart.',
  async run(ground) {
    const stand = await ground.stand({ mayLog: /the store failed/ });
    await stand.start();
    await asked(stand, 20);
    await rm(stand.folder, { recursive: true });
    await asked(stand, 20);
    const said = await until(stand, /was deleted|in memory/);
    const after = await asked(stand, 20);
    await stand.isWell();
    await stand.stop();
    await stand.start();
    const found = await hits(stand, after);
    hold(found === after.length, `after a restart ${found} of ${after.length} answers were there`);
    await stand.isWell();
    return `"${said}"; 60 answers right, the ${found} since then survived a restart`;
  },
};

const flipped: Fault = {
  area: 'The disk',
  name: 'changes a page of the database',
  promise:
    'The gateway starts and never gives a damaged answer: what cannot be read is asked anew, or the file is moved aside with a notice.',
  async run(ground) {
    const stand = await ground.stand({ mayLog: /the store|could not be kept|moved aside/ });
    const rounds = ground.isFull ? 60 : 2;
    let texts: string[] = [];
    let [found, all, aside] = [0, 0, 0];
    for (let i = 0; i < rounds; i++) {
      await stand.start();
      if (await notice(stand, /could not be used/)) aside++;
      const now = await hits(stand, texts);
      found += now;
      all += texts.length;
      texts = await asked(stand, 40);
      await stand.isWell();
      await stand.stop();
      const path = join(stand.folder, 'hearth.db');
      const pages = Math.floor((await stat(path)).size / PAGE);
      const file = await open(path, 'r+');
      const page = ground.chance.below(pages);
      const bytes = Buffer.alloc(PAGE);
      await file.read(bytes, 0, PAGE, page * PAGE);
      await file.write(
        bytes.map((byte) => byte ^ 0xff),
        0,
        PAGE,
        page * PAGE,
      );
      await file.close();
    }
    await stand.start();
    await hits(stand, texts);
    await stand.isWell();
    return `${rounds} times another page of the file: ${found} of ${all} kept answers were found all the same and right, ${aside} times the file was moved aside`;
  },
};

export const DISK_FAULTS: readonly Fault[] = [full, away, fails, deleted, flipped];
