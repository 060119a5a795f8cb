// What the settings have to tell: a change that waits for a restart, values in the file that cannot be used.
import { fields } from '../backend/contract/config.ts';
import type { Notice } from './notices.ts';
import type { Settings } from './settings.ts';
import type { Supervisor } from './supervisor.ts';

export const RESTART_NOTICE = 'restart-needed';

/** The notice of changes that wait for a restart of the gateway; undefined when none waits. */
export function restartNotice(settings: Settings, supervisor: Supervisor): Notice | undefined {
  const { waiting_for_restart: waiting, values } = settings.view(supervisor.startedWith);
  const paths = Object.keys(waiting);
  const [first, ...others] = paths;
  if (first === undefined) return undefined;
  const title = fields.find(({ path }) => path === first)?.title ?? first;
  const what = others.length === 0 ? `${title} ${shown(values[first])} waits` : `${paths.length} settings wait`;
  return {
    id: RESTART_NOTICE,
    level: 'info',
    text: `${what} for a restart.`,
    buttons: [
      { id: 'undo', label: 'Undo', plain: true, act: () => putBack(settings, waiting) },
      { id: 'restart', label: 'Restart now', act: () => supervisor.restart() },
    ],
  };
}

/** The notice of values that are not used; undefined when all is well. */
export function problemNotice(settings: Settings, openFile: () => void): Notice | undefined {
  const { problems } = settings;
  const [first] = problems;
  if (first === undefined) return undefined;
  return {
    id: 'settings-problems',
    level: 'warning',
    text: problems.length === 1 ? first : `${first} And ${problems.length - 1} more.`,
    more: 'The default is in use.',
    buttons: [{ id: 'open', label: 'Open file', act: openFile }],
  };
}

function putBack(settings: Settings, running: Readonly<Record<string, unknown>>): void {
  for (const [path, value] of Object.entries(running)) settings.set(path, value);
}

function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
