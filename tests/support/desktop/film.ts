// The README's moving picture: pictures of docs/first-steps.md and docs/within-a-minute.md one after the other, as one file made by
// img2webp (Debian package webp).
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A model is downloaded and tried, an app is connected, and a slow request is looked into. */
const PICTURES = ['steps-download', 'steps-try', 'steps-connect', 'minute-requests', 'minute-slow', 'minute-prompts'];
/** Long enough to read what is new in a picture. Milliseconds. */
const EACH_MS = 3000;
/** Of 100: letters stay sharp. */
const QUALITY = 75;

/** Makes `hearth.webp`, which plays without end, of the pictures in a folder. */
export async function makeFilm(folder: string): Promise<void> {
  const frames = PICTURES.flatMap((name) => ['-d', String(EACH_MS), join(folder, `${name}.png`)]);
  const how = ['-min_size', '-loop', '0', '-lossy', '-q', String(QUALITY), '-m', '6'];
  await promisify(execFile)('img2webp', [...how, ...frames, '-o', join(folder, 'hearth.webp')]);
}
