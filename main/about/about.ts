// What the app tells of itself, and what it opens in other programs.
import { release, type } from 'node:os';
import { join } from 'node:path';
import type { Opened } from '../../backend/contract/window/about-commands.ts';
import type { CommandOutput } from '../../backend/contract/window/desktop.ts';
import type { Shell } from '../shell.ts';
import { LOG_FILE, sizeOf } from './log-file.ts';

export async function aboutApp({
  dataFolder,
  home,
}: Pick<Shell, 'dataFolder' | 'home'>): Promise<CommandOutput<'about'>> {
  const { node, electron = null } = process.versions;
  return {
    data_folder: dataFolder.startsWith(`${home}/`) ? `~${dataFolder.slice(home.length)}` : dataFolder,
    data_bytes: await sizeOf(dataFolder),
    system: `${type()} ${release()} ${process.arch}`,
    electron,
    node,
  };
}

type Opens = Pick<Shell, 'openWeb' | 'openFolder' | 'logsFolder' | 'dataFolder' | 'settingsFile' | 'licencesFile'>;

/** What opens one of the things that the app knows the place of. */
export function opener(shell: Opens): (what: Opened) => Promise<void> {
  return (what) =>
    what === 'get_ollama' ? shell.openWeb('https://ollama.com/download') : shell.openFolder(placeOf(shell, what));
}

function placeOf(shell: Opens, what: Exclude<Opened, 'get_ollama'>): string {
  switch (what) {
    case 'logs':
      return shell.logsFolder;
    case 'log_file':
      return join(shell.logsFolder, LOG_FILE);
    case 'data':
      return shell.dataFolder;
    case 'licences':
      return shell.licencesFile;
    case 'settings_file':
      return shell.settingsFile;
  }
}
