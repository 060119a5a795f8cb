// `npm run dist` and `npm run dist:dir`: packs the built app with electron-builder, every target of this system, those that are
// named (`-- --linux deb tar.gz`) or, with `--dir`, the unpacked app alone. What is in release/ afterwards is finished. Where the
// official Electron cannot be had, the copy of electron-copy.ts is packed, and said to be.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { copyFolder, findElectron } from './electron-runtime.ts';
import { keepFinished, unreachable } from './packed.ts';

const project = resolve(import.meta.dirname, '..', '..', '..');
/** EX_UNAVAILABLE of sysexits(3). */
const UNAVAILABLE = 69;
/** Of pictures of the app, for Linux. */
const ICON_SIZES = [16, 24, 32, 48, 64, 128, 256, 512, 1024];
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const electron = await findElectron({
  project,
  env: process.env,
  platform: process.platform,
  arch: process.arch,
  say,
});
const args = process.argv.slice(2);
let borrowed: string | undefined;
if (electron !== undefined && electron.folder === copyFolder(process.env)) {
  say(`Packing Electron ${electron.version}, since the official one cannot be had here. Not for release.`);
  borrowed = await withoutLoader(electron.folder);
  args.push(`-c.electronDist=${borrowed}`, `-c.electronVersion=${electron.version}`);
}
const building = join(project, 'release', '.building');
const { GITHUB_REPOSITORY: repository } = process.env;
// It makes no .deb without a page of the program, and outside of a workflow none is known: deb.ts leaves out what is no address.
args.push(`-c.extraMetadata.homepage=${repository === undefined ? 'none' : `https://github.com/${repository}`}`);
await rm(building, { recursive: true, force: true });
args.push(`-c.directories.output=${building}`);
const folder = await mkdtemp(join(tmpdir(), 'hearth-pack-'));
const tools = await ownTools();
// It takes a folder of pictures named by their size as it is, and downloads a program to make them of anything else.
const icons = join(folder, 'icons');
for (const size of ICON_SIZES) {
  await cp(join(project, 'assets', 'icons', `icon-${size}.png`), join(icons, `${size}x${size}.png`));
}
args.push(`-c.linux.icon=${icons}`);
const { code, failure } = await build();
await rm(folder, { recursive: true, force: true });
if (code === 0) say(`In release/: ${(await keepFinished(building, join(project, 'release'))).toSorted().join(', ')}.`);
else say(unreachable(failure) ?? failure);
await rm(building, { recursive: true, force: true });
// Nothing of it is left where nothing was before.
await rmdir(join(project, 'release')).catch(() => undefined);
if (borrowed !== undefined) await rm(borrowed, { recursive: true, force: true });
process.exit(code !== 0 && unreachable(failure) !== undefined ? UNAVAILABLE : code);

/** Shows what electron-builder tells, but for the report of a failure, which is long and which the caller explains. */
function build(): Promise<{ readonly code: number; readonly failure: string }> {
  // By its file: the command in .bin is a script of the shell on Windows, which spawn cannot run.
  const command = join(project, 'node_modules', 'electron-builder', 'cli.js');
  const child = spawn(process.execPath, [command, '--publish', 'never', ...args], {
    cwd: project,
    env: { ...process.env, ...tools },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let failure = '';
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      if (failure === '' && !line.trimStart().startsWith('⨯')) say(line);
      else failure += `${line}\n`;
    });
  }
  return new Promise((resolve) => child.once('close', (code) => resolve({ code: code ?? 1, failure })));
}

/** Programs of this machine that electron-builder takes in place of those that it would download. */
async function ownTools(): Promise<Readonly<Record<string, string>>> {
  const tools: Record<string, string> = {};
  // Of Debian's p7zip-full.
  if (existsSync('/usr/bin/7za')) tools['ELECTRON_BUILDER_7ZIP_PATH'] = '/usr/bin/7za';
  if (existsSync('/usr/bin/dpkg-deb')) {
    const fpm = join(folder, 'fpm');
    const maker = join(import.meta.dirname, 'deb.js');
    await writeFile(fpm, `#!/bin/sh\nexec '${process.execPath}' '${maker}' "$@"\n`, { mode: 0o755 });
    tools['CUSTOM_FPM_PATH'] = fpm;
  }
  return tools;
}

/** The copy loads a project from outside, which a packed app must not. */
async function withoutLoader(folder: string): Promise<string> {
  const own = await mkdtemp(join(tmpdir(), 'hearth-electron-'));
  await cp(folder, own, { recursive: true });
  await rm(join(own, 'resources', 'app'), { recursive: true, force: true });
  return own;
}
