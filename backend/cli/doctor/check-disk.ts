// Checks Hearth's data folder: whether data is stored at all, and whether there is room.
import { access, constants, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { bytes } from '../../contract/in-words.ts';
import { fail, ok, warn, type Finding } from './finding.ts';
import type { Known } from './look-around.ts';

const LITTLE = 1e9;
const TOO_LITTLE = 100e6;

export async function checkDisk({
  dataFolder,
  gateway: { isHere, says },
  settings,
}: Known): Promise<readonly Finding[]> {
  const persists = typeof settings === 'string' || settings.config.cache.persist;
  if (typeof says !== 'string') {
    const { disk } = says.health.cache;
    if (disk === undefined && persists) {
      return [
        warn(
          'disk',
          'The gateway keeps everything in memory alone: a restart forgets it.',
          'Its notices and its log say why; cache.persist must be true, and SQLite’s library beside hearth.mjs.',
        ),
      ];
    }
    if (!isHere) return [];
  }
  if (!persists) return [ok('disk', 'Nothing is kept on disk (cache.persist is false).')];
  const folder = await nearest(dataFolder);
  const mayWrite = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!mayWrite) {
    return [
      fail(
        'disk',
        `${folder} cannot be written, so nothing is kept there.`,
        'Give it to the user who runs Hearth, or name another folder in HEARTH_DATA_DIR.',
      ),
    ];
  }
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const told = `${bytes(free)} are free where Hearth keeps its data (${dataFolder}).`;
  if (free < TOO_LITTLE) return [fail('disk', told, 'Make room: a full disk means that nothing new is kept.')];
  if (free < LITTLE) return [warn('disk', told, 'Make room, or set cache.disk_max_size_mb lower.')];
  return [ok('disk', told)];
}

/** The folder itself, or the nearest existing parent. */
async function nearest(folder: string): Promise<string> {
  for (let here = folder; ; here = dirname(here)) {
    const isThere = await access(here).then(
      () => true,
      () => false,
    );
    if (isThere || dirname(here) === here) return here;
  }
}
