// Finds the data folder of the headless gateway.
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** Differs from the desktop app's name, so that both can run on one machine. */
const NAME = 'hearth-gateway';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The folder in HEARTH_DATA_DIR, else the one that systemd created for the service (StateDirectory=), else the user's
 * standard folder for program data. Nothing is created here.
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
  // The specification says to ignore a relative path (XDG Base Directory Specification).
  const data = env['XDG_DATA_HOME'] ?? '';
  return isAbsolute(data) ? data : join(home, '.local', 'share');
}
