// A moving picture of the real window: takes it again and again while something happens, and makes one file of it with img2webp
// (Debian package webp). What stands still costs nothing: a picture like the one before only makes that one last longer.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';

/** Milliseconds from one picture to the next, at least. */
const STEP_MS = 150;
/** Of 100: letters stay sharp. */
const QUALITY = 70;

interface Frame {
  readonly picture: Buffer;
  ms: number;
}

export class Film {
  readonly #page: Page;
  readonly #frames: Frame[] = [];

  constructor(page: Page) {
    this.#page = page;
  }

  /** Takes pictures until the work is done, and then for as long as `restMs`, in which it can be looked at. */
  async during(work: () => Promise<unknown>, restMs: number): Promise<void> {
    let done = false;
    const all = work()
      .then(() => sleep(restMs))
      .finally(() => (done = true));
    // Its failure is told below.
    all.catch(() => undefined);
    while (!done) {
      const from = performance.now();
      const picture = await this.#page.screenshot({ scale: 'css' });
      await sleep(Math.max(0, STEP_MS - (performance.now() - from)));
      const ms = performance.now() - from;
      const last = this.#frames.at(-1);
      if (last?.picture.equals(picture) === true) last.ms += ms;
      else this.#frames.push({ picture, ms });
    }
    await all;
  }

  /** Makes the file, which plays without end. */
  async write(path: string): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'hearth-film-'));
    try {
      const frames = this.#frames.flatMap(({ picture, ms }, number) => {
        const file = join(folder, `${number}.png`);
        writeFileSync(file, picture);
        return ['-d', String(Math.round(ms)), file];
      });
      const options = ['-min_size', '-loop', '0', '-lossy', '-q', String(QUALITY), '-m', '6'];
      await promisify(execFile)('img2webp', [...options, ...frames, '-o', path]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
