// Makes one executable of the gateway and the Node that runs this (Node.js: "Single executable applications").
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundle } from './bundle.ts';
import { gatewayProgram } from './gateway-bundle.ts';
import { copyLibraries, isForHere } from './libraries.ts';
import { compiledBy } from './trial.ts';

const run = promisify(execFile);
/** By which Node knows that it carries something. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Makes `file` for the machine this runs on. It starts from V8's code, which an executable without it has made. */
export async function makeExecutable(project: string, file: string, version: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'hearth-executable-'));
  const asset = (name: string): string => join(work, name);
  try {
    const { code, id, map } = await gatewayProgram(project, version);
    const boot = await bundle(project, 'backend/cli/boot-executable.ts', 'cjs', []);
    await writeFile(asset('boot.cjs'), boot.code);
    await writeFile(asset('program'), code);
    await writeFile(asset('map'), JSON.stringify({ version: 3, ...map }));
    await writeFile(asset('id'), id);
    const assets = ['program', 'map', 'id'];
    await inject(work, assets, asset('first'));
    // So that what it makes of the store is compiled too.
    await copyLibraries(work, isForHere);
    await writeFile(asset('compiled'), await compiledBy(asset('first'), [], id));
    await inject(work, [...assets, 'compiled'], file);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function inject(work: string, assets: readonly string[], file: string): Promise<void> {
  const config = join(work, 'sea.json');
  const blob = join(work, 'blob');
  await writeFile(
    config,
    JSON.stringify({
      main: join(work, 'boot.cjs'),
      output: blob,
      disableExperimentalSEAWarning: true,
      assets: Object.fromEntries(assets.map((name) => [name, join(work, name)])),
    }),
  );
  await run(process.execPath, ['--experimental-sea-config', config]);
  await rm(file, { force: true });
  await copyFile(process.execPath, file);
  await chmod(file, 0o755);
  const isMac = process.platform === 'darwin';
  if (isMac) await run('codesign', ['--remove-signature', file]);
  const postject = fileURLToPath(new URL('cli.js', import.meta.resolve('postject')));
  const segment = isMac ? ['--macho-segment-name', 'NODE_SEA'] : [];
  await run(process.execPath, [postject, file, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE, ...segment]);
  if (isMac) await run('codesign', ['--sign', '-', file]);
}
