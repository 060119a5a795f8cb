// What becomes of a run of electron-builder: finished packages go to the release folder, everything else goes away, and a
// network that is out of reach is said in a sentence instead of pages of stack traces. It packs nothing.
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** What electron-builder leaves beside its packages: notes for debugging, and work of targets that is under way. */
const DEBRIS = /^(?:\.|__|builder-)/;

/** Moves what is finished over what was there before; returns the names. */
export async function keepFinished(from: string, to: string): Promise<string[]> {
  const finished = (await readdir(from)).filter((name) => !DEBRIS.test(name));
  await mkdir(to, { recursive: true });
  for (const name of finished) {
    await rm(join(to, name), { recursive: true, force: true });
    await rename(join(from, name), join(to, name));
  }
  return finished;
}

/** Names that resolve to nothing, and connections that cannot be made, in Node's words, with the host. */
const OUT_OF_REACH =
  /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH)[ :]+([a-z0-9][\w.-]*)/i;

/** The sentence for a run that failed because something could not be fetched; undefined for every other failure. */
export function unreachable(output: string): string | undefined {
  const [, host] = OUT_OF_REACH.exec(output) ?? [];
  if (host === undefined) return undefined;
  const what = `The packaging tools of electron-builder could not be fetched from ${host}, so no package was made.`;
  return `${what} Check the network, or run npm run dist:dir: the unpacked app needs none of them.`;
}
