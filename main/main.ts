// The desktop app's outermost layer: the only file besides the preload script that has Electron as a value. It fills the
// Shell that desktop-app.ts runs in, and passes on what Electron and the system tell.
// Nothing here waits at the top level for Electron to be ready: ready waits for this module to have been read.
import electron from 'electron';
import ElectronStore from 'electron-store';
import { readFileSync, readlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '../backend/clock.ts';
import type { Log } from '../backend/core/ports.ts';
import { createApp } from './desktop-app.ts';
import { nameSources } from './own-stack.ts';
import { answerCalls } from './window/bridge.ts';
import { SCHEME, serveFiles } from './window/content.ts';
import type { Shell } from './shell.ts';
import { startCommand } from './settings/login-item.ts';
import { reloadOnChange } from './window/reload.ts';
import { watchTrayHost } from './tray/tray-host.ts';
import type { TrayCommand, TrayIcon, TrayModel } from './tray/tray-model.ts';
import { attachTray } from './tray/tray.ts';
import { giveWay } from './updates/give-way.ts';
import { feedIn } from './updates/release-feed.ts';
import type { Updater } from './updates/updates.ts';
import { t } from '../words/texts.ts';
import { WindowHost } from './window/window-host.ts';
import { isOwnPage, lockContents, lockSession } from './window/window.ts';

const { app, BrowserWindow, clipboard, dialog, globalShortcut, ipcMain, Menu, nativeImage, nativeTheme, Notification } =
  electron;
const { powerMonitor, protocol, screen, session, shell, Tray } = electron;

nameSources();

/** A newer release takes the place of this one, which has done all its work. */
let isReplaced = false;

/** The project, or the app's archive. This file is dist/desktop/main.js there (build/desktop-bundle.ts). */
const root = join(import.meta.dirname, '..', '..');
const icons = join(root, 'assets', 'icons');

app.setName('Hearth');
const dataDir = process.env['HEARTH_DATA_DIR'];
// Set in any case: when Electron cannot make its default folder, as in a read-only home, it aborts without a
// word.
app.setPath('userData', dataDir ? resolve(dataDir) : join(app.getPath('appData'), 'Hearth'));
// Windows shows notifications of apps that it knows by name alone; the name is electron-builder.yml's appId.
app.setAppUserModelId('app.hearth.desktop');
// A small page and a tray need no graphics process, which would cost more memory than all the rest.
app.disableHardwareAcceleration();
// On Wayland only the desktop's portal gives keys to programs (Electron: globalShortcut).
if (process.env['XDG_SESSION_TYPE'] === 'wayland')
  app.commandLine.appendSwitch('enable-features', 'GlobalShortcutsPortal');
protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges: { standard: true, secure: true } }]);

// Where the lock cannot be made, as on a full disk or in a read-only folder, nobody holds it, and this is no second start.
if (app.requestSingleInstanceLock() || !isHeldElsewhere(app.getPath('userData'))) {
  app.whenReady().then(run).catch(fatal);
} else {
  // The first one shows its window, unless a login starts a second one beside it.
  process.stdout.write(`Hearth runs already${process.argv.includes('--hidden') ? '' : '; its window is shown'}.\n`);
  app.exit(0);
}

/**
 * On Linux and macOS Chromium's lock is a link in the data folder that names its holder, as `machine-4711`. A lock that
 * was begun and could not be finished names this very process. Windows has no file for it.
 */
function isHeldElsewhere(folder: string): boolean {
  if (process.platform === 'win32') return true;
  const holder = attempt(() => readlinkSync(join(folder, 'SingletonLock')));
  return holder !== undefined && !holder.endsWith(`-${process.pid}`);
}

