// What each entry of the tray's menu does.
import type { View } from '../../backend/contract/window/desktop.ts';
import { asAppError, faultOf } from '../../backend/contract/errors.ts';
import type { Log } from '../../backend/core/ports.ts';
import { DISMISS, type Notices } from '../notices/notices.ts';
import type { Settings } from '../settings/settings.ts';
import { running, type Supervisor } from '../gateway/supervisor.ts';
import { listed } from '../../words/figures.ts';
import { t } from '../../words/texts.ts';
import type { TrayCommand } from './tray-model.ts';

export interface TrayCommandParts {
  readonly supervisor: Supervisor;
  readonly settings: Settings;
  readonly notices: Notices;
  readonly log: Log;
  readonly host: { readonly visible: boolean };
  /** As it was left. */
  showWindow(): void;
  copy(text: string): void;
  notify(title: string, body: string): void;
  /** The user has asked for something. */
  did(): void;
  show(tab: View['go']['tab'], more?: Pick<View['go'], 'page' | 'shows' | 'asks'>): void;
  open(what: 'logs'): Promise<void>;
  quit(): Promise<void>;
  /** Ends what takes long, such as a load, when the app ends. */
  readonly signal: AbortSignal;
}

/** What fails is told in a notice, and outside the window while that is closed, since a menu has no place for it. */
export function trayCommands(parts: TrayCommandParts): (command: TrayCommand) => Promise<void> {
  const { notices, log, host, notify } = parts;
  return async (command) => {
    parts.did();
    try {
      await run(parts, command);
    } catch (thrown) {
      const error = asAppError(thrown);
      log.warn({ command: command.do, ...faultOf(error) }, error.message);
      notices.add({ id: `tray-${command.do}`, level: 'error', text: error.message, buttons: [DISMISS] });
      if (!host.visible) notify('Hearth', error.message);
    }
  };
}

async function run(parts: TrayCommandParts, command: TrayCommand): Promise<void> {
  const { supervisor, settings, copy, show, open, quit, signal } = parts;
  switch (command.do) {
    case 'start':
      return await supervisor.start();
    case 'stop':
      return await supervisor.stop();
    case 'pause':
      return running(supervisor).pause(command.paused);
    case 'warm':
    case 'unload':
      await running(supervisor).act(`${command.do}_model`, { model: command.model }, signal);
      return;
    case 'free_memory': {
      const { in_use: inUse = [], refused = [] } = await running(supervisor).act('unload_idle', {}, signal);
      if (inUse.length > 0) parts.notify('Hearth', t('models.in_use', { models: listed(inUse), n: inUse.length }));
      if (refused.length > 0) parts.notify('Hearth', t('models.refused', { models: listed(refused) }));
      return;
    }
    case 'open':
      return parts.showWindow();
    case 'cancel':
      return running(supervisor).cancel(command.requestId);
    // What cannot be brought back is asked for in the window: a menu has no place for a question.
    case 'clear_cache':
      return show('settings', { asks: 'clear_cache' });
    case 'copy':
      return copy(command.text);
    case 'start_at_login':
      return settings.set('app.start_at_login', command.on);
    case 'show': {
      const { do: _do, tab, ...more } = command;
      return show(tab, more);
    }
    case 'open_logs':
      return await open('logs');
    case 'quit':
      return await quit();
  }
}
