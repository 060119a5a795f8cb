// The desktop app without Electron: makes the parts, ties them together, ends them. What surrounds it comes as a Shell.
import { networkInterfaces } from 'node:os';
import { startBackend } from '../backend/backend.ts';
import { systemClock } from '../backend/clock.ts';
import { watchConfigFile } from '../backend/config-file.ts';
import type { View } from '../backend/contract/window/desktop.ts';
import { asAppError } from '../backend/contract/errors.ts';
import { Legacy } from '../backend/legacy.ts';
import { History } from '../backend/core/telemetry/history.ts';
import { OriginApprovals } from '../backend/core/access/origin-approvals.ts';
import { languageFor, setLanguage, t } from '../words/texts.ts';
import { Pusher } from './window/bridge.ts';
import { createHandlers } from './window/handlers.ts';
import { openLog } from './log.ts';
import { keepLoginItem } from './settings/login-item.ts';
import { DISMISS, Notices } from './notices/notices.ts';
import { opener } from './about/about.ts';
import { OllamaProgram } from './gateway/ollama-program.ts';
import { PutOffs } from './notices/put-offs.ts';
import { askAboutOrigins } from './notices/origin-notices.ts';
import { freePortAfter, holderOf } from './gateway/port-holder.ts';
import { openSettings } from './settings/settings-file.ts';
import {
  gatewayNotice,
  PROBLEM_NOTICE,
  reread,
  RESTART_NOTICE,
  restartNotice,
  tellOfTheStart,
} from './notices/settings-notices.ts';
import { Settings } from './settings/settings.ts';
import { Talk } from './try/window-talk.ts';
import { topicsOf, viewOf } from './window/topics.ts';
import type { Shell } from './shell.ts';
import { running, Supervisor } from './gateway/supervisor.ts';
import { testConnection } from './settings/test-connection.ts';
import { watchState } from './state-watch.ts';
import { trayCommands } from './tray/tray-commands.ts';
import { keepUpdates } from './updates/keep-updates.ts';
import { keepShortcut } from './window/shortcut.ts';
import { TrayPresence } from './tray/tray-presence.ts';

/** The whole end may take this much longer than the drain. */
const LAST_MS = 5000;

export type App = Awaited<ReturnType<typeof createApp>>;

