// `npm run dist:headless`: the gateway without a desktop, for others, in `release/headless/`: the one file, a package for
// npm, and one executable for the machine this runs on; and the libraries of SQLite, which file and executable look for
// beside themselves. Each has been started when it is there.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { makeExecutable } from './executable.ts';
import { copyLibraries } from './libraries.ts';
import { licenseOfNode } from './licenses.ts';
import { tryOut } from './trial.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly author: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

const project = resolve(import.meta.dirname, '..', '..');
const out = join(project, 'release', 'headless');
const manifest = JSON.parse(await readFile(join(project, 'package.json'), 'utf8')) as Manifest;
const { version } = manifest;
/** npm's command is a script of the shell on Windows, which execFile runs through one only. */
const npm = (args: readonly string[], cwd: string): Promise<{ stdout: string }> =>
  promisify(execFile)('npm', [...args], { cwd, shell: process.platform === 'win32' });

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const FILES = ['hearth.mjs', 'hearth.mjs.map', 'hearth.1', 'hearth.licenses.txt'];
for (const name of FILES) await copyFile(join(project, 'dist', name), join(out, name));
// For all systems, since the file itself runs on all of them.
await copyLibraries(out, () => true);
const file = join(out, 'hearth.mjs');
await tryOut(process.execPath, [file], version);
await tell('hearth.mjs');

const work = await mkdtemp(join(tmpdir(), 'hearth-package-'));
try {
  for (const name of FILES) await copyFile(join(project, 'dist', name), join(work, name));
  await copyFile(join(project, 'LICENSE'), join(work, 'LICENSE'));
  await writeFile(join(work, 'package.json'), `${JSON.stringify(packageOf(manifest), null, 2)}\n`);
  const { stdout } = await npm(['pack', '--silent', '--pack-destination', out], work);
  const archive = stdout.trim();
  // Installed as users do, somewhere else.
  await npm(
    [
      'install',
      '--silent',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      '--prefix',
      join(work, 'user'),
      join(out, archive),
    ],
    work,
  );
  await tryOut(process.execPath, [join(work, 'user', 'node_modules', manifest.name, 'hearth.mjs')], version);
  await tell(archive);
} finally {
  await rm(work, { recursive: true, force: true });
}

const executable = process.platform === 'win32' ? 'hearth.exe' : 'hearth';
await makeExecutable(project, join(out, executable), version);
await writeFile(join(out, 'node.licenses.txt'), licenseOfNode(await realpath(process.execPath)));
await tryOut(join(out, executable), [], version);
await tell(executable);
// What the trial kept for this Node is no part of the release.
await rm(`${file}.cache`, { force: true });

/** The package's own. SQLite comes as a package, which has it for each system; where it has none, Hearth works in memory. */
function packageOf(all: Manifest): object {
  const { name, version, description, author, license, engines, optionalDependencies } = all;
  return {
    name,
    version,
    description,
    author,
    license,
    engines,
    type: 'module',
    bin: { hearth: 'hearth.mjs' },
    man: 'hearth.1',
    files: FILES,
    optionalDependencies,
  };
}

async function tell(name: string): Promise<void> {
  const { size } = await stat(join(out, name));
  process.stderr.write(`release/headless/${name}: ${(size / 1e6).toFixed(1)} MB, started and answered.\n`);
}
