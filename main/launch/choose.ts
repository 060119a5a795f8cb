// What `npm start` starts: the tray app where there is a screen and an Electron, the gateway without them. It says why
// there is no tray, and starts nothing.
import { join } from 'node:path';
import { hasDisplay, namedDisplays, type Knock } from './display.ts';
import type { FindOptions, FoundElectron } from './electron-runtime.ts';

export interface Start {
  readonly program: string;
  readonly args: readonly string[];
  /** Variables beside those that are there. */
  readonly env: Readonly<Record<string, string>>;
}

export interface ChooseOptions extends Omit<FindOptions, 'run' | 'copy'> {
  /** Node, for the gateway without a tray. */
  readonly node: string;
  /** Given on the command line, for whatever is started. */
  readonly args: readonly string[];
  readonly isRoot: boolean;
  /** Whether a screen answers; the real thing unless a test says so. */
  readonly knock?: Knock;
  readonly find: (options: FindOptions) => Promise<FoundElectron | undefined>;
}

export async function chooseStart(options: ChooseOptions): Promise<Start> {
  const { project, node, args, env, platform, arch, isRoot, say, knock, find } = options;
  const headless: Start = {
    program: node,
    args: [join(project, 'dist', 'hearth.mjs'), 'serve', ...args],
    env: {},
  };
  if (!(await hasDisplay(env, platform, knock))) {
    const named = namedDisplays(env);
    const what = named.length === 0 ? 'no display here' : `the display ${named.join(' or ')} does not answer`;
    say(`${what}, so there is no tray. Running the gateway headless.`);
    return headless;
  }
  const electron = await find({ project, env, platform, arch, say });
  if (electron === undefined) {
    say('no Electron, so there is no tray. Running the gateway headless.');
    return headless;
  }
  // Chromium refuses to run its sandbox as root.
  const asRoot = platform === 'linux' && isRoot;
  if (asRoot) say('started as root, so Chromium runs without its sandbox. Better start it as yourself.');
  return {
    program: electron.executable,
    args: [...electron.args, ...(asRoot ? ['--no-sandbox'] : []), ...args],
    env: { ...electron.env },
  };
}
