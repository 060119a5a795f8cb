// The desktop app without Electron: makes the parts, ties them together, ends them. What surrounds it comes as a Shell.
import { networkInterfaces } from 'node:os';
import { startBackend } from '../backend/backend.ts';
import { systemClock } from '../backend/clock.ts';
import { watchConfigFile } from '../backend/config-file.ts';
import { stateOf } from '../backend/contract/app-state.ts';
import type { View } from '../backend/contract/desktop.ts';
import { asAppError } from '../backend/contract/errors.ts';
import { Legacy } from '../backend/legacy.ts';
import { History } from '../backend/core/telemetry/history.ts';
import { OriginApprovals } from '../backend/core/access/origin-approvals.ts';
import { language, languageFor, setLanguage } from '../words/words.ts';
import { Pusher } from './window/bridge.ts';
import { createHandlers } from './window/handlers.ts';
import { openLog } from './log.ts';
import { keepLoginItem } from './settings/login-item.ts';
import { DISMISS, Notices } from './notices/notices.ts';
import { OllamaProgram } from './gateway/ollama-program.ts';
import { askAboutOrigins } from './notices/origin-notices.ts';
import { watchNotices } from './notices/recent-notices.ts';
import { throttle } from './throttle.ts';
import { freePortAfter, holderOf } from './gateway/port-holder.ts';
import { openSettings } from './settings/settings-file.ts';
import {
  gatewayNotice,
  PROBLEM_NOTICE,
  reread,
  RESTART_NOTICE,
  restartNotice,
  tellOfGateway,
  tellOfTheStart,
} from './notices/settings-notices.ts';
import { Settings } from './settings/settings.ts';
import type { Shell } from './shell.ts';
import { Supervisor } from './gateway/supervisor.ts';
import { testConnection } from './settings/test-connection.ts';
import { trayCommands } from './tray/tray-commands.ts';
import { trayModel } from './tray/tray-model.ts';
import { TrayPresence } from './tray/tray-presence.ts';
import { StateNotifications } from './notices/state-notifications.ts';

/** Milliseconds between two pushes of figures that grow by themselves, while the window is visible. */
const TICK_MS = 1000;
const TRAY_STEP_MS = 300;
/** The whole end may take this much longer than the drain. */
const LAST_MS = 5000;

export type App = Awaited<ReturnType<typeof createApp>>;

