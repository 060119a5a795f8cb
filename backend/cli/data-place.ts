// Where the headless gateway keeps what must outlive it.
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** Not the desktop app's name, so that both can run on one machine. */
const NAME = 'hearth-gateway';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The folder that HEARTH_DATA_DIR names, else the one that systemd made for the service (StateDirectory=), else the
 * user's usual place for the data of programs. Nothing is made here.
 */
export function dataPlace(env: Variables, platform: NodeJS.Platform = process.platform, home = homedir()): string {
  const named = env['HEARTH_DATA_DIR'];
  if (named) return resolve(named);
  // A list, as PATH is.
  const [state] = (env['STATE_DIRECTORY'] ?? '').split(':');
  return state || join(usualPlace(env, platform, home), NAME);
}

function usualPlace(env: Variables, platform: NodeJS.Platform, home: string): string {
  if (platform === 'win32') return env['LOCALAPPDATA'] || join(home, 'AppData', 'Local');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  // A relative one is to be ignored (XDG Base Directory Specification).
  const data = env['XDG_DATA_HOME'] ?? '';
  return isAbsolute(data) ? data : join(home, '.local', 'share');
}
