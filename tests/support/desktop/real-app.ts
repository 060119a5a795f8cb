// The real app for tests: Electron with the built project on a screen and a bus of its own, in an empty home, in front of
// a fake Ollama. Playwright drives its window and its main process; the tray is reached over the bus. Ending it fails
// the test when any process of it is left.
import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, errors, type ElectronApplication, type Page } from 'playwright-core';
import { electronForTests } from './fetch-electron.ts';
import { startFakeOllama, type FakeOllama, type FakeOptions } from '../fake-ollama/fake-ollama.ts';
import { family, isAlive, type ProcessId } from './processes.ts';
import { startBus, startScreen, type Service } from './screen.ts';
import { TrayHost } from './panel.ts';
import { eventually } from '../waiting.ts';

/** How long anything is waited for. Milliseconds. */
const LIMIT_MS = 20_000;

/**
 * Playwright's way into Electron's main process hangs now and then, in about one of forty starts on a busy machine; started
 * without Playwright the app does not. Playwright ends an app that hangs, and then it is started once more.
 */
const LAUNCH_MS = 25_000;
const LAUNCHES = 3;

export interface DesktopOptions {
  readonly fake?: FakeOptions;
  /** False: nobody on the bus shows trays. */
  readonly panel?: boolean;
  /** As in config.json; written before the start. A text is written as it is. */
  readonly settings?: object | string;
  /** Starts what has to be there before the app: a panel of the desktop's own, for pictures. */
  readonly before?: (env: Readonly<Record<string, string>>) => Promise<void>;
  /** Spoils the data folder before the start. */
  readonly prepare?: (dataFolder: string) => void;
  /** Whether the first-run page has been finished; by default it has. */
  readonly firstRunDone?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** By default `--hidden`: in the tray, without a window. */
  readonly args?: readonly string[];
  /** In pixels; 1200x900 when nothing is said. */
  readonly screenSize?: string;
  /** Where the gateway is to listen; a free port when nothing is said. */
  readonly port?: number;
  /** No fake Ollama: the address is one where nobody answers. */
  readonly withoutOllama?: boolean;
}

export interface Desktop {
  readonly app: ElectronApplication;
  readonly fake: FakeOllama;
  readonly tray: TrayHost;
  readonly port: number;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly home: string;
  readonly dataFolder: string;
  readonly env: Readonly<Record<string, string>>;
  /** The window, as soon as there is one. */
  window(): Promise<Page>;
  /** Resolves when the gateway answers. */
  ready(): Promise<void>;
  chat(content: string, more?: object, signal?: AbortSignal): Promise<Response>;
  /** Remembers the processes that it has now, so that `stop` sees whether they are gone. */
  remember(): number;
  /** Resolves with the exit code when the app has ended by itself. */
  readonly ended: Promise<number | null>;
  stop(): Promise<void>;
}