async function run(): Promise<void> {
  lockSession(session.defaultSession);
  protocol.handle(SCHEME, serveFiles(join(root, 'dist', 'renderer')));
  app.on('web-contents-created', (_event, contents) => lockContents(contents));
  Menu.setApplicationMenu(
    process.platform === 'darwin' ? Menu.buildFromTemplate([{ role: 'appMenu' }, { role: 'editMenu' }]) : null,
  );
  // The tray keeps the app alive.
  app.on('window-all-closed', () => undefined);
  // Elsewhere the app is in the task bar by its window; macOS is told.
  app.on('browser-window-created', (_event, window) => {
    void app.dock?.show();
    window.once('closed', () => app.dock?.hide());
  });
  // A second start may come before the first one is ready to show anything.
  let wanted = false;
  let show = (): void => {
    wanted = true;
  };
  // Started at login beside a restored session it stays in the tray, like the first one.
  app.on('second-instance', (_event, args) => args.includes('--hidden') || show());

  // The tray stands before the gateway does; what is clicked meanwhile is done then.
  const clicked: TrayCommand[] = [];
  let runCommand: (command: TrayCommand) => unknown = (command) => clicked.push(command);
  const hearth = await createApp(createShell((command) => void runCommand(command)));
  runCommand = hearth.run;
  for (const command of clicked) void hearth.run(command);
  answerCalls(ipcMain, (event) => isOwnPage(event, hearth.window()), hearth.handlers, hearth.log);

  show = hearth.show;
  if (wanted) show();
  app.on('activate', hearth.show);
  app.on('before-quit', (event) => {
    if (isReplaced) return;
    event.preventDefault();
    void hearth.quit();
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void hearth.quit());
  powerMonitor.on('resume', hearth.resumed);
  // Windows' task bar may have turned dark or light.
  nativeTheme.on('updated', hearth.lookChanged);
  if (!app.isPackaged && process.env['HEARTH_DEV'] === '1') {
    await reloadOnChange(join(root, 'dist', 'renderer'), () => hearth.window()?.webContents.reload());
  }
  process.on('uncaughtException', (error) => void hearth.crashed(error));
  process.on('unhandledRejection', (reason) => void hearth.crashed(reason));
}

function createShell(onCommand: (command: TrayCommand) => void): Shell {
  const userData = app.getPath('userData');
  const settingsFile = join(userData, 'config.json');
  const logsFolder = join(userData, 'logs');
  const memory = openMemory(userData);
  let tray: electron.Tray | undefined;
  let showTray: ((model: TrayModel) => void) | undefined;
  return {
    version: app.getVersion(),
    platform: process.platform,
    env: process.env,
    home: homedir(),
    languages: app.getPreferredSystemLanguages(),
    dataFolder: userData,
    logsFolder,
    settingsFile,
    licencesFile: app.isPackaged ? join(process.resourcesPath, 'licenses.txt') : join(root, 'dist', 'licenses.txt'),
    releases: releases(),
    hidden: process.argv.includes('--hidden') || app.getLoginItemSettings().wasOpenedAtLogin === true,
    loginItem: {
      command: startCommand({
        env: process.env,
        execPath: process.execPath,
        argv: process.argv,
        isPackaged: app.isPackaged,
        project: root,
      }),
      setLoginItem: (settings) => app.setLoginItemSettings(settings),
    },
    // Made at the first write: its constructor reads the file, and a bad one is moved aside before that.
    saveSettings: (data) => {
      const store = new ElectronStore<Record<string, unknown>>({
        cwd: userData,
        name: 'config',
        accessPropertiesByDotNotation: false,
        configFileMode: 0o600,
      });
      store.store = { ...data };
    },
    memory,
    watchTrayHost: (options) => watchTrayHost({ ...options, platform: process.platform }),
    windowHost: (options) =>
      new WindowHost({
        ...options,
        make: (window) => new BrowserWindow(window),
        preload: join(root, 'dist', 'main', 'preload.cjs'),
        icon: join(icons, process.platform === 'win32' ? 'icon.ico' : 'icon-256.png'),
        isDark: () => nativeTheme.shouldUseDarkColors,
        screens: () => screen.getAllDisplays().map(({ workArea }) => workArea),
      }),
    showTray: (model) => {
      tray ??= makeTray();
      showTray ??= attachTray({
        tray,
        ground: trayGround,
        picture: trayPicture,
        buildMenu: (template) => Menu.buildFromTemplate(template),
        run: onCommand,
      });
      showTray(model);
    },
    renewTray: () => {
      tray?.destroy();
      tray = undefined;
      showTray = undefined;
    },
    notify: (title, body) => {
      if (Notification.isSupported()) new Notification({ title, body, silent: true }).show();
    },
    holdKeys: (keys, pressed) => globalShortcut.register(keys, pressed),
    letKeysGo: (keys) => globalShortcut.unregister(keys),
    copy: (text) => clipboard.writeText(text),
    openFolder: async (path) => {
      const problem = await shell.openPath(path);
      if (problem !== '') shell.showItemInFolder(path);
    },
    openWeb: (url) => shell.openExternal(url),
    askWhereTo: async (name) => {
      const { canceled, filePath } = await dialog.showSaveDialog({ defaultPath: name, filters: JSON_FILES });
      return canceled || filePath === '' ? undefined : filePath;
    },
    askWhich: async () => {
      const { canceled, filePaths } = await dialog.showOpenDialog({
        properties: ['openFile'],
        filters: settingsFiles(),
      });
      return canceled ? undefined : filePaths[0];
    },
    exit: (code) => app.exit(code),
    exitFor: (install) => {
      isReplaced = true;
      giveWay(app, install, systemClock);
    },
  };
}

/** A copy that was not packed has what it is given, to try a feed. */
function releases(): Shell['releases'] {
  const feed = feedIn(app.isPackaged ? process.resourcesPath : process.env['HEARTH_FEED_DIR']);
  if (feed === undefined) return undefined;
  const options = { configFile: feed.configFile, isUnpacked: !app.isPackaged, env: process.env };
  // It is large, and most copies never need it.
  const open = async (log: Log): Promise<Updater> =>
    (await import('./updates/updater.ts')).openUpdater({ ...options, log });
  return { publicKey: feed.publicKey, open };
}

const JSON_FILES = [{ name: 'JSON', extensions: ['json'] }];
/** The headless gateway's file may be TOML. */
const settingsFiles = () => [{ name: t('main.settings_files'), extensions: ['json', 'toml'] }];

/** The window's place and the like; when the file cannot be read or written, only these are lost. */
function openMemory(cwd: string): Shell['memory'] {
  const kept = new Map<string, unknown>();
  const store = attempt(
    () => new ElectronStore<Record<string, unknown>>({ cwd, name: 'state', clearInvalidConfig: true }),
  );
  return {
    get: (key) => kept.get(key) ?? store?.get(key),
    set: (key, value) => {
      kept.set(key, value);
      attempt(() => store?.set(key, value));
    },
  };
}

function attempt<T>(effect: () => T): T | undefined {
  try {
    return effect();
  } catch {
    return undefined;
  }
}

/** Windows opens a tray's menu by the right button alone; people expect it from the left one as well. */
function makeTray(): electron.Tray {
  const tray = new Tray(trayPicture('stopped'));
  if (process.platform === 'win32') tray.on('click', () => tray.popUpContextMenu());
  return tray;
}

/** A name for each way in which the tray's pictures are drawn on this desktop, now. */
function trayGround(): string {
  if (process.platform === 'darwin') return 'Template';
  // Linux panels are dark or light whatever the theme says. Windows tells of its task bar since Electron 34 or so.
  const { shouldUseDarkColorsForSystemIntegratedUI: dark } = nativeTheme as Partial<electron.NativeTheme>;
  if (process.platform !== 'win32' || dark === undefined) return '-on-any';
  return dark ? '-on-dark' : '-on-light';
}

/** One picture with every density drawn for itself; macOS finds the second file by its name. */
function trayPicture(state: TrayIcon): electron.NativeImage {
  const name = join(icons, 'tray', `tray-${state}${trayGround()}`);
  if (process.platform === 'darwin') return nativeImage.createFromPath(`${name}.png`);
  const usual = process.platform === 'win32' ? 16 : 24;
  const picture = nativeImage.createEmpty();
  for (const size of [16, 20, 24, 32, 48].filter((each) => each >= usual)) {
    picture.addRepresentation({
      scaleFactor: size / usual,
      width: size,
      height: size,
      buffer: readFileSync(`${name}-${size}.png`),
    });
  }
  return picture;
}

function fatal(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  app.exit(70);
}
