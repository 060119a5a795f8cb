// What the window is told of the app, topic by topic: how each is now.
import type { Topic, View } from '../../backend/contract/window/desktop.ts';
import type { Legacy } from '../../backend/legacy.ts';
import type { OllamaProgram } from '../gateway/ollama-program.ts';
import type { Supervisor } from '../gateway/supervisor.ts';
import type { Notices } from '../notices/notices.ts';
import type { Settings } from '../settings/settings.ts';
import type { Shell } from '../shell.ts';
import type { TrayPresence } from '../tray/tray-presence.ts';
import type { Talk } from '../try/window-talk.ts';
import type { Updates } from '../updates/updates.ts';
import { language } from '../../words/texts.ts';

export interface TopicParts {
  readonly shell: Pick<Shell, 'version' | 'memory'>;
  readonly supervisor: Supervisor;
  readonly settings: Settings;
  readonly notices: Notices;
  readonly ollama: OllamaProgram;
  readonly tray: Pick<TrayPresence, 'seen'>;
  readonly legacy: Legacy;
  readonly talk: Talk;
  readonly updates: Pick<Updates, 'view'>;
  readonly isDemo: boolean;
  asksToQuit(): boolean;
  wish(): View['go'];
}

/** How each topic is now, read when it is sent. */
export type Topics = { readonly [T in Topic]: () => View[T] };

export function topicsOf(parts: TopicParts): Topics {
  const { shell, supervisor, settings, notices, ollama, tray, legacy, talk, updates, isDemo, asksToQuit, wish } = parts;
  return {
    app: () => ({
      version: shell.version,
      language: language(),
      demo: isDemo,
      first_run: shell.memory.get('first_run_done') !== true,
      ollama_program: ollama.started ? 'starting' : ollama.path === undefined ? 'missing' : 'installed',
      tray: tray.seen,
      asks_to_quit: asksToQuit(),
    }),
    gateway: () => supervisor.view(),
    updates: () => updates.view(),
    live: () => supervisor.control?.live() ?? null,
    settings: () => settings.view(supervisor.startedWith),
    notices: () => notices.view(),
    recent_notices: () => legacy.board.list,
    talk: () => talk.view(),
    go: wish,
  };
}

/** All of them at once. */
export function viewOf(topics: Topics): View {
  return Object.fromEntries(Object.entries(topics).map(([topic, read]) => [topic, read()])) as View;
}
