// Start at login: off until asked for, and gone without a trace when switched off again. macOS and Windows keep a list of
// their own, which Electron knows; on Linux it is a .desktop file in the autostart folder (freedesktop: Autostart spec).
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Settings as LoginItemSettings } from 'electron';
import type { Log } from '../../backend/core/ports.ts';
import { t } from '../../words/texts.ts';
import { reasonOf, type Settings } from './settings.ts';

export interface LoginItemOptions {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** The command that starts this app: the program, then its arguments. */
  readonly command: readonly string[];
  /** Electron's own way, for macOS and Windows. */
  setLoginItem(settings: LoginItemSettings): void;
}

/** Throws what the system says when the file cannot be written. */
export function setLoginItem(on: boolean, { platform, env, home, command, setLoginItem: set }: LoginItemOptions): void {
  if (platform !== 'linux') {
    set({ openAtLogin: on, args: ['--hidden'] });
    return;
  }
  const named = env['XDG_CONFIG_HOME'] ?? '';
  // A relative one is invalid and to be ignored (freedesktop: Base Directory spec).
  const folder = join(isAbsolute(named) ? named : join(home, '.config'), 'autostart');
  const file = join(folder, 'hearth.desktop');
  if (!on) {
    // Checked first: where the folder cannot exist, rmSync would throw although there is nothing to remove.
    if (existsSync(file)) rmSync(file);
    return;
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, desktopEntry(command));
}

export interface StartedAs {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly execPath: string;
  readonly argv: readonly string[];
  readonly isPackaged: boolean;
  /** The folder of a development copy. */
  readonly project: string;
}

/** How this app is started again: an AppImage by its own name, a development copy with its project. */
export function startCommand({ env, execPath, argv, isPackaged, project }: StartedAs): string[] {
  const appImage = env['APPIMAGE'];
  if (appImage !== undefined && appImage !== '') return [appImage];
  if (isPackaged) return [execPath];
  // As root Chromium starts only without it (launch/choose.ts).
  const sandbox = argv.filter((each) => each === '--no-sandbox');
  // The Electron of launch/electron-copy.ts is told its project by this variable, which a login does not set.
  return env['HEARTH_PROJECT'] === undefined
    ? [execPath, project, ...sandbox]
    : ['/usr/bin/env', `HEARTH_PROJECT=${project}`, execPath, ...sandbox];
}

export interface LoginItemParts extends Pick<LoginItemOptions, 'platform' | 'env' | 'home'> {
  readonly loginItem: Omit<LoginItemOptions, 'platform' | 'env' | 'home'>;
  readonly settings: Settings;
  readonly log: Log;
  /** Is told, as a sentence, why the system could not be made to. */
  failed(sentence: string): void;
}

/** Makes the system do as app.start_at_login says. */
export function keepLoginItem({ loginItem, platform, env, home, settings, log, failed }: LoginItemParts): void {
  try {
    setLoginItem(settings.config.app.start_at_login, { ...loginItem, platform, env, home });
  } catch (error) {
    log.warn({ err: error }, 'start at login could not be set');
    failed(t('settings.login_failed', { reason: reasonOf(error) }));
  }
}

/** `--hidden`: in the tray, without the window. */
function desktopEntry(command: readonly string[]): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Hearth',
    'Comment=Local gateway for Ollama',
    `Exec=${[...command, '--hidden'].map(quoted).join(' ')}`,
    'Icon=hearth',
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n');
}

/** Desktop Entry Specification, "The Exec key": reserved characters need quotes, and % stands for a field code. */
function quoted(word: string): string {
  const plain = word.replaceAll('%', '%%');
  if (/^[\w@%+=:,./-]+$/.test(plain)) return plain;
  // Twice: once for the quoted word, once for the string type of the file.
  return `"${plain.replaceAll(/[\\"`$]/g, '\\$&').replaceAll('\\', '\\\\')}"`;
}
