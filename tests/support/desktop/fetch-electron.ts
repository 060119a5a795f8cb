// Before the first desktop test: the Electron is there. On a fresh machine it has to be downloaded, which may take longer
// than a test may; how long depends on the network, so no limit is set here.
import { findElectron, type FoundElectron } from '../../../main/launch/electron-runtime.ts';
import { projectRoot } from './processes.ts';

/** The Electron for the tests. Throws where there is none. */
export async function electronForTests(): Promise<FoundElectron> {
  const electron = await findElectron({
    project: projectRoot(),
    env: process.env,
    platform: process.platform,
    arch: process.arch,
    say: (sentence) => process.stderr.write(`${sentence}\n`),
  });
  if (electron === undefined) throw new Error('there is no Electron for the desktop tests');
  return electron;
}

/** Called by vitest, once for the whole project "desktop". */
export async function setup(): Promise<void> {
  await electronForTests();
}