/** Makes the app and starts the gateway; resolves when the tray stands. */
export async function createApp(shell: Shell) {
  const clock = systemClock;
  const isDemo = shell.env['HEARTH_DEMO'] === '1';
  const opened = openSettings(shell.settingsFile, new Date());
  const settings = new Settings({
    data: opened.data,
    path: shell.settingsFile,
    env: shell.env,
    save: opened.blocked ? () => undefined : shell.saveSettings,
  });
  const speak = (): void => setLanguage(languageFor(settings.config.app.language, shell.languages));
  speak();
  const {
    log,
    onTrouble: onLogTrouble,
    close: closeLog,
  } = openLog(shell.logsFolder, settings.config.log.level, clock.elapsed);
  const history = new History(clock.now);
  const originApprovals = new OriginApprovals();
  const legacy = new Legacy(clock, log);
  const life = new AbortController();
  let asksToQuit = false;
  let quitting: Promise<void> | undefined;
  let wish: View['go'] = { tab: 'overview', n: 0 };

  const notices = new Notices(() => pusher.touch('notices'));
  const ollama = new OllamaProgram({
    ...shell,
    log,
    onChange: () => {
      supervisor.control?.lookAgain();
      pusher.touch('app');
    },
    onFailed: (text) => notices.warn('ollama', text),
  });
  const putOffs = new PutOffs(shell.memory, clock, () => (supervisor.configured(), showState()));
  const supervisor = new Supervisor({
    start: (config) => startBackend({ ...shell, config, log, history, originApprovals, legacy, isPutOff: putOffs.has }),
    config: () => settings.config,
    clock,
    log,
    holderOf,
    freePortAfter,
    interfaces: networkInterfaces,
  });
  const tray = new TrayPresence({
    watch: (onChange) => shell.watchTrayHost({ clock, signal: life.signal, onChange }),
    onChange: (there) => {
      if (there) {
        asksToQuit = false;
        shell.renewTray();
        showState();
      }
      pusher.touch('app');
    },
    onMissed: () => quitting === undefined && host.show(),
    hasWindow: () => host.window !== undefined,
    clock,
    signal: life.signal,
  });
  const talk = new Talk({
    gateway: () => running(supervisor).connect,
    clock,
    log,
    onChange: () => pusher.touch('talk'),
  });
  const { updates, installUpdate } = keepUpdates(shell, {
    settings,
    notices,
    clock,
    log,
    show,
    quit,
    changed: () => pusher.touch('updates'),
  });
  const own = { shell, supervisor, settings, notices, putOffs, ollama, tray, legacy, talk, updates };
  const views = topicsOf({ ...own, isDemo, asksToQuit: () => asksToQuit, wish: () => wish });
  const host = shell.windowHost({
    place: () => shell.memory.get('place'),
    savePlace: (place) => shell.memory.set('place', place),
    onShown: () => pusher.shown(),
    // Without a tray the window is the app's only face: it asks whether to quit. Asked a second time, the app quits.
    mayClose: () => {
      if (tray.seen || quitting !== undefined) return true;
      if (asksToQuit) void quit();
      asksToQuit = true;
      pusher.touch('app');
      return false;
    },
    onGone: () => {
      asksToQuit = false;
      talk.clear();
      tray.check();
    },
    onPageCrash: (reason, stays) => {
      log.error({ reason }, 'the page of the window ended by itself');
      if (stays) notify(t('main.window_gone'), t('main.window_gone_more'));
    },
    elapsed: clock.elapsed,
  });
  const pusher = new Pusher({ read: views, send: (push) => host.send(push), visible: () => host.visible, clock });

  // ---- state → tray, window, notices

  const showSetting = (setting: string): void => show('settings', { setting });
  const keepKeys = keepShortcut({ ...shell, notices, pressed: () => host.show(), showSetting });
  const watch = watchState({
    ...shell,
    supervisor,
    settings,
    notices,
    putOffs,
    views,
    host,
    pusher,
    clock,
    notify,
    signal: life.signal,
    showPrompts: () => show('overview', { page: 'prompts' }),
    ollamaIsDown: startOllamaIfAsked,
  });
  const showState = watch.look;
  const liveChanged = (): void => {
    showState();
    pusher.touch('live');
  };
  let listened: (() => void) | undefined;
  supervisor.onChange(() => {
    listened?.();
    listened = supervisor.control?.onChange(liveChanged);
    showState();
    tellOfRestart();
    notices.put(
      'gateway',
      gatewayNotice(supervisor, () => showSetting('server.api_keys')),
    );
    pusher.touch('gateway', 'live', 'settings');
  });
  settings.onChange(() => {
    speak();
    keepKeys(settings.config.app.shortcut);
    watch.did();
    supervisor.configured();
    log.level = settings.config.log.level;
    syncLoginItem();
    tellOfRestart();
    if (settings.problems.length === 0) notices.remove(PROBLEM_NOTICE);
    showState();
    pusher.touch('settings', 'gateway', 'live', 'app', 'updates', 'notices');
  });
  const failed = (text: string): void => notices.add({ id: 'login', level: 'warning', text, buttons: [DISMISS] });
  const syncLoginItem = (): void => keepLoginItem({ ...shell, settings, log, failed });

  function tellOfRestart(): void {
    notices.put(RESTART_NOTICE, restartNotice(settings, supervisor));
  }

  function notify(title: string, body: string): void {
    if (settings.config.app.notifications) shell.notify(title, body);
  }

  function startOllamaIfAsked(): void {
    const { ollama: at, app } = settings.config;
    if (!app.start_ollama) return;
    ollama.startAgain(at.api_url, clock).catch((error: unknown) => notices.warn('ollama', asAppError(error).message));
  }

  // ---- what can be asked of it

  const open = opener(shell);

  function show(tab: View['go']['tab'], more: Pick<View['go'], 'page' | 'setting' | 'shows' | 'asks'> = {}): void {
    wish = { tab, ...more, n: wish.n + 1 };
    pusher.touch('go');
    host.show();
  }

  /** Running answers may end first; `exit` is the last of all. */
  function quit(exit = (): void => shell.exit(0)): Promise<void> {
    quitting ??= (async () => {
      log.info({}, 'quitting');
      talk.clear();
      // What was asked to be put in place of this app is, also where an answer does not end.
      const limit = setTimeout(exit, settings.config.server.drain_timeout_ms + LAST_MS);
      await supervisor.stop();
      life.abort();
      host.destroy();
      await ollama.stop();
      await closeLog();
      clearTimeout(limit);
      exit();
    })();
    return quitting;
  }

  const handlers = createHandlers({
    ...shell,
    ...own,
    installUpdate,
    view: () => viewOf(views),
    testConnection: (input) => testConnection(settings.config, log, input),
    open,
    finishFirstRun: () => {
      shell.memory.set('first_run_done', true);
      pusher.touch('app');
    },
    answerQuit: (yes) => {
      asksToQuit = false;
      pusher.touch('app');
      if (yes) void quit();
    },
  });

  const tell = { settings, notices, log, openFile: () => open('settings_file'), show: showSetting };
  const doing = { notify, show, open, quit, did: watch.did, signal: life.signal, showWindow: () => host.show() };
  const run = trayCommands({ ...shell, ...doing, supervisor, settings, notices, log, host });
  onLogTrouble((text) => notices.warn('log', text));
  tellOfTheStart(tell, opened, isDemo);
  askAboutOrigins({ originApprovals, settings, notices });
  keepKeys(settings.config.app.shortcut);
  await tray.start();
  showState();
  await supervisor.start();
  syncLoginItem();
  watchConfigFile(shell.settingsFile, ({ kind }) => void (kind === 'changed' && reread(tell)), life.signal).catch(
    (error: unknown) => log.warn({ err: error }, 'changes of the settings file are not seen'),
  );
  void updates.watch(life.signal);
  if (!shell.hidden || views.app().first_run) host.show();

  return {
    handlers,
    log,
    run,
    quit,
    /** Another start of the app, or a click on its icon. */
    show: () => host.show(),
    window: () => host.window,
    /** Something threw where nobody catches. */
    crashed: (error: unknown) => supervisor.crashed(error),
    /** The desktop turned dark or light. */
    lookChanged: showState,
    /** The machine woke up. */
    resumed: () => supervisor.control?.lookAgain(),
  };
}