/** Makes the app and starts the gateway; resolves when the tray stands. */
export async function createApp(shell: Shell) {
  const clock = systemClock;
  const opened = openSettings(shell.settingsFile, new Date());
  const settings = new Settings({
    data: opened.data,
    path: shell.settingsFile,
    env: shell.env,
    save: opened.blocked ? () => undefined : shell.saveSettings,
  });
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
  const supervisor = new Supervisor({
    start: (config) => startBackend({ ...shell, config, log, history, originApprovals, legacy }),
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
  const views: { readonly [T in keyof View]: () => View[T] } = {
    app: () => ({
      version: shell.version,
      language: language(),
      first_run: shell.memory.get('first_run_done') !== true,
      ollama_program: ollama.started ? 'starting' : ollama.path === undefined ? 'missing' : 'installed',
      tray: tray.seen,
      asks_to_quit: asksToQuit,
    }),
    gateway: () => supervisor.view(),
    live: () => supervisor.control?.live() ?? null,
    settings: () => settings.view(supervisor.startedWith),
    notices: () => notices.view(),
    recent_notices: () => legacy.board.list,
    go: () => wish,
  };
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
      tray.check();
    },
    onPageCrash: (reason, stays) => {
      log.error({ reason }, 'the page of the window ended by itself');
      if (stays) notify('The window closed by itself', 'The gateway goes on. Open Hearth to see the window again.');
    },
    elapsed: clock.elapsed,
  });
  const pusher = new Pusher({ read: views, send: (push) => host.send(push), visible: () => host.visible, clock });

  // ---- state → tray, window, notices

  const gatewayTold = tellOfGateway(supervisor, notices);
  const notifications = new StateNotifications(clock, (said) => host.visible || notify(said.title, said.body));
  const recentNotices = watchNotices(views.recent_notices, () => pusher.touch('recent_notices'));
  const showState = throttle(
    () => {
      const { max_queue_size: places } = settings.config.queue;
      const { model, stuck_after_seconds: stuckAfterS } = settings.config.ollama;
      const shown = { gateway: views.gateway(), live: views.live(), places, stuckAfterS, now: clock.now() };
      const state = stateOf(shown, shown.now);
      shell.showTray(trayModel({ ...shown, model, startAtLogin: settings.startAtLogin, holding: recentNotices() }));
      notifications.step(state);
      gatewayTold();
      if (state.is === 'ollama_down') startOllamaIfAsked();
    },
    TRAY_STEP_MS,
    clock,
  );
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
    const toKeys = (): void => showSetting('server.api_keys');
    notices.put('gateway', gatewayNotice(supervisor, toKeys));
    pusher.touch('gateway', 'live', 'settings');
  });
  settings.onChange(() => {
    speak();
    notifications.did();
    supervisor.configured();
    log.level = settings.config.log.level;
    syncLoginItem();
    tellOfRestart();
    if (settings.problems.length === 0) notices.remove(PROBLEM_NOTICE);
    showState();
    pusher.touch('settings', 'gateway', 'live', 'app');
  });
  const failed = (text: string): void => notices.add({ id: 'login', level: 'warning', text, buttons: [DISMISS] });
  const syncLoginItem = (): void => keepLoginItem({ ...shell, settings, log, failed });
  void tick();

  /** Ages and waits go on by themselves. */
  async function tick(): Promise<void> {
    while (!life.signal.aborted) {
      await clock.sleep(TICK_MS, life.signal).catch(() => undefined);
      pusher.touch('live');
      // Some states come about by waiting alone, and the tray must say what the window says.
      if (host.visible) showState();
    }
  }

  /** What is said from now on is said in the language of the settings. */
  function speak(): void {
    const { language } = settings.config.app;
    setLanguage(language === 'auto' ? languageFor(shell.languages) : language);
  }

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

  async function open(what: 'logs' | 'settings_file' | 'get_ollama'): Promise<void> {
    if (what === 'get_ollama') await shell.openWeb('https://ollama.com/download');
    else await shell.openFolder(what === 'logs' ? shell.logsFolder : shell.settingsFile);
  }

  function show(tab: View['go']['tab'], more: Pick<View['go'], 'setting' | 'shows' | 'asks'> = {}): void {
    wish = { tab, ...more, n: wish.n + 1 };
    pusher.touch('go');
    host.show();
  }

  const showSetting = (setting: string): void => show('settings', { setting });

  function quit(): Promise<void> {
    quitting ??= (async () => {
      log.info({}, 'quitting');
      const limit = setTimeout(() => shell.exit(0), settings.config.server.drain_timeout_ms + LAST_MS);
      await supervisor.stop();
      life.abort();
      host.destroy();
      await ollama.stop();
      await closeLog();
      clearTimeout(limit);
      shell.exit(0);
    })();
    return quitting;
  }

  const handlers = createHandlers({
    supervisor,
    settings,
    notices,
    ollama,
    view: () => Object.fromEntries(Object.entries(views).map(([topic, read]) => [topic, read()])) as View,
    testConnection: (input) => testConnection(settings.config, log, input),
    askWhereTo: shell.askWhereTo,
    askWhich: shell.askWhich,
    copy: shell.copy,
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

  const openFile = (): Promise<void> => open('settings_file');
  const tell = { settings, notices, log, openFile, show: showSetting };
  const doing = { notify, show, open, quit, did: () => notifications.did(), signal: life.signal };
  const run = trayCommands({ ...shell, ...doing, supervisor, settings, notices, log, host });
  onLogTrouble((text) => notices.warn('log', text));
  tellOfTheStart(tell, opened, shell.env['HEARTH_DEMO'] === '1');
  askAboutOrigins({ originApprovals, settings, notices });
  await tray.start();
  showState();
  await supervisor.start();
  syncLoginItem();
  watchConfigFile(shell.settingsFile, ({ kind }) => void (kind === 'changed' && reread(tell)), life.signal).catch(
    (error: unknown) => log.warn({ err: error }, 'changes of the settings file are not seen'),
  );
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
