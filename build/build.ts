// The part of `npm run build` that makes bundles of the gateway and the desktop's main process, with the licence texts of
// what is in them. `build.js gateway` makes the gateway alone.
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { manPage } from '../backend/cli/papers/man-page.ts';
import { makeDesktop } from './desktop-bundle.ts';
import { makeGateway } from './gateway-bundle.ts';
import { copyLibraries, isForHere, SQLITE_PACKAGE } from './libraries.ts';
import { licensesOf } from './licenses.ts';

const project = resolve(import.meta.dirname, '..', '..');
const dist = join(project, 'dist');
const { version } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8')) as { version: string };

/** What the native library is made of. */
const library = [SQLITE_PACKAGE, fileURLToPath(import.meta.resolve('node-addon-api'))];
const gateway = await makeGateway(project, dist, version);
await writeFile(join(dist, 'hearth.1'), manPage(version));
await copyLibraries(dist, isForHere);
await writeFile(join(dist, 'hearth.licenses.txt'), licensesOf([...gateway, ...library]));
if (process.argv[2] !== 'gateway') {
  // What vite puts into the page.
  const page = ['preact', 'uplot', 'uqr'].map((name) => fileURLToPath(import.meta.resolve(name)));
  const main = await makeDesktop(project, join(dist, 'desktop'));
  // For each processor, since an app can be packed for several. Electron is made for glibc alone.
  await copyLibraries(join(dist, 'desktop'), (name) => name.includes(process.platform) && !name.includes('musl'));
  await writeFile(join(dist, 'licenses.txt'), licensesOf([...main, ...page, ...library]));
}
