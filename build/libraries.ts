// Copies SQLite's native libraries to where the programs look for them: beside themselves (backend/storage/sqlite.ts).
import { copyFile, mkdir, readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's folder for a system, as `linux-x64`, and its file there for a libc. */
const FILE = /^@photostructure\+sqlite\.(glibc|musl)\.node$/;

/** Where the package is. */
export const SQLITE_PACKAGE = dirname(fileURLToPath(import.meta.resolve('@photostructure/sqlite/package.json')));

/** Puts those that `wanted` says yes to into a folder, as `hearth-sqlite-linux-x64.node` and the like. Returns their names. */
export async function copyLibraries(folder: string, wanted: (name: string) => boolean): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const copied: string[] = [];
  const prebuilds = join(SQLITE_PACKAGE, 'prebuilds');
  for (const system of await readdir(prebuilds)) {
    for (const file of await readdir(join(prebuilds, system))) {
      // Those of systems with one libc are called glibc too.
      const [, libc] = FILE.exec(file) ?? [];
      const name = `hearth-sqlite-${system}${libc === 'musl' ? '-musl' : ''}.node`;
      if (libc === undefined || !wanted(name)) continue;
      // In the place of an old one that may be in use: its process keeps that one.
      await copyFile(join(prebuilds, system, file), join(folder, `${name}.new`));
      await rename(join(folder, `${name}.new`), join(folder, name));
      copied.push(name);
    }
  }
  return copied;
}

/** Whether a file of that name is for the system and the processor that this runs on, whatever its libc. */
export function isForHere(name: string): boolean {
  return name.includes(`-${process.platform}-${process.arch}`);
}
