// What each command of the window does. A table of contents: the work is in the parts that are handed in.
import { writeFileSync } from 'node:fs';
import { ConfigFileError, readConfigFile } from '../../backend/config-file.ts';
import { readKeyWish } from '../../backend/contract/rules/api-key.ts';
import type { Action } from '../../backend/contract/views/control.ts';
import type { CommandInput, CommandOutput, View } from '../../backend/contract/window/desktop.ts';
import { AppError } from '../../backend/contract/errors.ts';
import { addKey, withoutKey } from '../../backend/core/access/api-keys.ts';
import { aboutHandlers, type AboutParts } from './about-handlers.ts';
import type { Handlers } from './bridge.ts';
import { t } from '../../words/texts.ts';
import type { Notices } from '../notices/notices.ts';
import type { PutOffs } from '../notices/put-offs.ts';
import type { OllamaProgram } from '../gateway/ollama-program.ts';
import { unusableWords } from '../settings/file-words.ts';
import { reasonOf, type Settings } from '../settings/settings.ts';
import { modelHandlers } from './model-handlers.ts';
import type { Talk } from '../try/window-talk.ts';
import { requestHandlers } from './request-handlers.ts';
import { running, type Supervisor } from '../gateway/supervisor.ts';

export interface HandlerParts extends AboutParts {
  readonly supervisor: Supervisor;
  readonly settings: Settings;
  readonly notices: Notices;
  readonly ollama: OllamaProgram;
  readonly talk: Talk;
  readonly putOffs: Pick<PutOffs, 'set'>;
  view(): View;
  /** Asks an Ollama at an address how it is, perhaps with another key. Throws upstream_unreachable and its like, invalid_request. */
  testConnection(input: CommandInput<'test_connection'>): Promise<CommandOutput<'test_connection'>>;
  /** Where to write to, or what to read; undefined when the user cancelled. */
  askWhereTo(name: string): Promise<string | undefined>;
  askWhich(): Promise<string | undefined>;
  finishFirstRun(): void;
  answerQuit(yes: boolean): void;
}

export function createHandlers(parts: HandlerParts): Handlers {
  const { supervisor, settings, notices, ollama, talk } = parts;
  const view = () => settings.view(supervisor.startedWith);
  const done = {};
  return {
    view: () => parts.view(),

    start_gateway: async () => (await supervisor.start(), done),
    stop_gateway: async () => (await supervisor.stop(), done),
    restart_gateway: async () => (await supervisor.restart(), done),
    use_port: async ({ port }) => {
      settings.set('server.port', port);
      await supervisor.restart();
      return done;
    },
    pause: ({ paused }) => (running(supervisor).pause(paused), done),

    day: ({ span }) => running(supervisor).day(span),
    fleet: () => running(supervisor).fleet(),

    ...requestHandlers(supervisor, parts.putOffs, parts.copy),
    ...modelHandlers(supervisor),
    ask: (question) => (talk.ask(question), done),
    stop_answer: () => (talk.stop(), done),
    clear_talk: () => (talk.clear(), done),
    ...aboutHandlers(parts),
    cancel: ({ request_id }) => {
      running(supervisor).requests.cancel(request_id);
      return { request_id, status: 'cancelled' };
    },
    cancel_batch: ({ batch_id }) => running(supervisor).cancelBatch(batch_id),
    move_up: ({ request_id }) => ({ queue_position: running(supervisor).moveUp(request_id) }),
    // The name was checked against the contract's list; the gateway checks the data.
    act: ({ action, data }) => running(supervisor).act(action as Action, data, new AbortController().signal),

    set_setting: ({ path, value }) => (settings.set(path, value), view()),
    reset_setting: ({ path }) => (settings.reset(path), view()),
    reset_settings: () => (settings.resetAll(), view()),
    create_key: (wish) => {
      const { secret, keys } = addKey(settings.config.server.api_keys, readKeyWish(wish), new Date());
      settings.set('server.api_keys', keys);
      return { secret };
    },
    revoke_key: ({ name }) => {
      settings.set('server.api_keys', withoutKey(settings.config.server.api_keys, name));
      return view();
    },
    export_settings: async () => {
      const file = await parts.askWhereTo('hearth-settings.json');
      if (file === undefined) return { file: null, left_out: [] };
      const { data, leftOut } = settings.exported();
      try {
        writeFileSync(file, `${JSON.stringify(data, null, 2)}\n`, { mode: 0o600 });
      } catch (cause) {
        throw new AppError('invalid_request', t('settings.file.not_written', { file, reason: reasonOf(cause) }), {
          cause,
        });
      }
      return { file, left_out: [...leftOut] };
    },
    import_settings: async () => {
      const file = await parts.askWhich();
      if (file === undefined) return { file: null, changed: 0, problems: [] };
      const { data } = await readConfigFile(file).catch((cause: unknown) => {
        throw cause instanceof ConfigFileError
          ? new AppError('invalid_request', unusableWords(cause), { cause })
          : cause;
      });
      return { file, ...settings.import(data, file) };
    },
    test_connection: (input) => parts.testConnection(input),

    start_ollama: async () => (await ollama.start(settings.config.ollama.api_url), done),
    answer_notice: async ({ id, button }) => (await notices.answer(id, button), done),
    finish_first_run: () => (parts.finishFirstRun(), done),
    quit: ({ yes }) => (parts.answerQuit(yes), done),
  };
}
