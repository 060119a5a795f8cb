// The window's page in a headless Chromium: served as the app serves it, with the app's own policy, in front of a bridge
// that the test plays. Any error on the console, any exception and any breach of the policy fails the test.
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium, type Browser, type CDPSession, type Page } from 'playwright-core';
import {
  COMMANDS,
  type CommandInput,
  settingsSchema,
  viewSchema,
  type Command,
  type Push,
  type View,
} from '../../../backend/contract/window/desktop.ts';
import { toWire, type AppError } from '../../../backend/contract/errors.ts';
import { serveFiles } from '../../../main/window/content.ts';
import { projectRoot } from '../desktop/processes.ts';
import { fleetSchema, type FleetView } from '../../../backend/contract/views/fleet-view.ts';
import { aboutAnswers } from './about-day.ts';
import { fleetView } from './fleet-views.ts';
import { dayAnswers } from './request-day.ts';
import { dayView, type Days, type Shown } from './views.ts';

/** What the test answers to a command, by default the settings unchanged, the requests of the working day, or nothing; an AppError is a refusal. */
export type Answers = { readonly [C in Command]?: (input: never) => unknown };

export interface OpenOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  readonly answers?: Answers;
}

export interface OpenPage {
  readonly page: Page;
  /** Commands that the page has sent, with their input. */
  readonly calls: { readonly command: Command; readonly input: unknown }[];
  push(push: Push): Promise<void>;
  /** Gives the tab back, so that the next test can use it. Throws when anything went wrong in it. */
  close(): Promise<void>;
}

export interface PageStage {
  /** The page with this view: loaded anew, as nobody has touched it, in a tab that may have shown another one. */
  open(view: Shown, options?: OpenOptions): Promise<OpenPage>;
}

/** What costs time and is tested by nobody. */
const UNUSED = [
  // Whole pages behind the address bar, which are drawn anew with each change of ours.
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxFullPopup',
  // What Playwright switches off, as far as it matters to pages of this machine or would ask the network.
  'AimEnabled',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PreconnectToSearch',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
];

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--font-render-hinting=none',
  // The last of these counts, and Playwright has one of its own.
  `--disable-features=${UNUSED.join(',')}`,
];

const CHROMIUMS = ['/usr/bin/chromium', '/usr/bin/google-chrome'];
/** Chromium without all that a browser has around a page: the same page takes it less than half the work. */
const SHELLS = ['/usr/lib/chromium/chromium-headless-shell'];

/** A headless Chromium of this system, whole; `args` are its own flags. Throws where there is none. */
export async function startBrowser(args: readonly string[] = [], places = CHROMIUMS): Promise<Browser> {
  const executablePath = [process.env['CHROMIUM_PATH'], ...places].find(
    (path) => path !== undefined && existsSync(path),
  );
  if (executablePath === undefined) throw new Error('there is no Chromium for the page tests; set CHROMIUM_PATH');
  return await chromium.launch({ executablePath, args: [...FLAGS, ...args] });
}

const sessions = new WeakMap<Page, Promise<CDPSession>>();

/** Gives a page a size in pixels. Playwright's own way draws the window anew, too, with all that a browser has around a page. */
export async function resize(page: Page, width: number, height: number): Promise<void> {
  // Where pictures are kept, Playwright has to know how large they are.
  if (process.env['PICTURES'] !== undefined) return await page.setViewportSize({ width, height });
  const session = sessions.get(page) ?? page.context().newCDPSession(page);
  sessions.set(page, session);
  const size = { width, height, screenWidth: width, screenHeight: height };
  await (await session).send('Emulation.setDeviceMetricsOverride', { ...size, deviceScaleFactor: 1, mobile: false });
}

/** One for all files that a worker runs: what it costs to start is paid once. It ends with its browser or the worker. */
let started: Promise<PageStage> | undefined;

export function startPages(): Promise<PageStage> {
  started ??= stage();
  return started;
}

/** The browser of all stages; Playwright ends it when this process ends. */
let shared: Promise<Browser> | undefined;

async function sharedBrowser(): Promise<Browser> {
  shared ??= startBrowser([], [...SHELLS, ...CHROMIUMS]);
  const browser = await shared;
  browser.once('disconnected', () => (started = shared = undefined));
  return browser;
}

async function stage(): Promise<PageStage> {
  return await stageIn(await sharedBrowser());
}

/** Pages of another build than the app's, in the same browser. */
export async function pagesOf(folder: string): Promise<PageStage> {
  return await stageIn(await sharedBrowser(), folder);
}