export async function startDesktop(options: DesktopOptions = {}): Promise<Desktop> {
  const services: Service[] = [];
  const home = mkdtempSync(join(tmpdir(), 'hearth-desktop-'));
  const dataFolder = join(home, 'data');
  const screen = await startScreen(options.screenSize);
  const bus = await startBus();
  services.push(screen, bus);
  const tray = await (options.panel === false ? Promise.resolve(undefined) : TrayHost.start(bus.address));
  const fake = await startFakeOllama(options.fake);
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const env = environment(home, dataFolder, screen.address, bus.address, options.env);
  const leave = async (): Promise<void> => {
    await fake.stop();
    tray?.stop();
    for (const service of services) await service.stop();
    rmSync(home, { recursive: true, force: true });
  };
  const fill = (): void => {
    rmSync(dataFolder, { recursive: true, force: true });
    mkdirSync(dataFolder, { recursive: true });
    prepare(dataFolder, options, options.withoutOllama === true ? 'http://127.0.0.1:9' : fake.url, port);
    options.prepare?.(dataFolder);
  };
  const start = async (): Promise<ElectronApplication> => {
    await options.before?.(env);
    return await launch(env, options.args ?? ['--hidden'], fill);
  };
  const app = await start().catch(async (error: unknown) => {
    await leave();
    throw error;
  });
  const child = app.process();
  /** Filled while it runs, looked at when it should have gone. */
  const members: ProcessId[] = [];
  const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));

  return {
    app,
    fake,
    port,
    url,
    home,
    dataFolder,
    env,
    ended,
    get tray() {
      if (tray === undefined) throw new Error('this desktop has no panel');
      return tray;
    },
    async window() {
      for (;;) {
        const [open] = app.windows();
        const page = open ?? (await app.waitForEvent('window', { timeout: LIMIT_MS }));
        try {
          // Not its load event: Playwright may come to a window that has had it, and then waits for ever.
          await page.locator('.app > *').first().waitFor({ state: 'attached' });
          return page;
        } catch (error) {
          // One that is just going is among them until it has gone.
          if (!page.isClosed()) throw error;
        }
      }
    },
    remember: () => members.push(...family(child.pid ?? 0)),
    async ready() {
      const answers = (): Promise<boolean> =>
        fetch(`${url}/health`)
          .then(({ ok }) => ok)
          .catch(() => false);
      await eventually('a gateway that answers', answers);
    },
    chat: (content, more = {}, signal) =>
      fetch(`${url}/api/chat-optimized`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ messages: [{ role: 'user', content }], ...more }),
        ...(signal === undefined ? {} : { signal }),
      }),
    async stop() {
      try {
        if (child.exitCode === null) {
          for (const each of family(child.pid ?? 0)) members.push(each);
          child.kill('SIGTERM');
          await ended;
        }
        await eventually('the end of all its processes', () => !members.some(isAlive));
      } finally {
        for (const { pid } of members.filter(isAlive)) process.kill(pid, 'SIGKILL');
        await leave();
      }
    },
  };
}

function prepare(folder: string, options: DesktopOptions, ollama: string, port: number): void {
  const settings = options.settings ?? {};
  const text =
    typeof settings === 'string'
      ? settings
      : JSON.stringify({
          ...settings,
          server: { port, drain_timeout_ms: 2000, ...sectionOf(settings, 'server') },
          ollama: { api_url: ollama, model: 'llama3.2', ...sectionOf(settings, 'ollama') },
        });
  writeFileSync(join(folder, 'config.json'), text);
  writeFileSync(join(folder, 'state.json'), JSON.stringify({ first_run_done: options.firstRunDone ?? true }));
}

function sectionOf(settings: object, name: string): object {
  return ((settings as Record<string, object>)[name] ?? {}) as object;
}

function environment(
  home: string,
  data: string,
  display: string,
  bus: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_RUNTIME_DIR: home,
    LANG: 'C.UTF-8',
    DISPLAY: display,
    DBUS_SESSION_BUS_ADDRESS: bus,
    // No accessibility bus: it would be started once more for each test.
    NO_AT_BRIDGE: '1',
    HEARTH_DATA_DIR: data,
    ...more,
  };
}

/** `fill` makes the data folder as it is to be found: an app that hung has had time to change it. */
async function launch(
  env: Record<string, string>,
  args: readonly string[],
  fill: () => void,
): Promise<ElectronApplication> {
  const electron = await electronForTests();
  const options = {
    executablePath: electron.executable,
    args: [...electron.args, '--no-sandbox', '--disable-gpu', ...args],
    env: { ...env, ...electron.env },
    timeout: LAUNCH_MS,
  };
  for (let left = LAUNCHES - 1; left > 0; left--) {
    fill();
    try {
      return await _electron.launch(options);
    } catch (error) {
      if (!(error instanceof errors.TimeoutError)) throw error;
    }
  }
  fill();
  return await _electron.launch(options);
}

/**
 * Ports for servers that begin later. Below those that systems give to outgoing connections and to port 0 (Linux from 32768
 * on, others from 49152): one of them could be taken again before its server begins.
 */
const FIRST_PORT = 15_000;
const LAST_PORT = 32_000;

/** A port that is free, and that nobody takes by chance. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}
