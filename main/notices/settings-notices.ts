// What the settings have to tell: a change that waits for a restart, values that cannot be used, a file edited by hand.
import { ConfigFileError, readConfigFile } from '../../backend/config-file.ts';
import { fields } from '../../backend/contract/config/config.ts';
import { asAppError } from '../../backend/contract/errors.ts';
import type { Log } from '../../backend/core/ports.ts';
import { effectiveBind } from '../../backend/http/door/bind.ts';
import { DISMISS, type Notice, type Notices } from './notices.ts';
import type { OpenedSettings } from '../settings/settings-file.ts';
import type { Settings } from '../settings/settings.ts';
import type { Supervisor } from '../gateway/supervisor.ts';
import { inOwnWords } from '../../words/field-words.ts';
import { t } from '../../words/texts.ts';

export const RESTART_NOTICE = 'restart-needed';
export const PROBLEM_NOTICE = 'settings-problems';

/** The notice of changes that wait for a restart of the gateway; undefined when none waits. */
export function restartNotice(settings: Settings, supervisor: Supervisor): Notice | undefined {
  const { waiting_for_restart: waiting, values } = settings.view(supervisor.startedWith);
  const paths = Object.keys(waiting);
  const [first, ...others] = paths;
  if (first === undefined) return bindNotice(settings, supervisor);
  const field = fields.find(({ path }) => path === first);
  const title = field === undefined ? first : inOwnWords(field).title;
  return {
    id: RESTART_NOTICE,
    level: 'info',
    icon: 'restart',
    restarts: true,
    text:
      others.length === 0
        ? t('notices.setting_waits', { setting: `${title} ${shown(values[first])}`.trim() })
        : t('notices.settings_wait', { n: paths.length }),
    buttons: [
      { id: 'undo', label: t('notices.undo'), plain: true, act: () => putBack(settings, waiting) },
      { id: 'restart', label: t('notices.restart_now'), act: () => supervisor.restart() },
    ],
  };
}

/** A key that was made, or the last one that was revoked, changes where Hearth may listen: that takes a restart. */
function bindNotice({ config }: Settings, supervisor: Supervisor): Notice | undefined {
  const { startedWith } = supervisor;
  if (startedWith === undefined) return undefined;
  const [wanted, now] = [effectiveBind(config), effectiveBind(startedWith)];
  if (wanted.beyondLoopback === now.beyondLoopback) return undefined;
  return {
    id: RESTART_NOTICE,
    level: 'info',
    icon: 'restart',
    restarts: true,
    text: t(wanted.beyondLoopback ? 'notices.others_after_restart' : 'notices.alone_after_restart'),
    buttons: [{ id: 'restart', label: t('notices.restart_now'), act: () => supervisor.restart() }, DISMISS],
  };
}

type Running = Pick<Supervisor, 'control' | 'startedWith'>;

/** The notice that the running gateway does not listen where the settings say; undefined when it does. */
export function gatewayNotice({ control, startedWith }: Running, addKey: () => void): Notice | undefined {
  const text =
    control === undefined || startedWith === undefined ? undefined : effectiveBind(startedWith).refusedBecause;
  if (text === undefined) return undefined;
  const buttons = [{ id: 'key', label: t('notices.add_key'), act: addKey }, DISMISS];
  return { id: 'gateway', level: 'warning', text, buttons };
}

/** Tells what else the running gateway has to say, whenever that is something new: what was dismissed stays away. */
export function tellOfGateway(supervisor: Running, notices: Pick<Notices, 'warn'>): () => void {
  let told: string | undefined;
  return () => {
    const elsewhere = gatewayNotice(supervisor, () => undefined)?.text;
    const text = supervisor.control?.live().health.notices?.find((each) => each !== elsewhere);
    if (text !== told) notices.warn('gateway-says', text);
    told = text;
  };
}

/** The notice of settings that are not used as they were written; undefined when all are. */
function problemNotice(
  settings: Settings,
  { openFile, show }: Pick<TellParts, 'openFile' | 'show'>,
): Notice | undefined {
  const { problems } = settings;
  if (problems.length === 0) return undefined;
  // A wrong value changes how Hearth works; an unknown key does not.
  const wrong = problems.filter(({ kind }) => kind === 'wrong_value');
  const [first] = wrong;
  const unknown = problems.length - wrong.length;
  const lead = (wrong.length > 0 ? wrong : problems).map(({ sentence }) => sentence);
  const text =
    wrong.length > 0 ? t('notices.wrong_settings', { n: wrong.length }) : t('notices.unknown_lines', { n: unknown });
  const more = [
    ...lead.slice(0, 2),
    ...(problems.length > 2 ? [t('notices.and_more', { n: problems.length - 2 })] : []),
  ].join(' ');
  const go = first === undefined ? [] : [{ id: 'show', label: t('notices.show'), act: () => show(first.key) }];
  return {
    id: PROBLEM_NOTICE,
    level: 'warning',
    text,
    more,
    buttons: [...go, { id: 'open', label: t('notices.open_file'), act: openFile }, DISMISS],
  };
}

export interface TellParts {
  readonly settings: Settings;
  readonly notices: Notices;
  readonly log: Log;
  openFile(): Promise<void>;
  /** Shows a setting in the window, by its dotted path. */
  show(path: string): void;
}

/** For `npm run demo`, which says so by HEARTH_DEMO. */
const demoNotice = (): Notice => ({
  id: 'demo',
  level: 'info',
  text: t('notices.demo'),
  more: t('notices.demo_more'),
  buttons: [DISMISS],
});

/** Says what was found in the file and the environment at the start; the last added, which is seen first, weighs most. */
export function tellOfTheStart(parts: TellParts, { trouble }: OpenedSettings, demo: boolean): void {
  const { settings, notices, log } = parts;
  for (const text of settings.notices) log.warn({}, text);
  if (demo) notices.add(demoNotice());
  notices.put(PROBLEM_NOTICE, problemNotice(settings, parts));
  if (trouble !== undefined) {
    notices.add({ id: 'settings-file', level: 'warning', ...trouble, buttons: [DISMISS] });
  }
}

/** The file was edited by hand: takes it over, or says why not. Never rejects. */
export async function reread({ settings, notices, openFile }: TellParts, read = readConfigFile): Promise<void> {
  try {
    let data: unknown;
    let saves: number;
    do {
      // Data read before a save of our own is out of date.
      ({ saves } = settings);
      ({ data } = await read(settings.view(undefined).file));
    } while (saves !== settings.saves);
    settings.reread(data);
    notices.remove('settings-edit');
  } catch (error) {
    const text = error instanceof ConfigFileError ? error.plain : asAppError(error).message;
    const buttons = [{ id: 'open', label: t('notices.open_file'), act: openFile }, DISMISS];
    notices.add({ id: 'settings-edit', level: 'warning', text, buttons });
  }
}

function putBack(settings: Settings, running: Readonly<Record<string, unknown>>): void {
  for (const [path, value] of Object.entries(running)) settings.set(path, value);
}

function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
