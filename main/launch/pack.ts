// `npm run dist` and `npm run dist:dir`: packs the built app with electron-builder, every target of this system or, with
// `--dir`, the unpacked app alone. Where the official Electron cannot be had, the copy of electron-copy.ts is packed, and
// said to be.
import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { copyFolder, findElectron } from './electron-runtime.ts';
import { writeLicenses } from './licenses.ts';

const project = resolve(import.meta.dirname, '..', '..', '..');

const electron = await findElectron({
  project,
  env: process.env,
  platform: process.platform,
  arch: process.arch,
  say: (sentence) => process.stderr.write(`${sentence}\n`),
});
writeLicenses(project, join(project, 'dist', 'licenses.txt'));
const args = process.argv.slice(2);
let borrowed: string | undefined;
if (electron !== undefined && electron.folder === copyFolder(process.env)) {
  process.stderr.write(
    `Packing Electron ${electron.version}, since the official one cannot be had here. Not for release.\n`,
  );
  borrowed = await withoutLoader(electron.folder);
  args.push(`-c.electronDist=${borrowed}`, `-c.electronVersion=${electron.version}`);
}
// By its file: the command in .bin is a script of the shell on Windows, which spawn cannot run.
const command = join(project, 'node_modules', 'electron-builder', 'cli.js');
const builder = spawn(process.execPath, [command, '--publish', 'never', ...args], { cwd: project, stdio: 'inherit' });
builder.once('exit', (code) => {
  void (async () => {
    if (borrowed !== undefined) await rm(borrowed, { recursive: true, force: true });
    process.exit(code ?? 1);
  })();
});

/** The copy loads a project from outside, which a packed app must not. */
async function withoutLoader(folder: string): Promise<string> {
  const own = await mkdtemp(join(tmpdir(), 'hearth-electron-'));
  await cp(folder, own, { recursive: true });
  await rm(join(own, 'resources', 'app'), { recursive: true, force: true });
  return own;
}