/** Pages in a browser that the caller ends; `folder` has the page, built otherwise than for the app. */
export async function stageIn(browser: Browser, folder = join(projectRoot(), 'dist', 'renderer')): Promise<PageStage> {
  const url = await serve(folder);
  // A new tab costs Chromium three times the work of loading the page anew in one that is there.
  const idle: Tab[] = [];
  return {
    async open(view, options) {
      const tab = idle.pop() ?? (await newTab(browser, url));
      return await tab.show(view, options, () => idle.push(tab));
    },
  };
}

/** The page of a tab that is not in use: of the same site, so that its process stays. */
const REST = 'at-rest';

/** The app's own way to serve its page, over HTTP. Resolves with its address; it does not keep the process running. */
async function serve(folder: string): Promise<string> {
  const files = serveFiles(folder);
  const server = createServer((req, res) => {
    // A browser asks every site for it; the app's own protocol is never asked.
    if (req.url === '/favicon.ico') {
      res.writeHead(204).end();
      return;
    }
    if (req.url === `/${REST}`) {
      res.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>At rest</title>');
      return;
    }
    void files({ url: `app://hearth${req.url ?? '/'}` }).then(async (answer) => {
      // Their names have a hash in them. The app's own protocol keeps nothing, and a test need not read them anew for each page.
      const kept = req.url?.startsWith('/assets/') === true ? { 'cache-control': 'max-age=3600' } : {};
      res.writeHead(answer.status, { ...Object.fromEntries(answer.headers), ...kept });
      res.end(Buffer.from(await answer.arrayBuffer()));
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** What the test plays for the page that a tab shows now. */
interface Play {
  readonly view: View;
  readonly days: Days;
  readonly fleet: FleetView;
  readonly answers: Answers;
  readonly calls: OpenPage['calls'][number][];
}

interface Tab {
  show(view: Shown, options: OpenOptions | undefined, release: () => void): Promise<OpenPage>;
}

async function newTab(browser: Browser, url: string): Promise<Tab> {
  const context = await browser.newContext({ reducedMotion: 'reduce', locale: 'en', timezoneId: 'UTC' });
  const page = await context.newPage();
  let play: Play | undefined;
  let wrong: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') wrong.push(message.text());
  });
  page.on('pageerror', (error) => wrong.push(error.message));
  await page.exposeFunction('bridgeCall', async (command: Command, input: unknown) => {
    if (play === undefined) throw new Error(`${command} was called by a page that is at rest`);
    const { view, days, fleet, answers, calls } = play;
    // What it asks without anybody having done anything.
    if (command === 'view') return { ok: true, output: view };
    if (command === 'day') return { ok: true, output: days((input as CommandInput<'day'>).span) };
    if (command === 'fleet') return { ok: true, output: fleetSchema.parse(fleet) };
    calls.push({ command, input });
    const answer = answers[command];
    const silent = COMMANDS[command].output === settingsSchema ? view.settings : {};
    const output: unknown = answer === undefined ? silent : await answer(input as never);
    return isRefusal(output) ? { ok: false, error: toWire(output, '') } : { ok: true, output };
  });
  await page.addInitScript(() => {
    const listeners = new Set<(push: unknown) => void>();
    const world = globalThis as unknown as Record<string, unknown>;
    // What the page keeps is kept by the browser: it is loaded as nobody has seen it.
    (world['localStorage'] as { clear(): void }).clear();
    world['hearth'] = {
      call: (command: string, input: unknown) =>
        (world['bridgeCall'] as (command: string, input: unknown) => Promise<unknown>)(command, input),
      onPush: (listener: (push: unknown) => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    world['pushAll'] = (push: unknown) => {
      for (const listener of listeners) listener(push);
    };
  });
  return {
    async show(view, { width = 460, height = 680, dark = false, answers = {} } = {}, release) {
      const calls: Play['calls'] = [];
      play = {
        view: viewSchema.parse(view),
        days: view.days ?? dayView,
        fleet: view.fleet ?? fleetView(),
        answers: { ...dayAnswers(), ...aboutAnswers(), ...answers },
        calls,
      };
      // By Playwright, which takes pictures by what it knows, and then here, because a test may have changed it since.
      await page.setViewportSize({ width, height });
      await resize(page, width, height);
      await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
      await page.goto(url);
      await page.locator('.app > *').first().waitFor();
      return {
        page,
        calls,
        async push(push) {
          await page.evaluate((given) => {
            (globalThis as unknown as { pushAll(push: unknown): void }).pushAll(given);
          }, push as object);
        },
        async close() {
          await page.goto(url + REST);
          // Nothing is pointed at in a page that is new.
          await page.mouse.move(-1, -1);
          play = undefined;
          const found = wrong;
          wrong = [];
          release();
          if (found.length > 0) throw new Error(`in the page: ${found.join('\n')}`);
        },
      };
    },
  };
}

function isRefusal(output: unknown): output is AppError {
  return output instanceof Error && output.name === 'AppError';
}
